import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/slow/**'],
    globalSetup: ['tests/support/temporal-server.ts'],
    // Real servers and real processes: generous, and only there so that a hang is told by name.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
  },
});
