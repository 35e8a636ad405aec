import { Command } from 'commander';
import type { Finding } from '../doctor/check.js';
import { EXIT } from '../exit-codes.js';
import { outputOption } from './options.js';

/** `judo doctor`: every check of the machine, the servers and the teacher, each with its remedy. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check this machine, its servers and the teacher; each line says ok, warn or fail, and the remedy')
    .option('--fix', 'mend what can be mended: repeat the set-up, start the stack, create search attributes')
    .addOption(outputOption())
    .addHelpText('after', '\nExamples:\n  $ judo doctor\n  $ judo doctor --fix\n  $ judo doctor -o json')
    .action(async (options: { fix?: boolean; output?: string }) => {
      const { judoHome } = await import('../../infra/checkout.js');
      if (options.fix) await (await import('../doctor/fix.js')).fix(judoHome(), (line) => void process.stderr.write(`${line}\n`));
      const findings = await examine();
      if (options.output === 'json') process.stdout.write(`${JSON.stringify({ schemaVersion: 1, checks: findings })}\n`);
      else await print(findings);
      if (findings.some(({ state }) => state === 'fail')) process.exitCode = EXIT.failed;
    });
}

async function examine(): Promise<Finding[]> {
  const [{ loadSettings }, { find }, machine, stack, temporal, s3, teacher] = await Promise.all([
    import('../../infra/settings.js'),
    import('../doctor/check.js'),
    import('../doctor/machine.js'),
    import('../doctor/stack.js'),
    import('../doctor/temporal.js'),
    import('../doctor/s3.js'),
    import('../doctor/teacher.js'),
  ]);
  const settings = loadSettings();
  const checks = [
    ...machine.machineChecks(settings.home),
    ...stack.stackChecks(settings.home),
    ...temporal.temporalChecks(settings),
    ...s3.s3Checks(settings),
    ...teacher.teacherChecks(settings),
  ];
  return Promise.all(checks.map(find));
}

async function print(findings: readonly Finding[]): Promise<void> {
  const { columns, painter } = await import('../render/terminal.js');
  const paint = painter(process.stdout);
  const colour = { ok: 'green', warn: 'yellow', fail: 'red' } as const;
  const rows = findings.map(({ check, state, detail, remedy }) => {
    const said = detail.replaceAll('\n', ' ');
    return [paint(colour[state], state), check, remedy === null ? said : `${said}  ->  ${remedy}`];
  });
  process.stdout.write(`${columns(rows)}\n`);
}
