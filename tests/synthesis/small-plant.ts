import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const SIDE = 160;
const QUESTIONS = {
  detection: (defect: boolean) => ({
    Question: 'Is there any defect in the object?',
    Answer: defect ? 'B' : 'A',
    Options: { A: 'No.', B: 'Yes.' },
    type: 'Anomaly Detection',
  }),
  kind: (answer: string) => ({
    Question: 'There is a defect in the object. What is the type of the defect?',
    Answer: answer,
    Options: { A: 'Scratch.', B: 'Stain.', C: 'Dent.', D: 'Crack.' },
    type: 'Defect Classification',
  }),
};

const SNIPPETS = {
  good: ' <Normal plate>\n Description: The plate is a flat grey square with an even, matt surface. Its colour is uniform from edge to edge. It carries no marks, and its corners are square.',
  scratch:
    ' <Scratch>\n Description: A scratch is a thin, straight mark that is darker than the plate around it. Scratches come from sharp tools during handling. They may lead to corrosion, because the coating is cut. Unlike a stain, a scratch can be felt.',
  stain:
    ' <Stain>\n Description: A stain is a broad dark patch with soft borders on the surface. It is caused by oil that was not wiped off. It affects the look of the plate and may hinder painting.',
};

export interface SmallPlantOptions {
  /** Images of each defect and of normals in test. */
  readonly images?: number;
  /** Leave the masks of stains out of the index. */
  readonly stainsWithoutMask?: boolean;
}

/** Writes a dataset of one class, two defects and normals in the MMAD layout: flat plates with a dark rectangle as the defect. */
export async function writeSmallPlant(root: string, { images = 2, stainsWithoutMask = false }: SmallPlantOptions = {}): Promise<void> {
  const index: Record<string, unknown> = {};
  for (let n = 0; n < 3; n++) await writePicture(join(root, `Plant/plate/train/good/00${n}.png`), 180 + n, null);
  for (const defect of ['good', 'scratch', 'stain'] as const) {
    for (let n = 0; n < images; n++) {
      const key = `Plant/plate/test/${defect}/00${n}.png`;
      const spot = defect === 'good' ? null : { left: 10 + 30 * n, top: 100, width: defect === 'stain' ? 30 : 6, height: 30 };
      await writePicture(join(root, key), 181, spot);
      const masked = spot !== null && !(defect === 'stain' && stainsWithoutMask);
      if (masked) await writeMask(join(root, `Plant/plate/ground_truth/${defect}/00${n}.png`), spot);
      index[key] = {
        image_path: `test/${defect}/00${n}.png`,
        conversation: [QUESTIONS.detection(spot !== null), ...(spot ? [QUESTIONS.kind(defect === 'scratch' ? 'A' : 'B')] : [])],
        mask_path: masked ? `ground_truth/${defect}/00${n}.png` : null,
        similar_templates: ['Plant/plate/train/good/000.png'],
        random_templates: ['Plant/plate/train/good/001.png'],
      };
    }
  }
  await writeFile(join(root, 'mmad.json'), JSON.stringify(index));
  await writeFile(join(root, 'domain_knowledge.json'), JSON.stringify({ Plant: { plate: SNIPPETS } }));
}

interface Spot {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const grey = (level: number) => ({ r: level, g: level, b: level, alpha: 1 });

async function writePicture(file: string, level: number, spot: Spot | null): Promise<void> {
  await write(file, level, spot, 60);
}

async function writeMask(file: string, spot: Spot): Promise<void> {
  await write(file, 0, spot, 255);
}

async function write(file: string, level: number, spot: Spot | null, spotLevel: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const spots = spot
    ? [
        {
          input: { create: { width: spot.width, height: spot.height, channels: 3 as const, background: grey(spotLevel) } },
          left: spot.left,
          top: spot.top,
        },
      ]
    : [];
  await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: grey(level) } })
    .composite(spots)
    .png()
    .toFile(file);
}
