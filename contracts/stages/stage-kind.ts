import type { z } from 'zod';

export const QUEUES = ['pipeline', 'cpu', 'teacher', 'gpu'] as const;
export type Queue = (typeof QUEUES)[number];

/** An input port of a stage kind: where it comes from when a recipe does not say. */
export interface InputPort {
  /** `data` and `model` are the recipe's sources; `stage.output` is an earlier stage's artifact. */
  readonly from: 'data' | 'model' | `${string}.${string}`;
  /** May be absent when the stage that makes it is disabled or not in the recipe. */
  readonly optional?: true;
}

/** What the engine knows of a kind of stage: its parameter slice, its ports and where it runs. Nothing else is wired to a system. */
export interface StageKind {
  readonly kind: string;
  /** One sentence for people, shown by `judo plan` and in the Temporal UI. */
  readonly title: string;
  /** Part of the key: raised when the stage's code changes what it makes. */
  readonly implementationVersion: number;
  /** The slice of parameters it reads: strict, every field with its default. */
  readonly params: z.ZodObject;
  readonly queue: Queue;
  /** Name of the activity that does it. */
  readonly activity: string;
  /** `everything`: one port `<stage>.<output>` for each output of every other stage of the plan, policies left out. */
  readonly inputs: Readonly<Record<string, InputPort>> | 'everything';
  readonly outputs: readonly string[];
  /** Which trainer of the GPU worker does it; stages that train only. */
  readonly trainer?: 'sft' | 'grpo';
  /** When the stage is disabled, whoever asked for this output gets what this input would have been. */
  readonly passThrough?: { readonly output: string; readonly input: string };
}
