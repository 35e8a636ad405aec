import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkDataset, type DatasetProblem } from '../../activities/datasets/mmad.js';
import { createSharpCodec } from '../../adapters/image-codec/sharp.js';
import { createBenchmark, type Benchmark } from './benchmark-fixture.js';

const codec = createSharpCodec();
const BOTTLE = 'DS-MVTec/bottle/image/broken_large/000.png';
const BOTTLE_MASK = 'DS-MVTec/bottle/rbg_mask/broken_large/000_rbg_mask.png';
const BOARD = 'VisA/pcb2/test/bad/090.JPG';
const PUSHPINS = 'MVTec-LOCO/pushpins/test/logical_anomalies/007.png';
let benchmark: Benchmark;
beforeEach(async () => {
  benchmark = await createBenchmark();
});
afterEach(() => benchmark.remove());

async function problems(): Promise<DatasetProblem[]> {
  await benchmark.save();
  return [...(await checkDataset(benchmark.root, codec)).problems];
}

const cut = async (path: string): Promise<void> => {
  const file = join(benchmark.root, path);
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(0, bytes.length - 40));
};
const absent = (path: string): Promise<void> => rm(join(benchmark.root, path));

test('a whole benchmark has no problem', async () => {
  expect(await checkDataset(benchmark.root, codec)).toEqual({ images: 4, questions: 4, problems: [] });
});

const faults: { what: string; breaking: () => Promise<void> | void; found: Partial<DatasetProblem> }[] = [
  { what: 'a missing image', breaking: () => absent(BOARD), found: { code: 'image-missing', file: BOARD, key: BOARD } },
  { what: 'a truncated image', breaking: () => cut(BOTTLE), found: { code: 'image-unreadable', file: BOTTLE, key: BOTTLE } },
  {
    what: 'a mask that is named but absent',
    breaking: () => absent(BOTTLE_MASK),
    found: { code: 'mask-missing', file: BOTTLE_MASK, key: BOTTLE },
  },
  { what: 'a truncated mask', breaking: () => cut(BOTTLE_MASK), found: { code: 'mask-unreadable', file: BOTTLE_MASK, key: BOTTLE } },
  {
    what: 'a mask of another size',
    breaking: () => benchmark.picture(BOTTLE_MASK, [16, 16], [3]),
    found: { code: 'mask-size', file: BOTTLE_MASK, key: BOTTLE, detail: 'the mask is 16x16, its image 32x24' },
  },
  {
    what: 'the second of several masks of another size',
    breaking: () => benchmark.picture('MVTec-LOCO/pushpins/ground_truth/logical_anomalies/007/001.png', [8, 8], [3]),
    found: { code: 'mask-size', key: PUSHPINS },
  },
  {
    what: 'a mask that marks nothing',
    breaking: () => benchmark.picture(BOTTLE_MASK, undefined, []),
    found: { code: 'mask-empty', key: BOTTLE },
  },
  {
    what: 'an answer that is no option',
    breaking: () => void (benchmark.entries[BOTTLE]!.conversation[0]!.Answer = 'E'),
    found: { code: 'answer-not-an-option', file: 'mmad.json', key: BOTTLE, detail: 'question 1 has the answer "E" and the options A, B' },
  },
  {
    what: 'an unknown question type',
    breaking: () => void (benchmark.entries[BOTTLE]!.conversation[0]!.type = 'Defect Smell'),
    found: { code: 'question-type-unknown', file: 'mmad.json', key: BOTTLE },
  },
  {
    what: 'a missing template',
    breaking: () => absent('MVTec-AD/bottle/train/good/001.png'),
    found: { code: 'template-missing', file: 'MVTec-AD/bottle/train/good/001.png', detail: 'there is no such file; 2 images name it' },
  },
  {
    what: 'a truncated template',
    breaking: () => cut('MVTec-AD/bottle/train/good/001.png'),
    found: { code: 'template-unreadable', key: BOTTLE },
  },
  {
    what: 'a snippet that is missing',
    breaking: () => void delete benchmark.knowledge.VisA!.pcb2!.bad,
    found: { code: 'snippet-missing', file: 'domain_knowledge.json', key: BOARD },
  },
  {
    what: 'a mask path that leaves the root',
    breaking: () => void (benchmark.entries[BOTTLE]!.mask_path = '../../../etc/mask.png'),
    found: { code: 'path-leaves-root', file: 'mmad.json', key: BOTTLE },
  },
  {
    what: 'an absolute mask path',
    breaking: () => void (benchmark.entries[BOTTLE]!.mask_path = '/etc/mask.png'),
    found: { code: 'path-leaves-root', key: BOTTLE },
  },
  {
    what: 'a template that leaves the root',
    breaking: () => void benchmark.entries[BOTTLE]!.random_templates.push('../elsewhere.png'),
    found: { code: 'path-leaves-root', key: BOTTLE },
  },
  {
    what: 'an image key that leaves the root',
    breaking: () => void (benchmark.entries['../../a/b/c/d.png'] = benchmark.entries[BOTTLE]!),
    found: { code: 'path-leaves-root', key: '../../a/b/c/d.png' },
  },
  {
    what: 'an entry of another form',
    breaking: () => void Reflect.deleteProperty(benchmark.entries[BOTTLE]!, 'conversation'),
    found: { code: 'entry-invalid', file: 'mmad.json', key: BOTTLE },
  },
];

