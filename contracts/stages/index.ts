import { domInjData } from './dom-inj-data.js';
import { goldenReasoning } from './golden-reasoning.js';
import { grpo } from './grpo.js';
import { mmadEval } from './mmad-eval.js';
import { report } from './report.js';
import { segJuxData } from './seg-jux-data.js';
import { coldStart, domInj, segJux } from './sft.js';
import type { StageKind } from './stage-kind.js';

/** Every kind of stage that a recipe may name. A new kind is one file here, one activity, and a line in a recipe. */
export const STAGE_KINDS: Readonly<Record<string, StageKind>> = Object.fromEntries(
  [segJuxData, segJux, domInjData, domInj, goldenReasoning, coldStart, grpo, mmadEval, report].map((kind) => [kind.kind, kind]),
);
export * from './stage-kind.js';
