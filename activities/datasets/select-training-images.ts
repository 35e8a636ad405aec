import { byCodeUnit } from './folders.js';
import type { MmadDataset } from './mmad-dataset.js';
import type { DatasetImage } from './mmad-index.js';
import { seededRandom } from './seeded-random.js';

/** How many benchmark images a run trains on (`selectionParams` of the stages). */
export interface TrainingSelection {
  readonly imagesPerDefect: number;
  readonly normalsPerClass: number;
  readonly seed: number;
}

/**
 * The benchmark images that training may see, in the dataset's order: of each (class, defect) the first
 * `imagesPerDefect` of a seeded order, and `normalsPerClass` normal ones (JUDO: one each, SPEC 4). Each image's place
 * in that order depends on the seed and its own key only, so more images a defect are always a superset.
 */
export function selectTrainingImages(dataset: MmadDataset, selection: TrainingSelection): DatasetImage[] {
  const groups = new Map<string, DatasetImage[]>();
  for (const image of dataset.images) {
    const group = JSON.stringify([image.dataset, image.object, image.defect]);
    groups.set(group, [...(groups.get(group) ?? []), image]);
  }
  const chosen = new Set<string>();
  for (const images of groups.values()) {
    const count = images[0]?.isNormal ? selection.normalsPerClass : selection.imagesPerDefect;
    for (const image of inSeededOrder(images, selection.seed).slice(0, count)) chosen.add(image.key);
  }
  return dataset.images.filter((image) => chosen.has(image.key));
}

function inSeededOrder(images: readonly DatasetImage[], seed: number): DatasetImage[] {
  const places = images.map((image) => ({ image, place: seededRandom(seed, 'training-image', image.key).next() }));
  return places.sort((a, b) => a.place - b.place || byCodeUnit(a.image.key, b.image.key)).map(({ image }) => image);
}
