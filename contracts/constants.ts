/** What workflow code needs of the contracts at run time. No zod here: every execution of a workflow evaluates what it imports. */

/** Every way in which a stage can fail. The set is closed: an activity's edge maps any error to one of these. */
export const FAILURE_TYPES = [
  'InvalidSpec',
  'DatasetCorrupt',
  'CheckpointIncompatible',
  'OutOfGpuMemory',
  'TrainingDiverged',
  'TeacherRefused',
  'ArtifactMissing',
  'DigestMismatch',
  'StalledTraining',
  'Preempted',
  'Transient',
] as const;

/** How urgent is what names no priority: Temporal's own default. Lower is more urgent. */
export const DEFAULT_PRIORITY_KEY = 3;
