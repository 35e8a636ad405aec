import { byCodeUnit, createFolders, isPicture, type Folders } from './folders.js';
import type { MmadDataset } from './mmad-dataset.js';

/** A class of a dataset: `{dataset: 'VisA', object: 'pcb3'}`. */
export interface ObjectClass {
  readonly dataset: string;
  readonly object: string;
}

/** The dataset's classes, in the order of their first image. */
export function objectClasses(dataset: MmadDataset): ObjectClass[] {
  const classes = new Map(dataset.images.map(({ dataset: name, object }) => [`${name}/${object}`, { dataset: name, object }]));
  return [...classes.values()];
}

/** Where a class keeps its normal images: DS-MVTec's are MVTec-AD's (SPEC 2). */
export function normalFolder({ dataset, object }: ObjectClass): string {
  return `${dataset === 'DS-MVTec' ? 'MVTec-AD' : dataset}/${object}/train/good`;
}

/** Normal images of a class, sorted: those in its train/good folder and every template that mmad.json names for it. */
export function normalImages(dataset: MmadDataset, of: ObjectClass, folders: Folders = createFolders(dataset.root)): string[] {
  const listed = folders.files(normalFolder(of)).filter(isPicture);
  const named = dataset.images
    .filter((image) => image.dataset === of.dataset && image.object === of.object)
    .flatMap((image) => [...image.similarTemplates, ...image.randomTemplates]);
  return [...new Set([...listed, ...named])].sort(byCodeUnit);
}
