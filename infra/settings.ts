import { readFileSync } from 'node:fs';
import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import { z } from 'zod';
import { bucket, temporal as configured } from '../temporal.config.js';
import { judoHome } from './checkout.js';
import { readStackState } from './stack/state.js';

/** One value, and what decided it: for `judo config explain`. */
export interface SettingValue {
  readonly key: string;
  readonly value: string | null;
  readonly source: string;
  /** What to set to change it. */
  readonly variable: string;
}

type TemporalConnection = ReturnType<typeof toClientOptions>['connectionOptions'];

/** Where the servers are. Environment first, then what `judo up` started (`stack.json`), then temporal.config.ts. */
export interface Settings {
  readonly home: string;
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    /** Give it to `Connection.connect` or `NativeConnection.connect`: address, TLS and API key as Temporal's profiles say. */
    readonly connectionOptions: TemporalConnection;
    readonly tls: TemporalConnection['tls'];
    readonly apiKey: TemporalConnection['apiKey'];
    readonly ui: string | null;
  };
  readonly s3: {
    /** undefined = AWS itself. */
    readonly endpoint: string | undefined;
    readonly bucket: string;
    /** undefined = as AWS's own profile says. */
    readonly region: string | undefined;
    /** Of the one-machine stack; undefined = AWS's own chain (variables, profiles, roles). */
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  };
  readonly teacher: {
    /** Base URL of the rehearsal teacher, ending in /v1; null when none runs. */
    readonly rehearsalUrl: string | null;
    /** Endpoint of the real teacher; null = OpenAI's own. */
    readonly baseUrl: string | null;
    readonly hasApiKey: boolean;
  };
  readonly values: readonly SettingValue[];
}

export const S3Credentials = z.strictObject({ accessKeyId: z.string(), secretAccessKey: z.string() });

/** The words for "AWS itself" in `JUDO_S3_ENDPOINT`. */
export const AWS_ITSELF = 'aws';

/** Resolves every setting. Reads the environment, Temporal's profile file and `stack.json`; connects to nothing. */
export function loadSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const home = judoHome(environment);
  const stack = readStackState(home);
  const note = new Notes(environment);
  note.value('home', 'JUDO_HOME', [{ value: home, source: environment.JUDO_HOME ? 'environment JUDO_HOME' : '.judo of the checkout' }]);

  const temporal = temporalSettings(environment, stack?.temporal ?? null, note);
  const s3 = s3Settings(environment, stack?.s3 ?? null, note);
  const rehearsalUrl = note.optional('teacher.rehearsalUrl', 'JUDO_TEACHER_URL', [{ value: stack?.teacher?.url, source: 'stack.json' }]);
  const baseUrl = note.optional('teacher.baseUrl', 'OPENAI_BASE_URL', []);
  note.value('teacher.apiKey', 'OPENAI_API_KEY', [{ value: environment.OPENAI_API_KEY ? 'set' : 'unset', source: 'environment' }]);
  return { home, temporal, s3, teacher: { rehearsalUrl, baseUrl, hasApiKey: Boolean(environment.OPENAI_API_KEY) }, values: note.values };
}

/** Which servers the configuration places elsewhere: the one-machine stack then starts none of its own. */
export function externalServers(environment: NodeJS.ProcessEnv = process.env): { temporal: boolean; s3: boolean; teacher: boolean } {
  return {
    temporal: Boolean(temporalProfile(environment).address) || !isLoopback(configured.address),
    s3: s3EndpointVariables.some((name) => environment[name]),
    teacher: Boolean(environment.JUDO_TEACHER_URL),
  };
}

const s3EndpointVariables = ['JUDO_S3_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'] as const;

function isLoopback(address: string): boolean {
  return /^(127\.|localhost[:$]|\[::1\])/.test(address);
}

function temporalProfile(environment: NodeJS.ProcessEnv) {
  const overrideEnvVars = Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1])));
  return loadClientConfigProfile({ overrideEnvVars });
}