test.each(faults)('$what is found, and nothing else', async ({ breaking, found }) => {
  await breaking();
  const [problem, ...others] = await problems();
  expect(problem).toMatchObject(found);
  expect(problem!.remedy).not.toBe('');
  expect(others).toEqual([]);
});

test('all problems are told, not only the first', async () => {
  await absent(BOARD);
  await absent(BOTTLE_MASK);
  await cut(PUSHPINS);
  benchmark.entries['DS-MVTec/bottle/image/good/000.png']!.conversation[0]!.Answer = 'X';
  benchmark.entries['DS-MVTec/bottle/image/good/000.png']!.conversation[0]!.type = '?';
  Object.assign(benchmark.entries[BOARD]!, { conversation: [{ Question: 3 }] });
  const codes = (await problems()).map(({ code }) => code).sort();
  expect([...new Set(codes)]).toEqual([
    'answer-not-an-option',
    'entry-invalid',
    'image-missing',
    'image-unreadable',
    'mask-missing',
    'question-type-unknown',
  ]);
});

test.each([
  ['{"a": 1,\n "b" 2}', 'line 2, column 6: expected :, got "2}"'],
  ['{"a": [1,\n2,\n', 'line 3, column 1: expected a value, got the end of the file'],
  ['{"a": "x\ny"}', 'line 1, column 7: expected a value, got "\\"x"'],
  ['', 'line 1, column 1: expected a value, got the end of the file'],
  ['{} {}', 'line 1, column 4: expected the end, got "{}"'],
  ['{"a": 1,}', 'line 1, column 9: expected a key, got "}"'],
  ['{"a": 01}', 'line 1, column 8: expected , or }, got "1}"'],
])('broken JSON %j is told with its line', async (text, detail) => {
  await writeFile(join(benchmark.root, 'mmad.json'), text);
  const found = await checkDataset(benchmark.root, codec);
  expect(found).toMatchObject({ images: 0, problems: [{ code: 'json-broken', file: 'mmad.json', detail }] });
});

test('a key that occurs twice is told', async () => {
  const text = JSON.stringify(benchmark.entries);
  await writeFile(
    join(benchmark.root, 'mmad.json'),
    `${text.slice(0, -1)},${JSON.stringify(BOARD)}:${JSON.stringify(benchmark.entries[BOARD])}}`,
  );
  expect((await checkDataset(benchmark.root, codec)).problems).toMatchObject([{ code: 'key-duplicate', key: BOARD }]);
});

test('missing JSON files and an index without images are told', async () => {
  await rm(join(benchmark.root, 'domain_knowledge.json'));
  await writeFile(join(benchmark.root, 'mmad.json'), '{}');
  const found = (await checkDataset(benchmark.root, codec)).problems;
  expect(found.map(({ code, file }) => [code, file])).toEqual([
    ['dataset-empty', 'mmad.json'],
    ['file-missing', 'domain_knowledge.json'],
  ]);
});

test('broken domain knowledge is told once, not as a missing snippet of each class', async () => {
  await writeFile(join(benchmark.root, 'domain_knowledge.json'), '{"VisA": {"pcb2": {"bad": 3}}}');
  expect((await checkDataset(benchmark.root, codec)).problems).toMatchObject([{ code: 'entry-invalid', file: 'domain_knowledge.json' }]);
});

test('progress counts every picture that was read', async () => {
  const seen: number[] = [];
  await checkDataset(benchmark.root, codec, { concurrency: 2, onProgress: (done, total) => seen.push(done / total) });
  expect(seen).toHaveLength(4 + 3);
  expect(seen.at(-1)).toBe(1);
});
