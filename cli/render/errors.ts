import { CliError, EXIT } from '../exit-codes.js';

/** Prints an error as people want it: what is wrong, then the remedy; a stack only for what we did not foresee. Returns the exit code. */
export function reportError(error: unknown, stderr: NodeJS.WritableStream): number {
  const known = translate(error);
  stderr.write(`judo: ${known.message}\n`);
  if (known.remedy !== undefined) stderr.write(`remedy: ${known.remedy}\n`);
  if (known.exitCode === EXIT.failed && !(error instanceof CliError) && error instanceof Error) stderr.write(`${error.stack ?? ''}\n`);
  return known.exitCode;
}

/** Errors are told apart by name: importing their classes would load Temporal and AWS into every command. */
function translate(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (!(error instanceof Error)) return new CliError(EXIT.failed, String(error));
  switch (error.name) {
    case 'RecipeFileError':
    case 'RecipeError':
      return new CliError(EXIT.usage, error.message);
    case 'WorkflowNotFoundError':
      return new CliError(EXIT.notFound, `no such run: ${error.message}`, 'judo runs');
    case 'WorkflowUpdateFailedError':
      return new CliError(EXIT.usage, error.cause instanceof Error ? error.cause.message : error.message);
    case 'StageError': {
      const { failure } = error as Error & { failure: { type: string; message: string; remedy?: string } };
      const exit = failure.type === 'Transient' ? EXIT.unreachable : failure.type === 'ArtifactMissing' ? EXIT.notFound : EXIT.usage;
      return new CliError(exit, failure.message, failure.remedy);
    }
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
