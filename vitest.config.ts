import {defineConfig} from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    coverage: {
      include: ['src/**/*.ts'],
      // .config/coverage-by-room.mjs sums it up.
      reporter: ['html', 'json-summary'],
    },
  },
})
