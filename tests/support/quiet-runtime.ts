import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';

/** One runtime a test process. A server that is away, or a history that is refused, is part of a test: warnings of it are not. */
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
});
