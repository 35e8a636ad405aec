import { parseArgs } from 'node:util';
import { startRehearsalTeacher } from './server.js';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, host: { type: 'string', default: '127.0.0.1' } } });

try {
  const teacher = await startRehearsalTeacher({ port: Number(values.port), host: values.host });
  process.stdout.write(`rehearsal teacher ready at ${teacher.url}\n`);
  const end = (): void => void teacher.stop().finally(() => process.exit(0));
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
} catch (error) {
  process.stderr.write(`rehearsal teacher: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
