import {defineConfig} from 'vitest/config'

// What takes minutes is run by `npm run test:e2e`.
export default defineConfig(({mode}) => ({
  test: {
    include: [mode === 'e2e' ? 'test/**/*.e2e.ts' : 'test/**/*.test.ts'],
    testTimeout: mode === 'e2e' ? 180_000 : 60_000,
    hookTimeout: 60_000,
    // Most tests wait for processes and clocks: two cores carry three at a time.
    ...(mode !== 'e2e' && {maxWorkers: 3}),
    restoreMocks: true,
    coverage: {
      include: ['src/**/*.{ts,tsx}'],
      // .config/coverage-by-room.mjs sums it up.
      reporter: ['html', 'json-summary'],
    },
  },
}))
