import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildVersitygw, findVersitygw, startS3Server } from '../../infra/s3-server.js';
import { temporaryFolder } from '../artifacts/temporary-folders.js';
import { freePort } from '../support/s3.js';

const account = { accessKey: 'judo-test', secretKey: 'judo-test-secret' };

/** A folder to put on PATH with a `versitygw` that says this version. */
async function folderWithVersitygw(says: string): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'versitygw'), `#!/bin/sh\necho '${says}'\n`);
  await chmod(join(folder, 'versitygw'), 0o755);
  return folder;
}

const environment = async (...path: string[]) => ({ PATH: [...path, '/usr/bin', '/bin'].join(':'), HOME: await temporaryFolder() });

test('a fitting versitygw on PATH comes first, older and later majors are passed over', async () => {
  const old = await folderWithVersitygw('Version  : v1.7.3');
  const next = await folderWithVersitygw('Version  : v2.0.0');
  const fitting = await folderWithVersitygw('Version  : v1.9.0');
  expect(await findVersitygw(await environment(old, next, fitting))).toBe(join(fitting, 'versitygw'));
  expect(await findVersitygw(await environment(old, next))).toBeNull();
});

test('one in the user cache is found, where XDG_CACHE_HOME says or below the home', async () => {
  for (const [variable, below] of [
    ['XDG_CACHE_HOME', ''],
    ['HOME', '.cache'],
  ] as const) {
    const folder = await temporaryFolder();
    const binary = join(folder, below, 'judo', 'versitygw-1.8.0');
    await mkdir(join(binary, '..'), { recursive: true });
    await writeFile(binary, '');
    await chmod(binary, 0o755);
    expect(await findVersitygw({ PATH: '/usr/bin', [variable]: folder })).toBe(binary);
  }
});

test('with no Go and no Python the message names what to install, and the lock is given back', async () => {
  const HOME = await temporaryFolder();
  const building = () => buildVersitygw(() => {}, { PATH: join(HOME, 'nothing'), HOME });
  await expect(building()).rejects.toThrow(/no Python.*\n.*Install Go 1\.24/);
  await expect(building()).rejects.toThrow('Install Go');
});

test('a server is ready when it is said to be started, keeps its data in its folder, and stops without a trace', async () => {
  const dir = join(await temporaryFolder(), 'new');
  const server = await startS3Server({ dir, port: await freePort(), ...account });
  expect((await fetch(`${server.endpoint}/_health`)).ok).toBe(true);
  expect((await stat(join(dir, 'data'))).isDirectory()).toBe(true);
  await server.stop();
  expect(server.child.exitCode ?? server.child.signalCode).not.toBeNull();
  await expect(fetch(`${server.endpoint}/_health`)).rejects.toThrow();
  await server.stop();
});

test('a taken port is said to be taken', async () => {
  const port = await freePort();
  const first = await startS3Server({ dir: await temporaryFolder(), port, ...account });
  onTestFinished(() => first.stop());
  await expect(startS3Server({ dir: await temporaryFolder(), port, ...account })).rejects.toThrow(/cannot start on .*the port is taken/);
});
