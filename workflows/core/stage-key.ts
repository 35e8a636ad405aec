import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Digest } from '../../contracts/artifact.js';
import type { PlanStage } from '../../contracts/plan.js';
import { canonicalJson } from './canonical-json.js';

/** sha256 of a value's canonical JSON, in hex. Pure JavaScript: it also runs inside the workflow sandbox. */
export function digestOf(value: unknown): Digest {
  return digestOfText(canonicalJson(value));
}

/** As `digestOf`, of a text that is canonical already. */
export const digestOfText = (text: string): Digest => bytesToHex(sha256(utf8ToBytes(text)));

/**
 * The stage's identity: what it is (kind, implementation version), what it reads (its parameter slice) and what it reads from
 * (input digests; the base model is one of them, the seed is a parameter). Run, host, GPUs, time-outs and names are not in it.
 */
export function stageKey(
  stage: Pick<PlanStage, 'kind' | 'implementationVersion' | 'params' | 'force'>,
  inputs: Readonly<Record<string, Digest>>,
): Digest {
  return digestOf({
    kind: stage.kind,
    implementationVersion: stage.implementationVersion,
    params: stage.params,
    inputs,
    ...(stage.force === undefined ? {} : { force: stage.force }),
  });
}
