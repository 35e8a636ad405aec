import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StageError } from '../../contracts/failure.js';
import type { ImageCodec, Raster } from '../../contracts/ports/image-codec.js';
import type { TeacherRequest } from '../../contracts/teacher.js';
import { canonicalJson } from '../../workflows/core/canonical-json.js';
import { drawOutline } from '../datasets/outline.js';

/** JUDO's size of every image, without keeping the aspect ratio (SPEC 4). */
const SIDE = 512;

/** A picture for the teacher: named by what it is made of, and made only when a call is paid. */
export interface TeacherPicture {
  readonly digest: TeacherRequest['images'][number]['digest'];
  readonly mediaType: 'image/jpeg';
  load(): Promise<Buffer>;
}

export interface PictureMaker {
  plain(path: string): Promise<TeacherPicture>;
  /** With the mask's outline in red. */
  outlined(path: string, mask: Raster): Promise<TeacherPicture>;
}

/**
 * Pictures of one dataset. Encoded bytes depend on the libvips version, so that a picture's digest is of its inputs: source
 * file, mask, size, and the revision of how it is drawn.
 */
export function createPictureMaker(dataRoot: string, codec: ImageCodec): PictureMaker {
  const sources = new Map<string, Promise<string>>();
  const sourceDigest = (path: string): Promise<string> => {
    const known = sources.get(path) ?? digestFile(dataRoot, path);
    sources.set(path, known);
    return known;
  };
  const encode = (raster: Raster): Promise<Buffer> => codec.encodeJpeg(raster, { resize: { width: SIDE, height: SIDE } });
  return {
    async plain(path) {
      const digest = sha256(canonicalJson({ drawn: 'plain@1', source: await sourceDigest(path), side: SIDE }));
      return { digest, mediaType: 'image/jpeg', load: async () => encode(await codec.decodeRgb(join(dataRoot, path))) };
    },
    async outlined(path, mask) {
      const drawn = { drawn: 'outlined@1', source: await sourceDigest(path), mask: sha256(mask.data), side: SIDE };
      return {
        digest: sha256(canonicalJson(drawn)),
        mediaType: 'image/jpeg',
        load: async () => encode(drawMask(path, await codec.decodeRgb(join(dataRoot, path)), mask)),
      };
    },
  };
}

function drawMask(path: string, picture: Raster, mask: Raster): Raster {
  if (picture.width === mask.width && picture.height === mask.height) return drawOutline(picture, mask);
  throw new StageError({
    type: 'DatasetCorrupt',
    message: `the mask of ${path} is ${mask.width}x${mask.height}, the picture ${picture.width}x${picture.height}`,
    remedy: 'replace the mask by one of the picture\'s size; "judo data check" lists all such masks',
  });
}

async function digestFile(dataRoot: string, path: string): Promise<string> {
  try {
    return sha256(await readFile(join(dataRoot, path)));
  } catch (cause) {
    throw new StageError(
      {
        type: 'DatasetCorrupt',
        message: `the image ${path} of ${dataRoot} cannot be read: ${String(cause)}`,
        remedy: `run "judo data check ${dataRoot}"`,
      },
      { cause },
    );
  }
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
