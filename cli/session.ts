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
  const { Client, Connection } = await import('@temporalio/client');
  const { address, namespace, connectionOptions } = settings.temporal;
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' });
    return new Client({ connection, namespace });
  } catch (error) {
    throw new CliError(
      EXIT.unreachable,
      `no Temporal server answers at ${address}: ${error instanceof Error ? error.message : String(error)}`,
      '`judo up` starts the one of this machine; TEMPORAL_ADDRESS names another; `judo doctor` says more.',
    );
  }
}
