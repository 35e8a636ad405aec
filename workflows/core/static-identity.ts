import type { Digest } from '../../contracts/artifact.js';
import type { InputSource, Plan } from '../../contracts/plan.js';
import { canonicalJson } from './canonical-json.js';
import { digestOfText } from './stage-key.js';

/**
 * What each stage of a plan is, before anything ran: its kind, implementation version, parameters and force, and the identity of
 * what it reads, down to the sources. Two stages of one identity have one key, whatever their names, plans and variants. The
 * reverse is not said: a stage that makes the same bytes in another way leaves those below it with one key too.
 */
export function staticIdentities(plan: Pick<Plan, 'stages'>, digest: (text: string) => Digest = digestOfText): Map<string, Digest> {
  const identities = new Map<string, Digest>();
  // Plans are in topological order: what a stage reads is known before it.
  for (const { id, kind, implementationVersion, params, force, inputs } of plan.stages) {
    const read = (source: InputSource) =>
      source.from === 'artifact' ? source.digest : [identities.get(source.stage) ?? source.stage, source.output];
    const from = Object.fromEntries(Object.entries(inputs).map(([port, source]) => [port, read(source)]));
    identities.set(id, digest(canonicalJson({ kind, implementationVersion, params, force, inputs: from })));
  }
  return identities;
}

export interface OutlineCell {
  readonly variant: string;
  readonly stage: string;
  readonly kind: string;
  readonly identity: Digest;
  /** `shared`: an earlier variant's stage is the very same. */
  readonly state: 'done' | 'will-run' | 'shared';
}

export interface SweepOutline {
  /** Stage runs if nothing were shared. */
  readonly stages: number;
  readonly unique: number;
  /** Unique stages that are done. */
  readonly done: number;
  /** Variant by variant, each in its plan's order. */
  readonly cells: readonly OutlineCell[];
}

/** A sweep's variants, stage by stage: what is done, what will run, and what runs once for several. */
export function outlineSweep(
  variants: readonly { readonly name: string; readonly plan: Pick<Plan, 'stages'> }[],
  isDone: (variant: string, stage: string) => boolean = () => false,
): SweepOutline {
  const states = new Map<Digest, 'done' | 'will-run'>();
  const digest = rememberedDigest();
  const cells = variants.flatMap(({ name, plan }) => {
    const identities = staticIdentities(plan, digest);
    return plan.stages.map(({ id, kind }): OutlineCell => {
      const identity = identities.get(id)!;
      const before = states.get(identity);
      const state = before ?? (isDone(name, id) ? 'done' : 'will-run');
      states.set(identity, state);
      return { variant: name, stage: id, kind, identity, state: before === 'will-run' ? 'shared' : state };
    });
  });
  return { stages: cells.length, unique: states.size, done: [...states.values()].filter((state) => state === 'done').length, cells };
}

/** Most stages of a sweep are the same in many variants: each text is hashed once. */
function rememberedDigest(): (text: string) => Digest {
  const known = new Map<string, Digest>();
  return (text) => {
    const digest = known.get(text) ?? digestOfText(text);
    known.set(text, digest);
    return digest;
  };
}
