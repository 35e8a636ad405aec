/**
 * Whether a stage's code changed while its implementationVersion did not. contracts/stages/implementation-digests.json holds, for
 * each kind of stage, its version and the digest of the files that it is made of. Without arguments it compares and says what to
 * type; `--update` files what is new; `--no-change-in-output KIND` (or `all`) says that a change makes the same outputs.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { filesOfTask, meaningOfPython, trainersOf } from './implementation-digests/python-files.mjs';
import { filesOfActivity, meaningOfTypeScript, stageKinds, stringsOfProperty } from './implementation-digests/typescript-files.mjs';

const { values: options } = parseArgs({
  options: {
    update: { type: 'boolean', default: false },
    'no-change-in-output': { type: 'string', multiple: true, default: [] },
    /** Prints the files of each kind. */
    files: { type: 'boolean', default: false },
    root: { type: 'string', default: join(dirname(fileURLToPath(import.meta.url)), '..') },
  },
});
const root = resolve(options.root);
const STAGES = 'contracts/stages';
const FILED = `${STAGES}/implementation-digests.json`;
const COMMAND = 'node infra/implementation-digests.mjs --update';

/** The files of a kind: its activity's, and on the GPU queue those of the Python task that it runs. */
function filesOf({ kind, activity, queue, trainer }) {
  const files = filesOfActivity(root, activity);
  if (queue !== 'gpu') return files;
  const tasks = [...(trainer === undefined ? [] : [trainer]), ...stringsOfProperty(root, files, 'task')];
  const known = tasks.filter((task) => trainersOf(root).some((module) => module.split('.').includes(task)));
  if (known.length === 0)
    throw new Error(`stage ${kind} runs on the GPU queue, and no file of ${activity} says which task of judo_gpu it runs`);
  return [...files, ...filesOfTask(root, known[0])];
}

function digestOf(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const meaning = file.endsWith('.py') ? meaningOfPython(readFileSync(join(root, file), 'utf8')) : meaningOfTypeScript(root, file);
    hash.update(`${file}\0${createHash('sha256').update(meaning).digest('hex')}\n`);
  }
  return hash.digest('hex');
}

function readFiled() {
  try {
    return JSON.parse(readFileSync(join(root, FILED), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

const declared = readdirSync(join(root, STAGES))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `${STAGES}/${name}`);
const filed = readFiled();
const next = {};
const problems = [];
const same = new Set(options['no-change-in-output']);
const kinds = stageKinds(root, declared);
for (const word of same)
  if (word !== 'all' && !kinds.some(({ kind }) => kind === word))
    problems.push(`there is no stage ${word}; those known are ${kinds.map(({ kind }) => kind).join(', ')}`);

for (const one of kinds) {
  const { kind, implementationVersion } = one;
  const files = filesOf(one);
  if (options.files) process.stdout.write(`${kind}\n${files.map((file) => `  ${file}\n`).join('')}`);
  const now = { implementationVersion, digest: digestOf(files) };
  const before = filed[kind];
  next[kind] = before ?? now;
  if (before?.implementationVersion === implementationVersion && before.digest === now.digest) continue;
  const isRaised = before === undefined || implementationVersion > before.implementationVersion;
  const isSame = before?.implementationVersion === implementationVersion && (same.has(kind) || same.has('all'));
  if (options.update && (isRaised || isSame)) next[kind] = now;
  else if (isRaised) problems.push(`${kind}: version ${implementationVersion} is not filed. Type: ${COMMAND}`);
  else if (implementationVersion < before.implementationVersion)
    problems.push(
      `${kind}: its implementationVersion went from ${before.implementationVersion} back to ${implementationVersion}; it only rises`,
    );
  else
    problems.push(
      `${kind}: its code changed, and its implementationVersion is still ${implementationVersion}. If it makes other outputs now, raise the version in ${STAGES} and type: ${COMMAND}\n` +
        `  If it makes the same outputs, type: ${COMMAND} --no-change-in-output ${kind}`,
    );
}
const gone = Object.keys(filed).filter((kind) => !(kind in next));
if (gone.length > 0 && !options.update) problems.push(`${gone.join(', ')}: filed, and no stage any more. Type: ${COMMAND}`);

if (options.update && problems.length === 0) writeFileSync(join(root, FILED), `${JSON.stringify(next, null, 2)}\n`);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
