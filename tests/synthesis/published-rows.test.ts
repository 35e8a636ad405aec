import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { synthesizeDomainSet } from '../../activities/synthesis/domain-set.js';
import { generateGoldenReasoning, isReasoning } from '../../activities/synthesis/golden-reasoning.js';
import { readRows } from '../../activities/synthesis/rows-file.js';
import { isComparison, synthesizeSegmentationSet } from '../../activities/synthesis/segmentation-set.js';
import { GrpoRow, SftRow } from '../../contracts/rows.js';
import { DomInjDataParams } from '../../contracts/stages/dom-inj-data.js';
import { GoldenReasoningParams } from '../../contracts/stages/golden-reasoning.js';
import { SegJuxDataParams } from '../../contracts/stages/seg-jux-data.js';
import { rehearse } from './rehearsed.js';

const shared = join(import.meta.dirname, '../../../shared/data');
const published = join(shared, 'judo_training_files');
const pcb = join(shared, 'pcb-mini');

/** Number of words at the lower end, the middle and the upper end. */
function lengths(texts: readonly string[]): { least: number; median: number; most: number } {
  const words = texts.map((text) => text.split(/\s+/).filter(Boolean).length).sort((a, b) => a - b);
  return { least: words[0] ?? 0, median: words[words.length >> 1] ?? 0, most: words.at(-1) ?? 0 };
}

const golden = z.object({ domain_gt: z.string(), solution: z.string(), problem: z.string() });
const comparison = z.object({ gt: z.string().nullable() });
const qa = z.object({ problem: z.string(), solution: z.string() });

describe.skipIf(!existsSync(published))('JUDO’s published rows (skipped where ../shared is absent)', () => {
  test('pass the checks that our teacher’s answers must pass', async () => {
    const reasonings = await readRows(join(published, 'grpo_gt.jsonl'), golden);
    const withoutEnding = reasonings.filter(
      ({ domain_gt, solution }) => !isReasoning(domain_gt, { answer: solution, options: {} }, { minWords: 35, maxWords: 101 }),
    );
    expect(reasonings).toHaveLength(1439);
    // Some of them end in the option's words, which are not read here.
    expect(withoutEnding.length / reasonings.length).toBeLessThan(0.1);
    const comparisons = (await readRows(join(published, 'realiad_samples_gt.jsonl'), comparison)).flatMap(({ gt }) => gt ?? []);
    const refused = comparisons.filter((text) => !isComparison(text));
    expect(refused.length / comparisons.length).toBeLessThan(0.05);
  });

  test.skipIf(!existsSync(pcb))(
    'have the lengths that the rehearsal teacher’s rows have',
    async () => {
      const stage = await rehearse();
      try {
        await synthesizeSegmentationSet(stage.context(pcb, 'seg', SegJuxDataParams.parse({ imagesPerDefect: 2 })));
        await generateGoldenReasoning(
          stage.context(pcb, 'golden', GoldenReasoningParams.parse({}), { inputDirs: { comparisons: join(stage.folder, 'seg') } }),
        );
        await synthesizeDomainSet(stage.context(pcb, 'dom', DomInjDataParams.parse({ pairsPerSnippet: 10 })));
        const rows = async (name: string): Promise<SftRow[]> => readRows(join(stage.folder, name, 'rows.jsonl'), SftRow);
        const reasonings = await readRows(join(stage.folder, 'golden', 'rows.jsonl'), GrpoRow);
        const domain = await rows('dom');
        const pairs = await readRows(join(published, 'domain_qa_goods.jsonl'), qa);
        const ours = {
          golden: lengths(reasonings.map((row) => row.golden)),
          comparison: lengths(
            (await rows('seg'))
              .filter(({ completion }) => !completion.includes('None'))
              .map(({ completion }) => completion.split('<think>')[1] ?? ''),
          ),
          answer: lengths(domain.map(({ completion }) => completion)),
        };
        const theirs = {
          golden: lengths((await readRows(join(published, 'grpo_gt.jsonl'), golden)).map(({ domain_gt }) => domain_gt)),
          comparison: lengths((await readRows(join(published, 'realiad_samples_gt.jsonl'), comparison)).flatMap(({ gt }) => gt ?? [])),
          answer: lengths(pairs.map(({ solution }) => solution)),
        };
        for (const kind of ['golden', 'comparison', 'answer'] as const) {
          expect(ours[kind].least, kind).toBeGreaterThanOrEqual(theirs[kind].least);
          expect(ours[kind].most, kind).toBeLessThanOrEqual(theirs[kind].most);
          expect(Math.abs(ours[kind].median - theirs[kind].median), kind).toBeLessThanOrEqual(12);
        }
      } finally {
        await stage.stop();
      }
    },
    60_000,
  );
});
