import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root, found upward from this file: it is the same from the sources and from dist/. */
export function checkoutRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return directory;
}

/** The folder that holds everything a machine keeps: `JUDO_HOME`, or `.judo` in the checkout. Absolute. */
export function judoHome(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(environment.JUDO_HOME || join(checkoutRoot(), '.judo'));
}
