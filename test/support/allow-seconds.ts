import {afterAll, vi} from 'vitest'

/** Gives each test of this file, from here on, so many seconds in place of the five that others have. */
export function allowSeconds(seconds: number, _reason: string): void {
  vi.setConfig({testTimeout: seconds * 1000})
  afterAll(() => {
    vi.resetConfig()
  })
}
