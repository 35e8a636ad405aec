import { StageError } from '../../contracts/failure.js';
import { byCodeUnit, createFolders, isPicture, maskFiles } from './folders.js';
import { KNOWLEDGE_FILE, type MmadDataset } from './mmad-dataset.js';
import { normalFolder, objectClasses } from './normal-images.js';

/** The file that says a dataset was drawn by `judo data demo`. */
export const DEMO_MARKER = 'demo-plant.json';

/**
 * Every file that a run may need, relative to the root and sorted: the JSON files, images, masks, templates and the
 * classes' normal images. Throws DatasetCorrupt where one that is named is absent, before anything is uploaded.
 */
export function datasetFiles(dataset: MmadDataset): string[] {
  const folders = createFolders(dataset.root);
  const files = new Set([dataset.indexFile, KNOWLEDGE_FILE]);
  const absent: string[] = [];
  for (const image of dataset.images) {
    const pictures = new Set([image.key, ...image.similarTemplates, ...image.randomTemplates]);
    for (const path of pictures) {
      if (files.has(path)) continue;
      if (folders.kind(path) === 'file') files.add(path);
      else absent.push(path);
    }
    const masks = maskFiles(folders, image);
    if (masks.length === 0) absent.push(...image.maskPaths);
    for (const mask of masks) files.add(mask);
  }
  if (absent.length > 0) throw absentFiles(dataset, absent);
  for (const of of objectClasses(dataset)) {
    for (const path of folders.files(normalFolder(of)).filter(isPicture)) files.add(path);
  }
  if (folders.kind(DEMO_MARKER) === 'file') files.add(DEMO_MARKER);
  return [...files].sort(byCodeUnit);
}

function absentFiles(dataset: MmadDataset, absent: readonly string[]): StageError {
  return new StageError({
    type: 'DatasetCorrupt',
    message: `dataset ${dataset.root}: ${absent.length} named files are absent, the first is ${absent[0]}`,
    remedy: `Run "judo data check ${dataset.root}" for the whole list`,
  });
}
