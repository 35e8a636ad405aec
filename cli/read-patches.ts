import { parse } from 'yaml';
import type { ParamPatch } from '../contracts/run.js';
import { CliError, EXIT } from './exit-codes.js';

/** `-s key=value` words -> patches; a value is YAML, as in a recipe. */
export function readPatches(words: readonly string[]): ParamPatch[] {
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1) throw new CliError(EXIT.usage, `--set ${word}: expected key=value, for instance grpo.learningRate=5e-7`);
    return { path: word.slice(0, equals).replace(/^stages\./, ''), value: parse(word.slice(equals + 1)) as unknown };
  });
}
