/**
 * The one place that says where things are and how patient we are. Values from the environment win (see `judo config explain`).
 * Pointing it at a real cluster, bucket and teacher needs no code: Temporal's profiles and AWS's variables are read as usual.
 */
export const queues = { pipeline: 'judo-pipeline', cpu: 'judo-cpu', teacher: 'judo-teacher', gpu: 'judo-gpu' } as const;

/** Temporal's name for all that runs our workflows, whatever its build. */
export const deploymentName = 'judo';

/**
 * Retry and time-out profiles, one a queue. Durations are Temporal's strings. Where a queue has several hosts, one on which a stage
 * failed leaves it to another once: that is an attempt too.
 */
export const profiles = {
  /** A few small reads of the record store, beside the workflow; the store being away is waited out. */
  pipeline: { startToCloseTimeout: '30s', retry: { initialInterval: '200ms', maximumInterval: '5s' } },
  /** Minutes of sharp and hashing; nothing is lost by a second attempt because trees are content-addressed. */
  cpu: { startToCloseTimeout: '2h', heartbeatTimeout: '30s', retry: { maximumAttempts: 8, initialInterval: '1s', maximumInterval: '1m' } },
  /** Rate limits pass: be patient. Every answer is filed before it counts, so an attempt repeats no paid call. */
  teacher: {
    startToCloseTimeout: '24h',
    heartbeatTimeout: '20s',
    retry: { maximumAttempts: 20, initialInterval: '2s', maximumInterval: '5m' },
  },
  /** Restarts cost GPU hours: find a dead host in a minute (the host beats, not the trainer), resume from the last checkpoint. */
  gpu: { startToCloseTimeout: '14d', heartbeatTimeout: '20s', retry: { maximumAttempts: 8, initialInterval: '2s', maximumInterval: '2m' } },
  /** What a night asks of the store and of Temporal: small, and waited for while they are away. */
  night: { startToCloseTimeout: '5m', retry: { initialInterval: '500ms', maximumInterval: '1m' } },
  /** A run's report as far as it is: shown when it can be, never waited for long. */
  report: { startToCloseTimeout: '2m', scheduleToCloseTimeout: '3m', retry: { maximumAttempts: 2 } },
  /** A webhook: worth a few tries, never worth holding a run up. */
  notice: { startToCloseTimeout: '30s', scheduleToCloseTimeout: '1h', retry: { initialInterval: '2s', maximumInterval: '5m' } },
} as const;

/** A run continues as new after so many events: its history stays quick to read and far below Temporal's limit of 51,200. */
export const continueAfterEvents = 1_500;

/** Lower first, on every queue: a person waits for an interactive run, nobody for a sweep. Within a class, runs take turns. */
export const priorities = { interactive: { priorityKey: 1 }, nightly: { priorityKey: 3 }, sweep: { priorityKey: 4 } } as const;

/** A run's report in the bucket is written anew when a stage ends or is blocked, at most so often. */
export const reportEveryMs = 30_000;

/** How often a host with a preemptible stage looks whether a more urgent one waits. */
export const preemptionLookMs = 5_000;

/** How often a worker looks which builds of the workflows open runs still need. */
export const workflowBuildsLookMs = 30_000;

/** How long a training process may say nothing before it is taken for hung. Outlasts a 7B model's load. */
export const stallAfterMs = 15 * 60_000;
/** After a stop request: how long a trainer may take to write its checkpoint before it is killed. */
export const stopGraceMs = 60_000;

export const temporal = { address: '127.0.0.1:7233', namespace: 'default' } as const;
export const bucket = 'judo';

/** How long a cancelled run waits for its stages to checkpoint and end before it closes all the same. */
export const cancelPatience = '3m';
