import {defineConfig} from 'vitest/config'

// What takes minutes is run by `npm run test:e2e`.
export default defineConfig(({mode}) => ({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: [mode === 'e2e' ? 'test/**/*.e2e.ts' : 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true,
  },
}))
