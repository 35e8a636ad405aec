import { join } from 'node:path';
import { StageError } from '../../contracts/failure.js';
import type { ImageCodec, Raster } from '../../contracts/ports/image-codec.js';
import type { Cell } from '../../contracts/rows.js';
import { createFolders, maskFiles, type Folders } from './folders.js';
import { maskToCells, type GridRule } from './grid.js';
import type { MmadDataset } from './mmad-dataset.js';
import type { DatasetImage } from './mmad-index.js';

/** The pixels at which two or more masks of one size mark a defect. */
export function unionMasks(masks: readonly Raster[]): Raster {
  const [first, ...others] = masks;
  if (!first) throw new RangeError('unionMasks: no mask given');
  const data = Uint8Array.from(first.data);
  for (const mask of others) {
    if (mask.width !== first.width || mask.height !== first.height) {
      throw new RangeError(`unionMasks: ${mask.width}x${mask.height} beside ${first.width}x${first.height}`);
    }
    for (let i = 0; i < data.length; i++) data[i]! |= mask.data[i]!;
  }
  return { ...first, data };
}

/** The defect's mask, all of its files united; null for an image without one. A mask that is named but absent throws. */
export async function trueMask(
  dataset: MmadDataset,
  image: DatasetImage,
  codec: ImageCodec,
  folders: Folders = createFolders(dataset.root),
): Promise<Raster | null> {
  if (image.maskPaths.length === 0) return null;
  const files = maskFiles(folders, image);
  if (files.length === 0) {
    throw corrupt(`mask ${image.maskPaths.join(', ')} of ${image.key} is named in ${dataset.indexFile} but absent`, dataset);
  }
  const masks = await Promise.all(files.map((file) => codec.decodeMask(join(dataset.root, file))));
  const other = masks.findIndex((mask) => mask.width !== masks[0]?.width || mask.height !== masks[0]?.height);
  if (other > 0) throw corrupt(`mask ${files[other]} of ${image.key} has another size than ${files[0]}`, dataset);
  return unionMasks(masks);
}

/** The grid cells that are truly anomalous; none for a normal image. */
export async function trueCells(dataset: MmadDataset, image: DatasetImage, codec: ImageCodec, rule: GridRule): Promise<Cell[]> {
  const mask = image.isNormal ? null : await trueMask(dataset, image, codec);
  return mask === null ? [] : maskToCells(mask, rule);
}

function corrupt(message: string, dataset: MmadDataset): StageError {
  return new StageError({ type: 'DatasetCorrupt', message, remedy: `Run "judo data check ${dataset.root}" for the whole list` });
}
