import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Mounts a file system of `sizeMib` at `folder` in a mount namespace of its own, and runs the command there. Ends with the command. */
export const onSmallDisk = (folder: string, sizeMib: number, command: readonly string[]): string[] => [
  ...['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c'],
  ...[`mount -t tmpfs -o size=${sizeMib}m tmpfs "$0" && exec "$@"`, folder, ...command],
];

/** Why no small disk can be made here, or null. The S3 server needs user xattrs, which tmpfs keeps since Linux 6.6. */
export function noSmallDisk(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'judo-small-disk-'));
  const xattr = 'import os,sys; os.setxattr(sys.argv[1], "user.judo", b"1")';
  const [command = '', ...args] = onSmallDisk(folder, 1, ['python3', '-c', xattr, folder]);
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  return status === 0 ? null : `no tmpfs with user xattrs can be mounted in a namespace here: ${stderr.trim().split('\n').at(-1)}`;
}

/** A stand-in for a binary, beside `folder`, that runs it with `folder` on a disk of `sizeMib`. */
export function binaryOnSmallDisk(binary: string, folder: string, sizeMib: number): string {
  mkdirSync(folder, { recursive: true });
  const quoted = onSmallDisk(folder, sizeMib, [binary]).map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const file = join(folder, '..', 'on-small-disk');
  writeFileSync(file, `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Gives the disk that this process sees at `folder` another size. */
export const resizeDisk = (folder: string, sizeMib: number): void => void execFileSync('mount', ['-o', `remount,size=${sizeMib}m`, folder]);