function temporalSettings(
  environment: NodeJS.ProcessEnv,
  stack: { address: string; ui: string } | null,
  note: Notes,
): Settings['temporal'] {
  const profile = temporalProfile(environment);
  const profileSource = `Temporal profile ${environment.TEMPORAL_PROFILE || 'default'}`;
  const address = note.value('temporal.address', 'TEMPORAL_ADDRESS', [
    { value: profile.address, source: profileSource },
    { value: isLoopback(configured.address) ? stack?.address : undefined, source: 'stack.json' },
    { value: configured.address, source: 'temporal.config.ts' },
  ]);
  const namespace = note.value('temporal.namespace', 'TEMPORAL_NAMESPACE', [
    { value: profile.namespace, source: profileSource },
    { value: configured.namespace, source: 'temporal.config.ts' },
  ]);
  // A profile's TLS and key belong to its own address: never send them to the stack's server.
  const ours = profile.address === undefined && address === stack?.address;
  const connectionOptions = toClientOptions(ours ? { address, namespace } : { ...profile, address, namespace }).connectionOptions;
  const { tls, apiKey } = connectionOptions;
  return { address, namespace, connectionOptions, tls, apiKey, ui: address === stack?.address ? stack.ui : null };
}

interface StackS3 {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly credentialsFile: string;
}

function s3Settings(environment: NodeJS.ProcessEnv, stack: StackS3 | null, note: Notes): Settings['s3'] {
  const variable = s3EndpointVariables.find((name) => environment[name]) ?? 'JUDO_S3_ENDPOINT';
  const asked = note.optional('s3.endpoint', variable, [{ value: stack?.endpoint, source: 'stack.json' }]);
  const ours = stack !== null && !environment[variable];
  const bucketName = note.value('s3.bucket', 'JUDO_S3_BUCKET', [
    { value: ours ? stack.bucket : undefined, source: 'stack.json' },
    { value: bucket, source: 'temporal.config.ts' },
  ]);
  const regionVariable = environment.AWS_REGION ? 'AWS_REGION' : 'AWS_DEFAULT_REGION';
  const region = note.optional('s3.region', regionVariable, [{ value: ours ? stack.region : undefined, source: 'stack.json' }]);
  const credentials = ours ? readCredentials(stack.credentialsFile) : undefined;
  note.value('s3.credentials', 'AWS_ACCESS_KEY_ID', [
    { value: credentials?.accessKeyId, source: stack?.credentialsFile ?? '' },
    { value: 'AWS credential chain', source: 'default' },
  ]);
  const endpoint = asked === null || asked === AWS_ITSELF ? undefined : asked;
  return { endpoint, bucket: bucketName, region: region ?? undefined, credentials };
}

function readCredentials(file: string): z.infer<typeof S3Credentials> {
  try {
    return S3Credentials.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Error(`cannot read the S3 credentials in ${file}; run \`judo down\` and \`judo up\` to make them anew`, { cause: error });
  }
}

interface Candidate {
  readonly value: string | undefined;
  readonly source: string;
}

/** Chooses the first candidate that is set, and remembers who won. An empty variable counts as unset. */
class Notes {
  readonly values: SettingValue[] = [];
  constructor(private readonly environment: NodeJS.ProcessEnv) {}

  value(key: string, variable: string, candidates: readonly [Candidate, ...Candidate[]]): string;
  value(key: string, variable: string, candidates: readonly Candidate[]): string {
    return this.optional(key, variable, candidates) ?? '';
  }

  optional(key: string, variable: string, candidates: readonly Candidate[]): string | null {
    const fromEnvironment = { value: this.environment[variable], source: `environment ${variable}` };
    const secret = variable.endsWith('_KEY') || variable.endsWith('_KEY_ID');
    const chosen = (secret ? candidates : [fromEnvironment, ...candidates]).find((candidate) => candidate.value) ?? null;
    this.values.push({ key, value: chosen?.value ?? null, source: chosen?.source ?? 'not set', variable });
    return chosen?.value ?? null;
  }
}
