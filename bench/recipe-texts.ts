const HEAD = ['schema: 1', 'model: tiny', 'data: { root: data }'];
const KINDS = ['seg-jux-data', 'seg-jux', 'dom-inj-data', 'dom-inj', 'golden-reasoning', 'grpo', 'mmad-eval', 'report'] as const;

/** Every stage of JUDO, nothing set. */
export const RECIPE = lines(...HEAD, `stages: { ${KINDS.map((kind) => `${kind}: {}`).join(', ')} }`);

/** A sweep over that recipe in `recipe.yaml`: eight stages a variant, five of them the same whatever GRPO's beta is. */
export function sweepText({ seeds, betas }: { seeds: number; betas: number }): string {
  const axis = (values: number[]) => `[${values.join(', ')}]`;
  const beta = axis(Array.from({ length: betas }, (_, n) => (n + 1) / 100));
  const seed = axis(Array.from({ length: seeds }, (_, n) => n));
  return lines('schema: 1', 'recipe: recipe.yaml', 'grid:', `  grpo.beta: ${beta}`, `  seed: ${seed}`);
}

/** One recipe of six stages a seed, all with keys of their own. */
export function wideRecipe(seeds: number, beta: number): string {
  const stages = Array.from({ length: seeds }, (_, n) => [
    `  seg-jux-data-${n}: { kind: seg-jux-data, seed: ${n} }`,
    `  seg-jux-${n}: { kind: seg-jux, seed: ${n}, inputs: { rows: seg-jux-data-${n}.rows } }`,
    `  dom-inj-data-${n}: { kind: dom-inj-data, seed: ${n} }`,
    `  dom-inj-${n}: { kind: dom-inj, seed: ${n}, inputs: { rows: dom-inj-data-${n}.rows, policy: seg-jux-${n}.policy } }`,
    `  golden-reasoning-${n}: { kind: golden-reasoning, seed: ${n}, inputs: { comparisons: seg-jux-data-${n}.rows } }`,
    `  grpo-${n}: { kind: grpo, seed: ${n}, beta: ${beta}, inputs: { rows: golden-reasoning-${n}.rows, policy: dom-inj-${n}.policy } }`,
  ]);
  return lines(...HEAD, 'stages:', ...stages.flat());
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
