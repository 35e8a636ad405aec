import { CliError, EXIT } from '../exit-codes.js';

/** Prints an error as people want it: what is wrong, then the remedy; a stack only for what we did not foresee. Returns the exit code. */
export function reportError(error: unknown, stderr: NodeJS.WritableStream): number {
  const known = translate(error);
  stderr.write(`judo: ${known.message}\n`);
  if (known.remedy !== undefined) stderr.write(`remedy: ${known.remedy}\n`);
  if (known.exitCode === EXIT.failed && !(error instanceof CliError) && error instanceof Error) stderr.write(`${error.stack ?? ''}\n`);
  return known.exitCode;
}

type StageFailure = Error & { failure: { type: string; message: string; remedy?: string } };

function ofStage({ failure, cause }: StageFailure): CliError {
  if (isUnconfiguredS3(cause))
    return new CliError(
      EXIT.unreachable,
      `no S3 server is configured, and none of this machine has been started: ${failure.message}`,
      '`judo up` starts the one of this machine; JUDO_S3_ENDPOINT, AWS_REGION and AWS credentials name another; `judo doctor` says more.',
    );
  if (failure.type === 'Transient' || isFromS3(cause)) return new CliError(EXIT.unreachable, failure.message, failure.remedy);
  return new CliError(failure.type === 'ArtifactMissing' ? EXIT.notFound : EXIT.usage, failure.message, failure.remedy);
}

/** AWS itself is meant only by default: nothing says where, or as whom. */
const isUnconfiguredS3 = (cause: unknown): boolean =>
  cause instanceof Error && (cause.name === 'CredentialsProviderError' || cause.message.includes('Region is missing'));

/** The server answered, and will not have us: wrong credentials, no such bucket, another region. */
const isFromS3 = (cause: unknown): boolean => cause instanceof Error && ('$metadata' in cause || cause.name === 'NoSuchBucket');

/** Errors are told apart by name: importing their classes would load Temporal and AWS into every command. */
function translate(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) return new CliError(EXIT.failed, String(error));
  switch (error.name) {
    case 'RecipeFileError':
    case 'RecipeError':
      return new CliError(EXIT.usage, error.message);
    case 'WorkflowNotFoundError':
      return error.message.includes('already completed')
        ? new CliError(EXIT.usage, 'the run has ended already', '`judo show RUN` says how; `judo runs` lists those that go on.')
        : new CliError(EXIT.notFound, `no such run: ${error.message}`, '`judo runs` lists them.');
    case 'WorkflowUpdateFailedError':
      return new CliError(EXIT.usage, error.cause instanceof Error ? error.cause.message : error.message);
    case 'StageError':
      return ofStage(error as StageFailure);
    case 'StackError':
      return new CliError(EXIT.unreachable, error.message, '`judo doctor` shows what is wrong.');
    case 'NamespaceNotFoundError':
      return new CliError(
        EXIT.unreachable,
        `Temporal refuses us: ${error.message}`,
        'TEMPORAL_NAMESPACE names the namespace; it must exist.',
      );
    case 'ServiceError':
    case 'TransportError':
      return new CliError(
        EXIT.unreachable,
        `Temporal cannot be reached or refuses us: ${error.message}`,
        'judo up starts the servers of this machine; judo doctor shows what is wrong.',
      );
    default: {
      const code = 'code' in error ? String(error.code) : '';
      if (code === 'ENOENT' && 'path' in error) return new CliError(EXIT.usage, `no such file: ${String(error.path)}`);
      return new CliError(EXIT.failed, error.message);
    }
  }
}
