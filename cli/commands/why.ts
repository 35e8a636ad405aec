import { Command } from 'commander';
import { outputOption } from './options.js';

export function whyCommand(): Command {
  return new Command('why')
    .description('Why a stage of a run had to run: the fields that differ from the nearest earlier one, and what caused them')
    .argument('<run>')
    .argument('<stage>')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo why NAME grpo\n  $ judo why NAME mmad-eval -o json')
    .action(async (run: string, stage: string, options: { output?: string }) => {
      const [{ openSession }, { explainStage, renderExplanation }, { findRun }] = await Promise.all([
        import('../session.js'),
        import('../explain-stage.js'),
        import('../find-run.js'),
      ]);
      const session = await openSession();
      const explanation = await explainStage(session, await findRun(session, run), stage);
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...explanation })}\n`);
      else process.stdout.write(renderExplanation(explanation));
    });
}
