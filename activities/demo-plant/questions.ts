import type { Raster } from '../../contracts/ports/image-codec.js';
import type { MmadQuestion, QuestionType } from '../../contracts/question.js';
import { seededRandom, type SeededRandom } from '../datasets/seeded-random.js';
import { placeOf } from './mask-place.js';
import type { ObjectQuestion, Product, ProductDefect } from './product.js';
import { PRODUCTS } from './products/index.js';

const THERE_IS_A_DEFECT = 'There is a defect in the object.';

/** The questions of one picture, as MMAD asks them: detection, then four about the defect or four about the object. */
export function questionsOf(product: Product, defect: string, mask: Raster, name: string, seed: number): MmadQuestion[] {
  const random = seededRandom(seed, 'demo-plant', product.folder, defect, name, 'questions');
  const found = product.defects.find(({ folder }) => folder === defect);
  const detection = ask(
    'Anomaly Detection',
    'Is there any defect in the object?',
    found ? 'Yes.' : 'No.',
    [found ? 'No.' : 'Yes.'],
    random,
  );
  return [detection, ...(found ? defectQuestions(product, found, mask, random) : objectQuestions(product, random))];
}

function defectQuestions(product: Product, defect: ProductDefect, mask: Raster, random: SeededRandom): MmadQuestion[] {
  const others = otherDefects(product, defect, random);
  const where = placeOf(mask);
  const localization = where
    ? [ask('Defect Localization', `${THERE_IS_A_DEFECT} Where is the defect?`, where.place, random.sample(where.elsewhere, 3), random)]
    : [];
  const about = (type: QuestionType, question: string, say: (of: ProductDefect) => string): MmadQuestion =>
    ask(type, `${THERE_IS_A_DEFECT} ${question}`, say(defect), others.map(say), random);
  return [
    about('Defect Classification', 'What is the type of the defect?', ({ name }) => name),
    ...localization,
    about('Defect Description', 'What is the appearance of the defect?', ({ appearance }) => appearance),
    about('Defect Analysis', 'What is the effect of the defect?', ({ effect }) => effect),
  ];
}

/** Three wrong answers: the product's two other defects, which must be told apart in the picture, and one of another product. */
function otherDefects(product: Product, defect: ProductDefect, random: SeededRandom): ProductDefect[] {
  const siblings = product.defects.filter((other) => other !== defect);
  const foreign = PRODUCTS.filter((other) => other !== product).flatMap(({ defects }) => defects);
  // A scratch of the nut is no wrong answer to a scratch of the board.
  return [...siblings, random.pick(foreign.filter(({ folder }) => !product.defects.some((own) => alike(own.folder, folder))))];
}

function alike(a: string, b: string): boolean {
  return a.split('_')[0]!.slice(0, 4) === b.split('_')[0]!.slice(0, 4);
}

function objectQuestions(product: Product, random: SeededRandom): MmadQuestion[] {
  const names = random.shuffle(PRODUCTS.filter((other) => other !== product)).map(({ name }) => name);
  const about = (type: QuestionType, choices: readonly ObjectQuestion[]): MmadQuestion => {
    const { text, answer, others } = random.pick(choices);
    return ask(type, text, answer, others, random);
  };
  return [
    ask('Object Classification', 'What kind of product is in the image?', product.name, names, random),
    about('Object Structure', product.structure),
    about('Object Details', product.details),
    about('Object Analysis', product.analysis),
  ];
}

function ask(type: QuestionType, text: string, answer: string, others: readonly string[], random: SeededRandom): MmadQuestion {
  const options = random.shuffle([answer, ...others]);
  const letters = options.map((_, i) => String.fromCharCode(65 + i));
  return {
    Question: text,
    Answer: letters[options.indexOf(answer)]!,
    Options: Object.fromEntries(options.map((option, i) => [letters[i]!, option])),
    type,
    annotation: true,
  };
}
