import { StageError } from '../../contracts/failure.js';
import { createFolders } from '../datasets/folders.js';
import type { MmadDataset } from '../datasets/mmad-dataset.js';
import { normalImages, type ObjectClass } from '../datasets/normal-images.js';
import { seededRandom } from '../datasets/seeded-random.js';

export interface NormalPartners {
  /** A random normal image of the class that is not `not`. The draw depends on the seed and `parts` only. Throws where there is none. */
  pick(of: ObjectClass, not: string | null, ...parts: readonly (string | number)[]): string;
  /** Whether the class has any normal image. */
  has(of: ObjectClass): boolean;
}

/** Normal images of a dataset's classes, each class listed once. */
export function normalPartners(dataset: MmadDataset, seed: number): NormalPartners {
  const folders = createFolders(dataset.root);
  const listed = new Map<string, string[]>();
  const list = (of: ObjectClass): string[] => {
    const name = `${of.dataset}/${of.object}`;
    const known = listed.get(name) ?? normalImages(dataset, of, folders);
    listed.set(name, known);
    return known;
  };
  return {
    has: (of) => list(of).length > 0,
    pick(of, not, ...parts) {
      const candidates = list(of).filter((path) => path !== not);
      if (candidates.length > 0) return seededRandom(seed, 'normal-partner', ...parts).pick(candidates);
      throw new StageError({
        type: 'DatasetCorrupt',
        message: `the class ${of.dataset}/${of.object} has no normal image ${not === null ? '' : `beside ${not}`}`.trim(),
        remedy: `add train/good images or templates of the class, then run "judo data check ${dataset.root}"`,
      });
    },
  };
}
