import { defineConfig } from 'vitest/config';

/** The slower suites: whole runs, crashes, load. One file at a time, because each takes the machine for itself. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['tests/slow/**/*.test.ts'],
    passWithNoTests: true,
    testTimeout: 40 * 60_000,
    hookTimeout: 40 * 60_000,
    maxWorkers: 1,
    fileParallelism: false,
  },
});
