import { posix } from 'node:path';

/** What an MMAD key and its mask path say. */
export interface MmadPath {
  readonly dataset: string;
  /** The dataset's name in domain_knowledge.json. */
  readonly knowledgeDataset: string;
  readonly object: string;
  readonly defect: string;
  /** Mask file or folder relative to the benchmark's root; null for an image without one. */
  readonly mask: string | null;
  readonly isNormal: boolean;
}

/** `strict`: the defect is the image's parent folder. `mmad_code`: the published scripts' fixed positions and substring. */
export type PathProfile = 'strict' | 'mmad_code';

/** Reads an MMAD key (`<dataset>/<class>/<split>/<defect>/<file>`, any depth). Throws where a part is missing. */
export function readMmadPath(key: string, maskPath: string | null, profile: PathProfile = 'strict'): MmadPath {
  const parts = key.split('/');
  const [dataset, object] = parts;
  if (parts.length < 4 || !dataset || !object) {
    throw new RangeError(`not an MMAD key: "${key}": expected <dataset>/<class>/<split>/<defect>/<file>`);
  }
  const defectFolder = parts.at(-2)!;
  return {
    dataset,
    knowledgeDataset: dataset.replace('DS-MVTec', 'MVTec'),
    object,
    defect: profile === 'strict' ? defectFolder : (dataset === 'DS-MVTec' ? parts[3] : parts[2])!,
    mask: !maskPath ? null : posix.join(dataset, object, maskPath),
    isNormal: profile === 'strict' ? defectFolder === 'good' : key.includes('good'),
  };
}
