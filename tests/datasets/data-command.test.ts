import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { dataCommand } from '../../cli/commands/data.js';

let folder: string;
let plant: string;
let printed: string;

async function judoData(...args: string[]): Promise<{ exitCode: number; stdout: string }> {
  printed = '';
  process.exitCode = 0;
  const command = dataCommand();
  for (const each of [command, ...command.commands]) each.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync(args, { from: 'user' });
  return { exitCode: Number(process.exitCode), stdout: printed };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'judo-data-command-'));
  plant = join(folder, 'plant');
});
beforeEach(() => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('demo draws a plant that check finds whole and show counts', async () => {
  expect(await judoData('demo', plant, '--images', '6', '--seed', '2', '--size', '64')).toEqual({ exitCode: 0, stdout: `${plant}\n` });
  const check = await judoData('check', plant, '-o', 'json');
  expect(check.exitCode).toBe(0);
  expect(JSON.parse(check.stdout)).toMatchObject({ schemaVersion: 1, images: 6, problems: [] });
  const show = await judoData('show', plant);
  expect(show.stdout).toContain('6 images, ');
  expect(show.stdout).toMatch(/DemoPlant +machined_nut/);
});

test('check prints every problem as JSON and as lines, and ends with 2', async () => {
  const pictures = await readdir(join(plant, 'DemoPlant/circuit_board/test'), { recursive: true });
  const picture = pictures.find((name) => name.endsWith('.png'))!;
  await rm(join(plant, 'DemoPlant/circuit_board/test', picture));
  const json = await judoData('check', plant, '-o', 'json');
  expect(json.exitCode).toBe(2);
  const file = `DemoPlant/circuit_board/test/${picture}`;
  const [problem] = (JSON.parse(json.stdout) as { problems: Record<string, string>[] }).problems;
  expect(Object.keys(problem!).sort()).toEqual(['code', 'detail', 'file', 'key', 'remedy']);
  expect(problem).toMatchObject({ code: 'image-missing', file, key: file });
  const lines = await judoData('check', plant, '--no-progress');
  expect(lines).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/^image-missing {2}DemoPlant.*\n$/) });
});

test('a count that is no number is refused', async () => {
  await expect(judoData('demo', plant, '--images', 'many')).rejects.toThrow(/whole number/);
});
