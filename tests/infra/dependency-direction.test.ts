import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkoutRoot } from '../../infra/checkout.js';

/** Rule, importing room, imported room, and whether only a type crosses. Each import breaks the project's own rules. */
const WRONG_IMPORTS = [
  ['contracts-stand-alone', 'contracts', 'workflows', 'value'],
  ['contracts-know-no-room', 'contracts', 'activities', 'type'],
  ['workflows-are-deterministic', 'workflows', 'activities', 'value'],
  ['workflows-know-no-adapter', 'workflows', 'adapters', 'type'],
  ['activities-take-ports', 'activities', 'adapters', 'value'],
  ['activities-take-ports', 'activities', 'infra', 'value'],
  ['adapters-implement-ports', 'adapters', 'activities', 'value'],
  ['workers-know-no-command', 'workers', 'cli', 'value'],
  ['infra-is-below-the-pipeline', 'infra', 'workflows', 'value'],
  ['nothing-imports-tests', 'cli', 'tests', 'value'],
] as const;

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

/** What the project's rules say of a small tree of files. */
function cruise(files: Record<string, string>): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'judo-cruise-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    const rooms = [...new Set(Object.keys(files).map((name) => name.split('/')[0] ?? name))];
    const bin = join(checkoutRoot(), 'node_modules', '.bin', 'depcruise');
    const config = join(checkoutRoot(), '.dependency-cruiser.cjs');
    const { stdout } = spawnSync(bin, ['--config', config, '--output-type', 'json', ...rooms], { cwd: directory, encoding: 'utf8' });
    const { summary } = JSON.parse(stdout) as { summary: { violations: Violation[] } };
    return summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} -> ${to}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const target = 'export const value = 1;\nexport type Value = number;\n';
const importing = (to: string, what: string) =>
  what === 'type'
    ? `import type { Value } from '../${to}/target.js';\nexport const used: Value = 1;\n`
    : `import { value } from '../${to}/target.js';\nexport const used = value;\n`;

describe('dependency direction', () => {
  let found: string[];
  beforeAll(() => {
    const wrong = WRONG_IMPORTS.map(([, from, to, what]) => [`${from}/${what}-of-${to}.ts`, importing(to, what)]);
    const targets = WRONG_IMPORTS.map(([, , to]) => [`${to}/target.ts`, target]);
    found = cruise({
      ...Object.fromEntries([...wrong, ...targets]),
      'workflows/node.ts': "import { readFileSync } from 'node:fs';\nexport const used = readFileSync;\n",
      'activities/a.ts': "import { b } from './b.js';\nexport const a = () => b;\n",
      'activities/b.ts': "import { a } from './a.js';\nexport const b = () => a;\n",
    });
  });

  test.each(WRONG_IMPORTS)('%s refuses an import from %s to %s (%s)', (rule, from, to, what) => {
    expect(found).toContain(`${rule}: ${from}/${what}-of-${to}.ts -> ${to}/target.ts`);
  });

  test('refuses a workflow that uses a Node module', () => {
    expect(found).toContain('workflows-use-no-node-module: workflows/node.ts -> fs');
  });

  test('refuses a circle', () => {
    expect(found).toContain('no-circle: activities/a.ts -> activities/b.ts');
  });

  test('lets a workflow know its activities as types, and an activity its contracts', () => {
    const files = {
      'workflows/source.ts': importing('activities', 'type'),
      'activities/target.ts': `import { value as base } from '../contracts/target.js';\nexport const more = base;\n${target}`,
      'contracts/target.ts': target,
    };
    expect(cruise(files)).toEqual([]);
  });
});
