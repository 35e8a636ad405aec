import type { ImageCodec } from '../../contracts/ports/image-codec.js';
import type { StandIn, TeacherUsage } from '../../contracts/record.js';
import type { StageProgress } from '../../contracts/run.js';
import type { TeacherLedger } from '../teacher/ledger.js';

/** What a teacher stage is given. Folders are local and already there. */
export interface SynthesisContext<Params> {
  readonly params: Params;
  /** The dataset, in the MMAD layout. */
  readonly dataRoot: string;
  /** Input artifacts by port. */
  readonly inputDirs: Readonly<Record<string, string>>;
  /** Where the output artifact's files are written. */
  readonly outputDir: string;
  readonly codec: ImageCodec;
  readonly ledger: TeacherLedger;
  readonly concurrency: number;
  readonly signal?: AbortSignal;
  readonly onProgress: (progress: StageProgress) => void;
  /** When the stage's first attempt began: answers filed since then count as paid by this stage. */
  readonly paidSince?: Date;
}

export interface SynthesisResult {
  readonly summary: Record<string, number | string | boolean | null>;
  readonly usage: TeacherUsage;
  readonly standIns: StandIn[];
}

/**
 * The parameters that every teacher stage has. A nightly full rerun writes its rows anew and finds the teacher's answers filed:
 * of the run's `salt` only one that begins with FRESH_TEACHER is read.
 */
export interface TeacherParams {
  readonly teacherModel: string;
  readonly temperature: number;
  readonly maxOutputTokens: number;
  readonly seed: number;
  readonly salt: string;
}
