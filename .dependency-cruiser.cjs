/**
 * Dependencies point down this list only: contracts, workflows, activities, adapters, workers; cli and infra beside them; tests on top.
 * A room may import itself and what its rule does not forbid. tests/infra/dependency-direction.test.ts breaks each rule once.
 */
const room = (name) => `^${name}/`;
const rooms = (...names) => `^(${names.join('|')})/`;

const forbidden = [
  {
    name: 'contracts-stand-alone',
    comment: 'contracts are what everything else shares: they import zod and nothing else but types',
    from: { path: room('contracts') },
    to: { pathNot: ['^contracts/', '^node_modules/zod/'], dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'workflows-are-deterministic',
    comment: 'a workflow runs in the sandbox: contracts, temporal.config and pure packages; activities as types only',
    from: { path: room('workflows') },
    to: {
      path: [
        rooms('activities', 'adapters', 'workers', 'cli', 'infra'),
        '^node_modules/(@aws-sdk|openai|sharp|pino|@temporalio/(worker|client|activity))',
      ],
      dependencyTypesNot: ['type-only'],
    },
  },
  {
    name: 'contracts-know-no-room',
    comment: 'not even types of ours come from elsewhere',
    from: { path: room('contracts') },
    to: { path: rooms('workflows', 'activities', 'adapters', 'workers', 'cli', 'infra') },
  },
  {
    name: 'workflows-know-no-adapter',
    comment: "not even an adapter's or the command line's types",
    from: { path: room('workflows') },
    to: { path: rooms('adapters', 'workers', 'cli', 'infra') },
  },
  {
    name: 'workflows-use-no-node-module',
    comment: 'the sandbox has none',
    from: { path: room('workflows') },
    to: { dependencyTypes: ['core'] },
  },
  {
    name: 'activities-take-ports',
    comment: 'activities are given the ports that they need by the composition root',
    from: { path: room('activities') },
    to: { path: [rooms('adapters', 'workers', 'cli', 'infra'), '^node_modules/(@aws-sdk|openai|sharp)/'] },
  },
  {
    name: 'adapters-implement-ports',
    comment: 'an adapter knows contracts and its SDK',
    from: { path: room('adapters') },
    to: { path: rooms('workflows', 'activities', 'workers', 'cli', 'infra') },
  },
  {
    name: 'workers-know-no-command',
    comment: 'a worker is a composition root; it reads settings from infra/settings.ts and starts no server',
    from: { path: room('workers') },
    to: { path: ['^cli/', '^infra/stack/'] },
  },
  {
    name: 'infra-is-below-the-pipeline',
    comment: 'the stack starts processes; it imports no pipeline code',
    from: { path: room('infra') },
    to: { path: rooms('workflows', 'activities', 'adapters', 'workers', 'cli') },
  },
  {
    name: 'nothing-imports-tests',
    comment: 'tests and benchmarks are on top',
    from: { path: rooms('contracts', 'workflows', 'activities', 'adapters', 'workers', 'cli', 'infra') },
    to: { path: rooms('tests', 'bench') },
  },
  {
    name: 'no-circle',
    comment: 'files that need each other are one file, or three',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  { name: 'resolvable', comment: 'an import names a file or an installed package', from: {}, to: { couldNotResolve: true } },
];

module.exports = {
  forbidden: forbidden.map((rule) => ({ severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      conditionNames: ['import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
