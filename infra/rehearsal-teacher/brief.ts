/** What the prompt says, read back from its `<tag>…</tag>` sections; a section that is absent is an empty text. */
export interface Brief {
  readonly section: (tag: string) => string;
  /** The snippet's title, for instance `Mouse bite`; the defect's folder name where there is no snippet. */
  readonly title: string;
  readonly product: string;
  readonly normal: boolean;
  /** The snippet's sentences, without its title. */
  readonly facts: readonly string[];
}

/** Reads a prompt of `activities/synthesis/prompts.ts`. */
export function readBrief(prompt: string): Brief {
  const section = (tag: string): string => new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(prompt)?.[1]?.trim() ?? '';
  const knowledge = section('domain_knowledge');
  const condition = section('condition') || 'defect';
  const title = /^<([^<>\n]+)>/.exec(knowledge)?.[1]?.trim();
  return {
    section,
    title: title ?? words(condition),
    product: words(section('product') || 'product'),
    normal: condition === 'good' || condition === 'normal',
    facts: sentences(knowledge.replace(/^<[^<>\n]+>/, '').replace(/^\s*Description:\s*/, '')),
  };
}

/** Splits a text into sentences, each with its full stop. */
export function sentences(text: string): string[] {
  return (text.replace(/\s+/g, ' ').match(/[^.!?]+(?:[.!?](?!\s|$)[^.!?]*)*[.!?]*/g) ?? [])
    .map((s) => s.trim())
    .filter((s) => countWords(s) > 2);
}

export function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

/** A folder name as words: `spurious_copper` -> `spurious copper`. */
export function words(name: string): string {
  return name.replace(/[_-]+/g, ' ').trim();
}

export function lowerFirst(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? text[0]?.toLowerCase() + text.slice(1) : text;
}

export function upperFirst(text: string): string {
  return (text[0]?.toUpperCase() ?? '') + text.slice(1);
}

/** Without the full stop and blanks at the end. */
export function bare(text: string): string {
  return text.trim().replace(/[.\s]+$/, '');
}

/** A sentence of at most `limit` words: cut at its last clause that fits. */
export function shorten(sentence: string, limit: number): string {
  if (countWords(sentence) <= limit) return sentence;
  const clauses = bare(sentence).split(/(?<=[,;])\s+/);
  let kept = '';
  for (const clause of clauses) {
    if (countWords(`${kept} ${clause}`) > limit) break;
    kept = `${kept} ${clause}`.trim();
  }
  if (countWords(kept) < 6) kept = bare(sentence).split(/\s+/).slice(0, limit).join(' ');
  return `${bare(kept)
    .replace(/[,;]$/, '')
    .replace(/\s+(and|or|of|the|a|an|in|on|to|with|which|that)$/i, '')}.`;
}
