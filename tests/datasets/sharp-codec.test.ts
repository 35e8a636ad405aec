import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSharpCodec } from '../../adapters/image-codec/sharp.js';
import { StageError } from '../../contracts/failure.js';
import type { Raster } from '../../contracts/ports/image-codec.js';

const codec = createSharpCodec();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'judo-codec-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const WIDTH = 9;
const HEIGHT = 7;
const MARKED = 3 * WIDTH + 4;

/** A mask with one marked pixel, in any form that the benchmarks have. */
async function maskFile(name: string, channels: 1 | 3 | 4, value: readonly number[], sixteen = false): Promise<string> {
  const data = new (sixteen ? Uint16Array : Uint8Array)(WIDTH * HEIGHT * channels);
  if (channels === 4) for (let i = 0; i < WIDTH * HEIGHT; i++) data[i * 4 + 3] = 255;
  value.forEach((of, channel) => (data[MARKED * channels + channel] = of));
  const image = sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } });
  const space = sixteen ? (channels === 1 ? 'grey16' : 'rgb16') : channels === 1 ? 'b-w' : 'srgb';
  const file = join(folder, name);
  await image.toColourspace(space).png().toFile(file);
  return file;
}

describe('masks', () => {
  const forms = [
    { name: '8-bit grey 255', channels: 1, value: [255] },
    { name: '8-bit grey 1', channels: 1, value: [1] },
    { name: '8-bit grey 242', channels: 1, value: [242] },
    { name: 'red on black', channels: 3, value: [255, 0, 0] },
    { name: 'blue only, faint', channels: 3, value: [0, 0, 1] },
    { name: 'with an opaque alpha', channels: 4, value: [0, 3, 0, 255] },
    { name: '16-bit grey 1', channels: 1, value: [1], sixteen: true },
    { name: '16-bit grey 65535', channels: 1, value: [65535], sixteen: true },
    { name: '16-bit rgb 7', channels: 3, value: [0, 7, 0], sixteen: true },
  ] as const;
  test.each(forms)('$name is read as one marked pixel', async (form) => {
    const file = await maskFile(`${form.name}.png`, form.channels, form.value, 'sixteen' in form);
    const mask = await codec.decodeMask(file);
    expect(mask).toMatchObject({ width: WIDTH, height: HEIGHT, channels: 1 });
    expect([...mask.data].flatMap((value, i) => (value === 0 ? [] : [[i, value]]))).toEqual([[MARKED, 255]]);
  });

  test('a palette and a one-bit picture are read by their colours', async () => {
    const grey = await maskFile('grey.png', 1, [255]);
    for (const options of [{ palette: true }, { palette: true, colours: 2 }]) {
      const file = join(folder, `palette-${JSON.stringify(options).length}.png`);
      await sharp(grey).png(options).toFile(file);
      const { data } = await codec.decodeMask(file);
      expect(data.filter((value) => value !== 0)).toHaveLength(1);
    }
  });
});

const gradient = (channels: 1 | 3): Raster => ({
  width: 80,
  height: 60,
  channels,
  data: Uint8Array.from({ length: 80 * 60 * channels }, (_, i) => (i * 7) % 251),
});

describe('pictures', () => {
  test('keep every pixel through PNG, in colour and grey', async () => {
    for (const channels of [1, 3] as const) {
      const file = join(folder, `round-${channels}.png`);
      await writeFile(file, await codec.encodePng(gradient(channels)));
      const { channels: stored = 0 } = await sharp(file).metadata();
      expect(stored).toBe(channels);
      const decoded = await codec.decodeRgb(file);
      expect(decoded.channels).toBe(3);
      expect(decoded.data.length).toBe(80 * 60 * 3);
      const first = channels === 3 ? decoded.data : decoded.data.filter((_, i) => i % 3 === 0);
      expect(Buffer.compare(first, gradient(channels).data)).toBe(0);
    }
  });

  test('are resized without keeping the aspect ratio, and JPEG keeps full colour', async () => {
    const jpeg = await codec.encodeJpeg(gradient(3), { resize: { width: 32, height: 32 } });
    expect(await sharp(jpeg).metadata()).toMatchObject({ width: 32, height: 32, format: 'jpeg', chromaSubsampling: '4:4:4' });
    const webp = await codec.encodeWebp(gradient(3), { resize: { width: 16, height: 20 } });
    expect(await sharp(webp).metadata()).toMatchObject({ width: 16, height: 20, format: 'webp' });
  });

  test('have their size read from the header, and are not turned by EXIF', async () => {
    const file = join(folder, 'turned.jpg');
    await sharp(gradient(3).data, { raw: { width: 80, height: 60, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toFile(file);
    expect(await codec.size(file)).toEqual({ width: 80, height: 60 });
    expect(await codec.decodeRgb(file)).toMatchObject({ width: 80, height: 60 });
  });

  test.each(['png', 'jpg'])('a truncated %s is refused as corrupt, with its name', async (format) => {
    const whole = format === 'png' ? await codec.encodePng(gradient(3)) : await codec.encodeJpeg(gradient(3));
    const file = join(folder, `cut.${format}`);
    await writeFile(file, whole.subarray(0, Math.floor(whole.length * 0.6)));
    for (const read of [codec.decodeRgb, codec.decodeMask]) {
      const error = await read(file).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StageError);
      expect((error as StageError).failure).toMatchObject({ type: 'DatasetCorrupt' });
      expect((error as StageError).message).toContain(file);
    }
  });

  test('a missing file, a text and an empty file are refused as corrupt', async () => {
    const text = join(folder, 'text.png');
    await writeFile(text, 'not a picture');
    const empty = join(folder, 'empty.png');
    await writeFile(empty, '');
    for (const file of [join(folder, 'absent.png'), text, empty]) {
      await expect(codec.decodeRgb(file)).rejects.toThrow(file);
      await expect(codec.size(file)).rejects.toBeInstanceOf(StageError);
    }
  });

  test('a byte flipped in the middle of a PNG is refused', async () => {
    const whole = await readFile(join(folder, 'round-3.png'));
    const at = Math.floor(whole.length / 2);
    whole[at] = whole[at]! ^ 0xff;
    const file = join(folder, 'flipped.png');
    await writeFile(file, whole);
    await expect(codec.decodeRgb(file)).rejects.toThrow(file);
  });
});
