import { expect, test } from 'vitest';
import { jsonSchemas } from '../../contracts/json-schemas.js';

// `npx vitest run tests/contracts -u` writes the files after a deliberate change.
for (const [name, schema] of Object.entries(jsonSchemas())) {
  test(`contracts/schema/${name}.schema.json says what the zod schema says`, async () => {
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(`../../contracts/schema/${name}.schema.json`);
  });
}
