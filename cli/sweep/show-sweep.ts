import { CliError, EXIT } from '../exit-codes.js';
import { renderFailures } from '../render/board.js';
import type { Session } from '../session.js';
import { renderResults, renderSweep } from './render-sweep.js';
import { resultCsv } from './sweep-results.js';
import { sweepDocument, sweepView } from './sweep-view.js';

/** `judo sweep show`: the grid of states and the results, live or of a sweep that has ended. */
export async function showSweep(session: Session, run: string, options: { output?: string; csv?: boolean }): Promise<void> {
  const view = await sweepView(session, run);
  const { sweep, results, status } = view;
  if (options.output === 'json') process.stdout.write(`${JSON.stringify(sweepDocument(view))}\n`);
  else if (options.csv === true) {
    if (sweep.metric === undefined || results === null)
      throw new CliError(
        EXIT.usage,
        `run ${run} measures nothing: its recipe has no mmad-eval`,
        'Name what to measure in the sweep: metric: stage.figure',
      );
    process.stdout.write(resultCsv(results, sweep.metric));
  } else process.stdout.write(`${renderSweep(view, process.stdout)}${renderFailures(status, process.stdout)}\n${renderResults(view)}`);
}
