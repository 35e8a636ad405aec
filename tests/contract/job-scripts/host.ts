/** A host process to be killed with SIGKILL while its job runs. Arguments: job file, log file, stop file, folder of the stand-in. */
import { createPythonJobRunner } from '../../../adapters/python-job/runner.js';

const [jobFile = '', logFile = '', stopFile = '', scripts = ''] = process.argv.slice(2);
await createPythonJobRunner({ python: 'python3', module: 'stand_in', env: { PYTHONPATH: scripts } }).run({
  jobFile,
  logFile,
  stopFile,
  gpus: [],
  stallAfterMs: 60_000,
  stopGraceMs: 60_000,
  onEvent: (event) => console.log(JSON.stringify(event)),
});
