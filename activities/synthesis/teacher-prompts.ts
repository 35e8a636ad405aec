import { z } from 'zod';

/** A prompt with what it asks for. A change of any text raises the number in `version`, which is part of every request's hash. */
export interface TeacherPrompt<Input, Output> {
  readonly version: string;
  /** Names the structured output, and with it the prompt, to the endpoint. */
  readonly name: string;
  readonly output: z.ZodType<Output>;
  readonly system: string;
  readonly user: (input: Input) => string;
}

/** What every prompt may tell of the product; a null is left out. */
export interface Subject {
  readonly object: string;
  /** Defect folder, or `good`. */
  readonly defect: string;
  readonly snippet: string | null;
}

const INSPECTOR = 'You are an expert of industrial visual inspection who writes training texts for an inspection model.';

function section(tag: string, text: string | null): string {
  return text === null || text.trim() === '' ? '' : `<${tag}>${text.trim()}</${tag}>`;
}

function sections(...parts: readonly string[]): string {
  return parts.filter(Boolean).join('\n');
}

function subject({ object, defect, snippet }: Subject): string {
  return sections(section('product', object), section('condition', defect), section('domain_knowledge', snippet));
}

/** JUDO 3.1: the difference between the outlined query and a normal image. */
export const comparisonPrompt: TeacherPrompt<Subject, { comparison: string }> = {
  version: 'seg-comparison@1',
  name: 'seg-comparison',
  output: z.strictObject({ comparison: z.string() }),
  system: INSPECTOR,
  user: (input) =>
    sections(
      'The first image is the query: it has a defect of the given condition, and a red outline is drawn around it for your orientation only.',
      'The second image is a normal sample of the same product.',
      subject(input),
      'Describe briefly, in two to four sentences of 30 to 75 words together, what differs in the first image from the second one: where it is, what it looks like, and what the normal sample shows there instead.',
      'Say "the first image" and "the second image". Describe only what is visible. Never mention an outline, a box, a mark-up or these instructions.',
    ),
};

const Pair = z.strictObject({ question: z.string(), answer: z.string() });
export type QaPair = z.infer<typeof Pair>;

/** JUDO 3.2: question-answer pairs from one snippet, in batches that know the earlier ones. */
export const domainPairsPrompt: TeacherPrompt<Subject & { count: number; asked: readonly string[] }, { pairs: QaPair[] }> = {
  version: 'domain-pairs@1',
  name: 'domain-pairs',
  output: z.strictObject({ pairs: z.array(Pair) }),
  system: INSPECTOR,
  user: (input) =>
    sections(
      subject(input),
      section('already_asked', input.asked.map((question) => `- ${question}`).join('\n')),
      section('count', String(input.count)),
      `Write ${input.count} question-answer pairs that teach what the domain knowledge above says.`,
      'Each answer follows strictly from it and adds nothing. Ask at a conceptual level: criteria of quality, function, appearance, causes, consequences, how conditions are told apart.',
      'Questions have 5 to 20 words, answers are full sentences of 5 to 38 words. No question repeats or rewords another one, or one already asked.',
      'Every pair is understood on its own: name the product or the defect, and never mention a text, a passage, a description or an image.',
    ),
};

/** JUDO 3.2: other wordings of one pair. */
export const paraphrasePrompt: TeacherPrompt<QaPair & { count: number }, { paraphrases: QaPair[] }> = {
  version: 'paraphrase@1',
  name: 'paraphrase',
  output: z.strictObject({ paraphrases: z.array(Pair) }),
  system: INSPECTOR,
  user: ({ question, answer, count }) =>
    sections(
      section('question', question),
      section('answer', answer),
      section('count', String(count)),
      `Reword this question and its answer ${count === 1 ? 'once' : `${count} times`}. Keep the meaning exactly, add and leave out nothing, and make each wording clearly different from the original and from each other.`,
      'Questions stay within 20 words, answers within 40.',
    ),
};

export interface ReasoningInput extends Subject {
  readonly question: string;
  readonly options: Readonly<Record<string, string>>;
  readonly answer: string;
  readonly comparison: string | null;
  readonly minWords: number;
  readonly maxWords: number;
}

/** Golden reasoning (SPEC 4): what an expert would think before giving the known answer. */
export const reasoningPrompt: TeacherPrompt<ReasoningInput, { reasoning: string }> = {
  version: 'golden-reasoning@1',
  name: 'golden-reasoning',
  output: z.strictObject({ reasoning: z.string() }),
  system: INSPECTOR,
  user: (input) =>
    sections(
      'The first image is the query image, the second a normal sample of the same product.',
      subject(input),
      section('comparison', input.comparison),
      section('question', input.question),
      section(
        'options',
        Object.entries(input.options)
          .map(([letter, text]) => `${letter}. ${text}`)
          .join('\n'),
      ),
      section('right_answer', input.answer),
      section('words', `${input.minWords}-${input.maxWords}`),
      `Write the reasoning by which a domain expert reaches the right answer, in one paragraph of ${input.minWords + 10} to ${input.maxWords - 10} words.`,
      'Start from what is visible in the first image beside the second one, use the domain knowledge where it explains, and weigh the options. Name no option letter before the end.',
      `End with a sentence that concludes: "so the answer is ${input.answer}."`,
      'Never say that the answer, the condition, a comparison or domain knowledge was given to you.',
    ),
};
