import { StageError, type Failure } from '../../contracts/failure.js';

/** Where an S3 call went; every message names it. */
export interface S3Place {
  readonly bucket: string;
  readonly endpoint: string | undefined;
}

/** `s3://bucket at http://…`, for people. */
export function describePlace(place: S3Place): string {
  return `s3://${place.bucket}${place.endpoint === undefined ? '' : ` at ${place.endpoint}`}`;
}

const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const BAD_CREDENTIALS = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken', 'TokenRefreshRequired']);
const THROTTLED = new Set(['SlowDown', 'Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequestsException']);

/** The name, network code and HTTP status of whatever the SDK threw. */
export function s3Symptoms(error: unknown): { name: string; code: string; status: number; text: string } {
  if (!(error instanceof Error)) return { name: '', code: '', status: 0, text: String(error) };
  const metadata = '$metadata' in error && typeof error.$metadata === 'object' && error.$metadata !== null ? error.$metadata : {};
  const status = 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : 0;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const parts = error instanceof AggregateError ? error.errors.map(String) : [];
  return { name: error.name, code, status, text: [error.message, ...parts].filter(Boolean).join('; ') || error.name };
}

/** Whether the connection broke, so that nobody knows if the request was carried out. */
export function isBrokenConnection(error: unknown): boolean {
  const { name, code } = s3Symptoms(error);
  return UNREACHABLE.has(code) || name === 'TimeoutError';
}

/** The closed set's word for an S3 error, with the remedy. What is neither S3's nor the network's fault comes back unchanged. */
export function toS3StageError(error: unknown, place: S3Place, what: string): unknown {
  if (error instanceof StageError) return error;
  const failure = classify(error, place, what);
  return failure === null ? error : new StageError(failure, { cause: error });
}

function classify(error: unknown, place: S3Place, what: string): Failure | null {
  const { name, code, status, text } = s3Symptoms(error);
  const where = describePlace(place);
  if (name === 'NoSuchBucket')
    return { type: 'ArtifactMissing', message: `${what}: there is no bucket ${place.bucket} (${where})`, remedy: bucketRemedy(place) };
  if (name === 'RequestTimeTooSkewed')
    return {
      type: 'InvalidSpec',
      message: `${what}: ${where} refuses us: ${text}`,
      remedy: "Set this machine's clock (`judo doctor` shows the skew).",
    };
  if (name === 'CredentialsProviderError')
    return { type: 'InvalidSpec', message: `${what}: no credentials for ${where}: ${text}`, remedy: credentialsRemedy };
  if (BAD_CREDENTIALS.has(name) || status === 401 || status === 403)
    return { type: 'InvalidSpec', message: `${what}: ${where} refuses our credentials (${name} ${status})`, remedy: credentialsRemedy };
  if (status === 507 || code === 'ENOSPC' || /no space left/i.test(text))
    return {
      type: 'Transient',
      message: `${what}: the disk of ${where} is full (${status || code})`,
      remedy: "Free space on the S3 server's disk; the stage goes on by itself.",
    };
  if (THROTTLED.has(name) || status === 429 || status >= 500)
    return {
      type: 'Transient',
      message: `${what}: ${where} answers ${status} ${name}: ${text}`,
      remedy: 'Usually passes; otherwise read the S3 server’s log.',
    };
  if (isBrokenConnection(error))
    return {
      type: 'Transient',
      message: `${what}: ${where} cannot be reached: ${text}`,
      remedy: 'Start the S3 server (`judo up`) or correct the endpoint (AWS_ENDPOINT_URL).',
    };
  if (status === 0 && text.includes('Region is missing'))
    return { type: 'InvalidSpec', message: `${what}: no region for ${where}`, remedy: "Set AWS_REGION to the bucket's region." };
  if (status === 301 || name === 'AuthorizationHeaderMalformed')
    return {
      type: 'InvalidSpec',
      message: `${what}: ${where} lies in another region: ${text}`,
      remedy: "Set AWS_REGION to the bucket's region.",
    };
  if (status >= 400)
    return {
      type: 'InvalidSpec',
      message: `${what}: ${where} answers ${status} ${name}: ${text}`,
      remedy: 'Check the bucket and its policy with `judo doctor`.',
    };
  return null;
}

const credentialsRemedy =
  'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE) to credentials that may read and write this bucket.';

function bucketRemedy(place: S3Place): string {
  return `Create it (\`judo up\` does for the local stack, \`aws s3 mb s3://${place.bucket}\` elsewhere) or name another bucket.`;
}
