import type { DomInjDataParams } from '../../contracts/stages/dom-inj-data.js';
import { StageError } from '../../contracts/failure.js';
import { SftRow } from '../../contracts/rows.js';
import { type DomainSnippet, knowledgeName } from '../datasets/domain-knowledge.js';
import { KNOWLEDGE_FILE, type MmadDataset, readMmad } from '../datasets/mmad-dataset.js';
import { objectClasses, type ObjectClass } from '../datasets/normal-images.js';
import { type Asking, createAsking } from './asking.js';
import { type NormalPartners, normalPartners } from './normal-partner.js';
import { writeRows } from './rows-file.js';
import { domInjPrompt } from './student-prompts.js';
import type { SynthesisContext, SynthesisResult } from './synthesis-context.js';
import { domainPairsPrompt, paraphrasePrompt, type QaPair } from './teacher-prompts.js';

/** Pairs a call: as many as fit an answer of 1,024 tokens. */
const BATCH = 10;
/** Batches beyond the least number, for pairs that repeat earlier ones. */
const SPARE_BATCHES = 2;

/** A snippet, and the class whose normal images stand beside its pairs. */
interface Topic {
  readonly snippet: DomainSnippet;
  readonly object: ObjectClass;
}

interface NumberedPair extends QaPair {
  readonly topic: Topic;
  readonly id: string;
}

/**
 * Stage 2's rows (JUDO 3.2): question-answer pairs from every snippet, each with its paraphrases and a random normal image of
 * the class. Writes `rows.jsonl`; safe to repeat, every answer is filed before it counts.
 */
export async function synthesizeDomainSet(context: SynthesisContext<DomInjDataParams>): Promise<SynthesisResult> {
  const { params, dataRoot, outputDir } = context;
  const { pairsPerSnippet, paraphrasesPerPair } = params;
  const dataset = await readMmad(dataRoot);
  const asking = createAsking(context);
  const partners = normalPartners(dataset, params.seed);
  const snippets = dataset.knowledge.all();
  const topics = topicsOf(dataset, snippets, partners);
  if (topics.length === 0) throw noTopic(dataset);
  const pairs = (await asking.each('pairs', 'snippets', topics, (topic) => pairsOf(asking, topic, pairsPerSnippet))).flat();
  const wanted = topics.length * pairsPerSnippet;
  asking.judgeLosses('question-answer pairs', wanted - pairs.length, wanted);
  const worded =
    paraphrasesPerPair === 0
      ? pairs.map((pair) => [pair])
      : await asking.each('paraphrases', 'pairs', pairs, async (pair) => [
          pair,
          ...(await paraphrasesOf(asking, pair, paraphrasesPerPair)),
        ]);
  const rows = worded.flat().map((pair) => rowOf(pair, partners));
  const wantedRows = pairs.length * (1 + paraphrasesPerPair);
  asking.judgeLosses('paraphrases', wantedRows - rows.length, wantedRows);
  await writeRows(outputDir, 'rows.jsonl', SftRow, rows);
  return asking.result({
    rows: rows.length,
    snippets: topics.length,
    snippetsWithoutImage: snippets.length - topics.length,
    pairs: pairs.length,
    lost: wanted * (1 + paraphrasesPerPair) - rows.length,
  });
}

/** Snippets whose class has a normal image. Where no class of the dataset has the snippet's name, its own name is tried. */
function topicsOf(dataset: MmadDataset, snippets: readonly DomainSnippet[], partners: NormalPartners): Topic[] {
  const classes = objectClasses(dataset);
  return snippets.flatMap((snippet) => {
    const object = classes.find((of) => knowledgeName(of.dataset) === snippet.dataset && of.object === snippet.object) ?? snippet;
    return partners.has(object) ? [{ snippet, object }] : [];
  });
}

function noTopic(dataset: MmadDataset): StageError {
  return new StageError({
    type: 'DatasetCorrupt',
    message: `${dataset.root}/${KNOWLEDGE_FILE} has no snippet of a class that has a normal image`,
    remedy: `add snippets for the dataset's classes, then run "judo data check ${dataset.root}"`,
  });
}

/** Batches follow one another, because each must know what was asked before. */
async function pairsOf(asking: Asking, topic: Topic, wanted: number): Promise<NumberedPair[]> {
  const { dataset, object, defect, text } = topic.snippet;
  const pairs = new Map<string, QaPair>();
  for (let batch = 0; pairs.size < wanted && batch < Math.ceil(wanted / BATCH) + SPARE_BATCHES; batch++) {
    const asked = [...pairs.values()].map(({ question }) => question);
    const count = Math.min(BATCH, wanted - pairs.size);
    const answer = await asking.ask(domainPairsPrompt, { object, defect, snippet: text, count, asked });
    if (answer === null) break;
    for (const pair of answer.pairs.filter(isPair)) {
      const known = pair.question.toLowerCase().replace(/\W+/g, ' ');
      if (pairs.size < wanted && !pairs.has(known)) pairs.set(known, pair);
    }
  }
  return [...pairs.values()].map((pair, index) => ({ ...pair, topic, id: `${dataset}/${object}/${defect}#${index}` }));
}

async function paraphrasesOf(asking: Asking, pair: NumberedPair, count: number): Promise<NumberedPair[]> {
  const { question, answer } = pair;
  const output = await asking.ask(
    paraphrasePrompt,
    { question, answer, count },
    { accept: ({ paraphrases }) => paraphrases.filter(isPair).length >= count },
  );
  const worded = output?.paraphrases.filter(isPair).slice(0, count) ?? [];
  return worded.map((paraphrase, index) => ({ ...pair, ...paraphrase, id: `${pair.id}.${index + 1}` }));
}

function rowOf({ topic, id, question, answer }: NumberedPair, partners: NormalPartners): SftRow {
  const normal = partners.pick(topic.object, null, 'dom-inj', id);
  return { id, imageKey: null, images: [normal], prompt: domInjPrompt(question), completion: answer.trim() };
}

/** The student never sees the snippet: a pair that points to it cannot be answered. */
function isPair({ question, answer }: QaPair): boolean {
  return (
    question.trim() !== '' &&
    answer.trim() !== '' &&
    !/\b(snippet|passage|domain knowledge|the (given |provided )?text)\b/i.test(`${question} ${answer}`)
  );
}
