import { bare, type Brief, lowerFirst, shorten, upperFirst } from './brief.js';
import type { Chance } from './chance.js';

export interface Pair {
  readonly question: string;
  readonly answer: string;
}

type Subject = 'cause' | 'consequence' | 'difference' | 'norm' | 'appearance';

/** Longest published answer: 40 words. */
const ANSWER_WORDS = 38;

const QUESTIONS: Readonly<Record<Subject, readonly string[]>> = {
  cause: [
    'What gives rise to {it}?',
    'Where does {it} come from?',
    'How does {it} originate in production?',
    'Which process conditions lead to {it}?',
  ],
  consequence: [
    'What are the consequences of {it}?',
    'Why does {it} matter for quality?',
    'How does {it} affect the function of the {product}?',
    'Why is {it} a reason for rejection?',
    'What risk does {it} bring?',
  ],
  difference: [
    'How is {it} told apart from similar conditions?',
    'What distinguishes {it} from related conditions?',
    'Which feature separates {it} from what resembles it?',
  ],
  norm: [
    'What is expected of a {product} of good quality?',
    'Which criteria does a normal {product} meet?',
    'How is a flawless {product} recognised?',
    'What should an inspector verify on a normal {product}?',
    'Which properties mark an acceptable {product}?',
  ],
  appearance: [
    'What characterises {it} on a {product}?',
    'How does {it} typically appear?',
    'Which visual features point to {it}?',
    'What should an inspector look for to recognise {it}?',
    'How would {it} be described to a new inspector?',
  ],
};

const OPENINGS = [
  '',
  'In visual inspection, ',
  'From a quality engineer’s view, ',
  'During final inspection, ',
  'In practice, ',
  'On the production line, ',
];

/** The answer to `domain-pairs`: as many question-answer pairs as asked for, each answer a statement of the snippet. */
export function domainPairsAnswer(brief: Brief, chance: Chance): { pairs: Pair[] } {
  const count = Number.parseInt(brief.section('count'), 10) || 5;
  const asked = new Set(
    brief
      .section('already_asked')
      .split('\n')
      .map((line) => line.replace(/^[-\s]+/, '').trim()),
  );
  const pairs: Pair[] = [];
  for (const opening of OPENINGS) {
    for (const pair of chance.shuffle(everyPair(brief))) {
      const question = upperFirst(opening === '' ? pair.question : opening + lowerFirst(pair.question));
      if (pairs.length < count && !asked.has(question)) {
        asked.add(question);
        pairs.push({ ...pair, question });
      }
    }
  }
  return { pairs };
}

function everyPair(brief: Brief): Pair[] {
  const title = bare(lowerFirst(brief.title)).replace(/,.*$/, '');
  const it = brief.normal ? `the normal ${brief.product}` : /defect|damage|s$/i.test(title) ? title : `the defect ‘${title}’`;
  const facts = brief.facts.length > 0 ? brief.facts : [`The ${brief.product} is inspected for ${title}.`];
  return facts.flatMap((fact, index) =>
    QUESTIONS[subjectOf(fact, brief.normal)].map((frame) => ({
      question: aspect(frame, fact, index, facts.length).replaceAll('{it}', it).replaceAll('{product}', brief.product),
      answer: shorten(fact, ANSWER_WORDS),
    })),
  );
}

/** Two sentences on one subject must not share a question: the keyword of the sentence tells them apart. */
function aspect(frame: string, fact: string, index: number, total: number): string {
  if (index === 0 || total === 1) return frame;
  const keyword = fact.match(/\b[a-z]{6,}\b/g)?.sort((a, b) => b.length - a.length)[0];
  return keyword ? frame.replace(/\?$/, ` as regards ‘${keyword}’?`) : frame;
}

function subjectOf(fact: string, normal: boolean): Subject {
  if (/\b(unlike|differs?|distinguish|in contrast)/i.test(fact)) return 'difference';
  if (/\b(come from|comes from|caused? by|results? from|left behind|due to|stems?)\b/i.test(fact)) return 'cause';
  if (/\b(reduces?|leads? to|may|risk|fails?|compromise|affects?|disconnected|hinder)/i.test(fact)) return 'consequence';
  return normal ? 'norm' : 'appearance';
}
