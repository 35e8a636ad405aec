/**
 * `npm run conformance -- FILE...`: runs files of expected results through the real functions of both languages.
 * Ends with 0 when all pass, 1 when a case fails, 2 when nothing could be run.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CaseFileError, readCases } from './case-file.js';
import { judge, reportLines } from './judge.js';
import { PythonError, runPython } from './python.js';
import { runTypeScript } from './suites.js';

const USAGE = 'usage: npm run conformance -- FILE...   (for instance ../shared/goldens/cases.json)';

async function main(files: readonly string[]): Promise<number> {
  if (files.length === 0) throw new CaseFileError(USAGE);
  // npm changes to the package's folder; the paths are the user's.
  const from = process.env['INIT_CWD'] ?? process.cwd();
  const cases = (await Promise.all(files.map((file) => readCases(resolve(from, file))))).flat();
  const outcomes = await runPython(packageRoot(), cases);
  const verdicts = cases.map((expectation, i) =>
    judge(expectation, { TypeScript: runTypeScript(expectation), Python: outcomes[i] ?? { error: 'no result' } }),
  );
  for (const line of reportLines(verdicts)) console.log(line);
  return verdicts.some(({ failure }) => failure !== null) ? 1 : 0;
}

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CaseFileError) && !(error instanceof PythonError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
