import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkoutRoot } from '../../infra/checkout.js';

const { satisfies } = createRequire(import.meta.url)('semver') as { satisfies(version: string, range: string): boolean };

/** Our `engines.node`, and the lines that we run on too. */
const VERSIONS = ['20.19.0', '20.20.0', '22.13.0', '24.0.0'];

interface Package {
  readonly name?: string;
  readonly version?: string;
  readonly engines?: { readonly node?: string };
}

/** Every installed package, those nested in others too. */
function installed(folder: string): Package[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  const scoped = names
    .filter((name) => name.startsWith('@'))
    .flatMap((scope) => readdirSync(join(folder, scope)).map((name) => join(scope, name)));
  return [...names.filter((name) => !name.startsWith('@')), ...scoped].flatMap((name) => {
    const file = join(folder, name, 'package.json');
    const own = existsSync(file) ? [JSON.parse(readFileSync(file, 'utf8')) as Package] : [];
    return [...own, ...installed(join(folder, name, 'node_modules'))];
  });
}

const refusing = (packages: readonly Package[], node: string): string[] =>
  packages.flatMap(({ name, version, engines }) =>
    engines?.node && !satisfies(node, engines.node) ? [`${name}@${version}: ${engines.node}`] : [],
  );

test.each(VERSIONS)('every installed package accepts Node %s', (node) => {
  const packages = installed(join(checkoutRoot(), 'node_modules'));
  expect(packages.length).toBeGreaterThan(200);
  expect(refusing(packages, node)).toEqual([]);
});

test('a package that asks for a newer Node is named', () => {
  const newer = { name: 'newer', version: '7.0.0', engines: { node: '^22.12 || >=24' } };
  expect(refusing([newer, { name: 'any' }], '20.19.0')).toEqual(['newer@7.0.0: ^22.12 || >=24']);
});
