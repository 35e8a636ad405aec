import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { S3Place } from './s3-errors.js';

/** What reaches a bucket. What is left out comes from AWS's own variables and profiles. */
export interface S3Options {
  readonly bucket: string;
  /** A server that is not AWS; its addresses are path-style. AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL by default. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** Files above this size go up in parts of at least this size. S3 allows no part below 5 MiB except the last. */
  readonly partBytes?: number;
}

/** The SDK, loaded, and a client of it. */
export interface Connection {
  readonly sdk: typeof import('@aws-sdk/client-s3');
  readonly client: S3Client;
}

/** Where these options lead, the environment's endpoint included. */
export function placeOf(options: S3Options): S3Place {
  const fromEnvironment = process.env['AWS_ENDPOINT_URL_S3'] || process.env['AWS_ENDPOINT_URL'] || undefined;
  return { bucket: options.bucket, endpoint: options.endpoint ?? fromEnvironment };
}

/** The SDK prints a notice about Node 20's end of life in every command; we say which Node we support ourselves. */
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

/** Loads the SDK and makes the client at the first call; later calls share it. */
export function connectLazily(options: S3Options): () => Promise<Connection> {
  let connection: Promise<Connection> | undefined;
  return () => (connection ??= import('@aws-sdk/client-s3').then((sdk) => ({ sdk, client: new sdk.S3Client(configOf(options)) })));
}

function configOf(options: S3Options): S3ClientConfig {
  const { endpoint } = placeOf(options);
  // Left to the SDK on AWS: it may stand in a profile.
  const region = options.region ?? (process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'] || (endpoint && 'us-east-1'));
  // Servers other than AWS do not all know the newer checksums; ours are the blobs' own sha256.
  const checksums = endpoint === undefined ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
  return {
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    // Thousands of small reads: the SDK need not put the same steps together again for each of them.
    cacheMiddleware: true,
    ...(region && { region }),
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(options.credentials && { credentials: options.credentials }),
    // A server that accepts and says nothing is as dead as one that refuses: give up after a minute of silence.
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000, httpAgent: { maxSockets: 32 }, httpsAgent: { maxSockets: 32 } },
  };
}

/** The SDK's send options for a signal. */
export function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}
