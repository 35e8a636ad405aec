import { connect as openSocket } from 'node:net';
import type { Client } from '@temporalio/client';
import type { Stores } from '../workers/stores.js';
import type { Settings } from '../infra/settings.js';
import { CliError, EXIT } from './exit-codes.js';

/** The servers a command talks to, each opened when first asked for. */
export interface Session {
  readonly settings: Settings;
  stores(): Promise<Stores>;
  temporal(): Promise<Client>;
}

export async function openSession(): Promise<Session> {
  const { loadSettings } = await import('../infra/settings.js');
  const settings = loadSettings();
  let stores: Promise<Stores> | undefined;
  let client: Promise<Client> | undefined;
  return {
    settings,
    stores: () => (stores ??= openStores(settings)),
    temporal: () => (client ??= connect(settings)),
  };
}

async function openStores(settings: Settings): Promise<Stores> {
  const { openStores: open } = await import('../workers/stores.js');
  return open(settings);
}

async function connect(settings: Settings): Promise<Client> {
  const { address, namespace, connectionOptions } = settings.temporal;
  if (await isRefused(address)) throw noTemporal(address, 'connection refused');
  const { Client, Connection } = await import('@temporalio/client');
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' });
    return new Client({ connection, namespace });
  } catch (error) {
    throw noTemporal(address, error instanceof Error ? error.message : String(error));
  }
}

function noTemporal(address: string, reason: string): CliError {
  return new CliError(
    EXIT.unreachable,
    `no Temporal server answers at ${address}: ${reason}`,
    '`judo up` starts the one of this machine; TEMPORAL_ADDRESS names another; `judo doctor` says more.',
  );
}

/** Whether nobody listens on this port of this machine: known at once, where gRPC would wait for its deadline. */
function isRefused(address: string): Promise<boolean> {
  const [, host, port] = /^(127\.[\d.]+|localhost):(\d+)$/.exec(address) ?? [];
  if (host === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = openSocket({ host, port: Number(port), timeout: 1000 });
    const end = (refused: boolean) => {
      socket.destroy();
      resolve(refused);
    };
    socket.once('connect', () => end(false)).once('timeout', () => end(false));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED'));
  });
}
