import sharp from 'sharp';

/** What the outlined place of the first picture looks like beside the second picture. */
export interface PictureFacts {
  /** As in `the upper left of the picture`: `upper part`, `centre`, …; null where no red outline is found. */
  readonly place: string | null;
  /** Share of the picture that the outline's box covers. */
  readonly share: number;
  /** Mean brightness inside the outline minus that of the same place in the second picture, in grey levels. */
  readonly brightnessDifference: number;
}

interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

const NOTHING: PictureFacts = { place: null, share: 0, brightnessDifference: 0 };

/** Looks for a red outline in the first of `images`. Throws when a picture cannot be decoded. */
export async function pictureFacts(images: readonly Buffer[]): Promise<PictureFacts> {
  const [query, normal] = await Promise.all(images.slice(0, 2).map(decode));
  if (!query) return NOTHING;
  const box = redBox(query);
  if (!box) return NOTHING;
  const row = ['upper', 'middle', 'lower'][third((box.top + box.bottom) / 2)] as string;
  const column = ['left', 'centre', 'right'][third((box.left + box.right) / 2)] as string;
  const inside = brightness(query, box);
  return {
    place: placeOf(row, column),
    share: (box.right - box.left) * (box.bottom - box.top),
    brightnessDifference: normal ? inside - brightness(normal, box) : 0,
  };
}

function placeOf(row: string, column: string): string {
  if (row !== 'middle' && column !== 'centre') return `${row} ${column}`;
  if (row === 'middle' && column === 'centre') return 'centre';
  return `${row === 'middle' ? column : row} part`;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

async function decode(image: Buffer): Promise<Pixels> {
  const { data, info } = await sharp(image).removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`expected 3 channels, got ${info.channels}`);
  return { width: info.width, height: info.height, data };
}

/** The box of all outline-red pixels, in shares of the picture. */
function redBox({ width, height, data }: Pixels): Box | null {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      if (!isOutline(data, at)) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? null : { left: left / width, top: top / height, right: (right + 1) / width, bottom: (bottom + 1) / height };
}

function isOutline(data: Buffer, at: number): boolean {
  return (data[at] ?? 0) > 180 && (data[at + 1] ?? 0) < 80 && (data[at + 2] ?? 0) < 80;
}

function brightness({ width, height, data }: Pixels, box: Box): number {
  let sum = 0;
  let count = 0;
  for (let y = Math.floor(box.top * height); y < box.bottom * height; y++) {
    for (let x = Math.floor(box.left * width); x < box.right * width; x++) {
      const at = (y * width + x) * 3;
      if (isOutline(data, at)) continue;
      sum += 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
      count++;
    }
  }
  return count === 0 ? 0 : sum / count;
}

function third(share: number): number {
  return Math.min(2, Math.floor(share * 3));
}
