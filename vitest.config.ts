import {defineConfig} from 'vitest/config'

// What takes minutes is run by `npm run test:e2e`.
export default defineConfig(({mode}) => ({
  test: {
    ...(mode === 'e2e'
      ? {include: ['test/**/*.e2e.ts'], testTimeout: 180_000, hookTimeout: 60_000}
      : {
          include: ['test/**/*.test.ts'],
          // A test that needs longer says so, and why.
          testTimeout: 5000,
          hookTimeout: 20_000,
          // No test mocks a module, or leaves a global otherwise than it was: what one file has loaded, the next one uses.
          isolate: false,
          // Most tests wait for sockets and processes: two cores carry three at a time.
          maxWorkers: 3,
        }),
    setupFiles: ['test/support/remove-homes.ts'],
    restoreMocks: true,
    unstubEnvs: true,
    // Without this, the style of the HTML report would be empty in tests.
    css: true,
    coverage: {
      include: ['src/**/*.{ts,tsx}'],
      // .config/coverage-by-room.mjs sums it up.
      reporter: ['html', 'json-summary'],
    },
  },
}))
