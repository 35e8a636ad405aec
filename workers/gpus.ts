import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** GPU ids that jobs may use: CUDA_VISIBLE_DEVICES where it is set, else what nvidia-smi lists; none without a driver. */
export async function visibleGpus(environment: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const named = environment['CUDA_VISIBLE_DEVICES'];
  if (named !== undefined) return named.split(',').filter((id) => id !== '' && id !== '-1');
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', ['--query-gpu=index', '--format=csv,noheader']);
    return stdout
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => /^\d+$/.test(line));
  } catch {
    return [];
  }
}
