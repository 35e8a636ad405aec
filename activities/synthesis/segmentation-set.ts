import type { SegJuxDataParams } from '../../contracts/stages/seg-jux-data.js';
import { SftRow } from '../../contracts/rows.js';
import { cellsToText, maskToCells, NORMAL_COMPARISON, segTarget } from '../datasets/grid.js';
import { readMmad } from '../datasets/mmad-dataset.js';
import type { DatasetImage } from '../datasets/mmad-index.js';
import { selectTrainingImages } from '../datasets/select-training-images.js';
import { trueMask } from '../datasets/true-cells.js';
import { type Asking, countWords, createAsking } from './asking.js';
import { normalPartners } from './normal-partner.js';
import { Comparison, writeRows } from './rows-file.js';
import { segJuxPrompt } from './student-prompts.js';
import type { SynthesisContext, SynthesisResult } from './synthesis-context.js';
import { createPictureMaker } from './teacher-picture.js';
import { comparisonPrompt } from './teacher-prompts.js';

type Outcome = { readonly row: SftRow; readonly comparison: Comparison } | 'lost' | 'without-mask';

/**
 * Stage 1's rows (JUDO 3.1): query and a random normal image, the cells of the mask, and the teacher's comparison. A normal
 * query gets `None` and a fixed sentence, without asking. A defective image without a mask has no cells to teach, and is
 * left out. Writes `rows.jsonl` and `comparisons.jsonl`; safe to repeat, every answer is filed before it counts.
 */
export async function synthesizeSegmentationSet(context: SynthesisContext<SegJuxDataParams>): Promise<SynthesisResult> {
  const { params, dataRoot, outputDir } = context;
  const dataset = await readMmad(dataRoot);
  const images = selectTrainingImages(dataset, params);
  const asking = createAsking(context);
  const rowOf = rowMaker(context, asking, dataset);
  const outcomes = await asking.each('comparisons', 'images', images, rowOf);
  const written = outcomes.filter((outcome) => typeof outcome === 'object');
  const lost = outcomes.filter((outcome) => outcome === 'lost').length;
  asking.judgeLosses('comparisons', lost, images.length);
  await writeRows(
    outputDir,
    'rows.jsonl',
    SftRow,
    written.map(({ row }) => row),
  );
  await writeRows(
    outputDir,
    'comparisons.jsonl',
    Comparison,
    written.map(({ comparison }) => comparison),
  );
  return asking.result({
    rows: written.length,
    images: images.length,
    normal: images.filter(({ isNormal }) => isNormal).length,
    withoutMask: outcomes.filter((outcome) => outcome === 'without-mask').length,
    lost,
  });
}

function rowMaker(
  { params, dataRoot, codec }: SynthesisContext<SegJuxDataParams>,
  asking: Asking,
  dataset: Awaited<ReturnType<typeof readMmad>>,
): (image: DatasetImage) => Promise<Outcome> {
  const partners = normalPartners(dataset, params.seed);
  const pictures = createPictureMaker(dataRoot, codec);
  return async (image) => {
    const normal = partners.pick(image, image.key, 'seg-jux', image.key);
    const rowWith = (cells: string, comparison: string): Outcome => ({
      row: {
        id: image.key,
        imageKey: image.key,
        images: [image.key, normal],
        prompt: segJuxPrompt(),
        completion: segTarget(cells, comparison),
      },
      comparison: { imageKey: image.key, comparison },
    });
    if (image.isNormal) return rowWith(cellsToText([]), NORMAL_COMPARISON);
    const mask = await trueMask(dataset, image, codec);
    if (mask === null) return 'without-mask';
    const snippet = dataset.knowledge.lookup(image.dataset, image.object, image.defect);
    const answer = await asking.ask(
      comparisonPrompt,
      { object: image.object, defect: image.defect, snippet },
      {
        pictures: [await pictures.outlined(image.key, mask), await pictures.plain(normal)],
        accept: ({ comparison }) => isComparison(comparison),
      },
    );
    return answer === null ? 'lost' : rowWith(cellsToText(maskToCells(mask, params)), answer.comparison.trim());
  };
}

/** Published comparisons hold 23 to 107 words; one that speaks of the drawn outline would teach the student to look for it. */
export function isComparison(text: string): boolean {
  const words = countWords(text);
  return (
    words >= 10 &&
    words <= 120 &&
    !/\bred (out)?line|\boutlined\b|bounding box|\bred (box|contour|border)|<\/?(seg|think|answer)>/i.test(text)
  );
}
