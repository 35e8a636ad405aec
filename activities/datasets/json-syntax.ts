/** Where a JSON text stops being JSON. Lines and columns start at 1. */
export interface SyntaxFault {
  readonly line: number;
  readonly column: number;
  readonly detail: string;
}

const SPACE = /[ \t\r\n]*/y;
// A lone character of the wrong kind is a token too, so that the fault is placed on it.
const TOKEN =
  /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/y;

type Expected = 'a value' | 'a value or ]' | 'a key or }' | 'a key' | ':' | ', or }' | ', or ]' | 'the end';

/**
 * Finds the first fault of a text that `JSON.parse` refuses. V8's message names a position only for some faults,
 * and none in a large file's middle, so the line has to be found by reading.
 */
export function findSyntaxFault(text: string): SyntaxFault | null {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'a value';
  let offset = 0;
  for (;;) {
    SPACE.lastIndex = offset;
    offset += SPACE.exec(text)?.[0].length ?? 0;
    if (offset >= text.length)
      return expected === 'the end' ? null : faultAt(text, offset, `expected ${expected}, got the end of the file`);
    TOKEN.lastIndex = offset;
    const token = TOKEN.exec(text)?.[0];
    const next: Expected | null = token === undefined ? null : after(token, expected, open);
    if (token === undefined || next === null) return faultAt(text, offset, `expected ${expected}, got ${shown(text, offset)}`);
    expected = next;
    offset += token.length;
  }
}

/** What may follow a token, or null where the token itself may not stand. */
function after(token: string, expected: Expected, open: ('{' | '[')[]): Expected | null {
  const closed = (): Expected => (open.length === 0 ? 'the end' : open.at(-1) === '{' ? ', or }' : ', or ]');
  switch (expected) {
    case 'a key or }':
    case 'a key':
      if (token.startsWith('"')) return ':';
      if (token !== '}' || expected === 'a key') return null;
      open.pop();
      return closed();
    case ':':
      return token === ':' ? 'a value' : null;
    case ', or }':
    case ', or ]':
      if (token === ',') return expected === ', or }' ? 'a key' : 'a value';
      if (token !== expected.at(-1)) return null;
      open.pop();
      return closed();
    case 'the end':
      return null;
    case 'a value or ]':
    case 'a value':
      if (token === ']' && expected === 'a value or ]') {
        open.pop();
        return closed();
      }
      if (token === '{' || token === '[') {
        open.push(token);
        return token === '{' ? 'a key or }' : 'a value or ]';
      }
      return '}],:'.includes(token) ? null : closed();
  }
}

function faultAt(text: string, offset: number, detail: string): SyntaxFault {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - before.lastIndexOf('\n'), detail };
}

function shown(text: string, offset: number): string {
  return JSON.stringify(text.slice(offset, offset + 20).split('\n')[0]);
}

const KEY = /"((?:[^"\\]|\\.)*)"|[{}[\]]/g;

/** Keys of the outermost object that occur more than once; `JSON.parse` silently keeps the last. */
export function duplicateKeys(text: string): string[] {
  const seen = new Set<string>();
  const duplicates = new Set<string>();
  let depth = 0;
  for (const match of text.matchAll(KEY)) {
    const token = match[0];
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && /^\s*:/.test(text.slice(match.index + token.length, match.index + token.length + 8))) {
      const key = JSON.parse(token) as string;
      if (seen.has(key)) duplicates.add(key);
      seen.add(key);
    }
  }
  return [...duplicates];
}
