/** The Python files that a task of the GPU worker is made of, and what of them counts. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const SOURCE = 'gpu-worker/src';
const ENTRY = `${SOURCE}/judo_gpu/__main__.py`;

/** Tasks that the entry knows: a trainer, imported inside of a function when its job is to be done, by the task's name. */
export function trainersOf(root) {
  const inFunctions = [...readFileSync(join(root, ENTRY), 'utf8').matchAll(/^[ \t]+from (judo_gpu\.\S+) import/gm)].map(
    (match) => match[1],
  );
  return inFunctions.filter((module, index) => inFunctions.indexOf(module) === index);
}

/** The files of a task: the entry and what it always imports, the task's own module, and all that these import. */
export function filesOfTask(root, task) {
  const trainers = trainersOf(root);
  const own = trainers.filter((module) => module.split('.').includes(task));
  if (own.length !== 1) throw new Error(`${ENTRY} imports ${own.length} modules for task ${task}; it knows ${trainers.join(', ')}`);
  const files = new Set();
  const follow = (file, except) => {
    if (files.has(file) || !existsSync(join(root, file))) return;
    files.add(file);
    for (let folder = dirname(file); folder !== SOURCE; folder = dirname(folder)) follow(`${folder}/__init__.py`, except);
    for (const module of modulesOf(file, readFileSync(join(root, file), 'utf8'))) if (!except.includes(module)) followModule(module);
  };
  const followModule = (module) => {
    const place = `${SOURCE}/${module.replaceAll('.', '/')}`;
    follow(existsSync(join(root, `${place}.py`)) ? `${place}.py` : `${place}/__init__.py`, []);
  };
  follow(ENTRY, trainers);
  followModule(own[0]);
  return [...files].sort((a, b) => (a < b ? -1 : 1));
}

/** Modules of ours that a file imports, wherever in it; `from x import y` may mean the module x.y. */
function modulesOf(file, text) {
  const folders = dirname(file)
    .slice(SOURCE.length + 1)
    .split('/');
  const modules = [];
  for (const [, dots, name, names] of text.matchAll(/^[ \t]*from (\.*)([\w.]*) import (\([^)]*\)|[^\n]*)/gm)) {
    const parent = dots === '' ? [] : folders.slice(0, folders.length + 1 - dots.length);
    const module = [...parent, ...(name === '' ? [] : [name])].join('.');
    modules.push(
      module,
      ...names
        .replaceAll(/[()\n]/g, ' ')
        .split(',')
        .map((one) => `${module}.${one.trim().split(/\s/)[0]}`),
    );
  }
  for (const [, module] of text.matchAll(/^[ \t]*import ([\w.]+)/gm)) modules.push(module);
  return modules.filter((module) => module === 'judo_gpu' || module.startsWith('judo_gpu.'));
}

const STRING = /[rbfuRBFU]{0,2}("""|'''|"|')/y;
const WORD = /\w+/y;
const REST_OF_LINE = /[ \t]*(#[^\n]*)?(?=\n|$)/y;
const INDENT = /[ \t]*/y;

/** A file's tokens: without comments, docstrings, empty lines, layout inside of brackets, and the comma that ends a broken list. */
export function meaningOfPython(text) {
  const tokens = [];
  let depth = 0;
  let at = 0;
  const read = (pattern) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const isLineStart = () => tokens.length === 0 || tokens.at(-1).startsWith('\n');
  while (at < text.length) {
    if (depth === 0 && (at === 0 || text[at - 1] === '\n')) {
      const indent = read(INDENT)[0];
      if (isLineStart()) tokens.pop();
      tokens.push(`\n${indent}`);
      at += indent.length;
    }
    const string = read(STRING);
    const word = string === null ? read(WORD) : null;
    if (string !== null) {
      const from = at;
      at = endOfString(text, STRING.lastIndex, string[1]);
      const isStatement = depth === 0 && isLineStart() && read(REST_OF_LINE) !== null;
      if (!isStatement) tokens.push(text.slice(from, at));
    } else if (word !== null) {
      tokens.push(word[0]);
      at += word[0].length;
    } else if (text[at] === '#') {
      at += read(REST_OF_LINE)[0].length;
    } else {
      const char = text[at];
      at += char === '\\' && text[at + 1] === '\n' ? 2 : 1;
      if ('([{'.includes(char)) depth += 1;
      if (')]}'.includes(char)) {
        depth -= 1;
        if (tokens.at(-1) === ',' && /\n[ \t]*$/.test(text.slice(Math.max(0, at - 200), at - 1))) tokens.pop();
      }
      if (/\S/.test(char) && char !== '\\') tokens.push(char);
    }
  }
  return tokens.join('\u0001');
}

function endOfString(text, from, quote) {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text.startsWith(quote, at)) return at + quote.length;
  }
  return text.length;
}
