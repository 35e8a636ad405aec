import sharp, { type Sharp } from 'sharp';
import { StageError } from '../../contracts/failure.js';
import type { ImageCodec, Raster } from '../../contracts/ports/image-codec.js';

const JPEG_QUALITY = 92;
const WEBP_QUALITY = 80;

/** Pictures by sharp (libvips). Output bytes depend on libvips' version: key by inputs, never by what is encoded here. */
export function createSharpCodec(): ImageCodec {
  return {
    size: async (file) => {
      const { width, height } = await reading(file, () => sharp(file).metadata());
      return { width, height };
    },
    decodeRgb: (file) => reading(file, () => decodeRgb(file)),
    decodeMask: (file) => reading(file, () => decodeMask(file)),
    encodeJpeg: (raster, { quality = JPEG_QUALITY, resize } = {}) =>
      // 4:4:4: subsampled chroma would smear a red outline of two pixels.
      pipeline(raster, resize).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer(),
    encodePng: (raster) => pipeline(raster).png({ compressionLevel: 6 }).toBuffer(),
    encodeWebp: (raster, { quality = WEBP_QUALITY, resize } = {}) => pipeline(raster, resize).webp({ quality }).toBuffer(),
  };
}

/** Stored pixels as they are: no turning by EXIF, because masks are drawn on the stored pixels. */
async function decodeRgb(file: string): Promise<Raster> {
  const image = open(file).removeAlpha().toColourspace('srgb').raw({ depth: 'uchar' });
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`expected 3 channels, decoded ${info.channels}`);
  return { width: info.width, height: info.height, channels: 3, data };
}

async function decodeMask(file: string): Promise<Raster> {
  const { depth, channels = 1, hasAlpha = false } = await sharp(file).metadata();
  const isGrey = channels - (hasAlpha ? 1 : 0) === 1;
  const opaque = open(file).removeAlpha();
  // Without these colour spaces sharp shifts 16-bit values down to 8 bits and spreads one channel over three.
  const image =
    depth === 'ushort'
      ? opaque.toColourspace(isGrey ? 'grey16' : 'rgb16').raw({ depth: 'ushort' })
      : opaque.toColourspace(isGrey ? 'b-w' : 'srgb').raw({ depth: 'uchar' });
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  const pixels = info.width * info.height;
  const bytesAPixel = info.channels * (depth === 'ushort' ? 2 : 1);
  if (data.length !== pixels * bytesAPixel) throw new Error(`expected ${pixels * bytesAPixel} bytes, decoded ${data.length}`);
  return { width: info.width, height: info.height, channels: 1, data: anyNonZero(data, pixels, bytesAPixel) };
}

function anyNonZero(data: Uint8Array, pixels: number, bytesAPixel: number): Uint8Array {
  const mask = new Uint8Array(pixels);
  for (let pixel = 0, at = 0; pixel < pixels; pixel++) {
    let any = 0;
    for (let byte = 0; byte < bytesAPixel; byte++) any |= data[at++]!;
    if (any !== 0) mask[pixel] = 255;
  }
  return mask;
}

/** `error` also refuses what is cut short; sharp's default refuses harmless warnings, such as odd metadata, too. */
function open(file: string): Sharp {
  return sharp(file, { failOn: 'error' });
}

function pipeline(raster: Raster, resize?: { width: number; height: number }): Sharp {
  const { width, height, channels, data } = raster;
  const image = sharp(data, { raw: { width, height, channels } });
  const sized = resize ? image.resize(resize.width, resize.height, { fit: 'fill' }) : image;
  return channels === 1 ? sized.toColourspace('b-w') : sized;
}

async function reading<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).replaceAll('\n', ' ').trim();
    throw new StageError(
      {
        type: 'DatasetCorrupt',
        message: `picture ${file} cannot be read: ${reason}`,
        remedy: 'Copy the file again from its source, or remove its entry from mmad.json',
      },
      { cause },
    );
  }
}
