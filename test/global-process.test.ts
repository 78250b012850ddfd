import {readFileSync} from 'node:fs'
import {transformSync} from 'esbuild'
import {globSync} from 'tinyglobby'
import {expect, it} from 'vitest'

// Of names, esbuild replaces only those that no scope declares, and none in comments and texts. A module that is loaded
// late, so that vpcmd starts sooner, is an import.
const define = {process: 'itIsTouched', 'globalThis.process': 'itIsTouched', 'process.getBuiltinModule': 'loadLate'}

const touchesProcess = (text: string, loader: 'ts' | 'tsx' = 'ts') =>
  /\bitIsTouched\b|["'](node:)?process["']/.test(transformSync(text, {loader, define}).code)

it('a host stands between vpcmd and its process: what runs in another place, as a test, patches nothing', () => {
  const files = globSync('src/**/*.{ts,tsx}').sort()
  const touching = files.filter(file => touchesProcess(readFileSync(file, 'utf8'), file.endsWith('x') ? 'tsx' : 'ts'))
  expect(touching).toEqual([
    'src/cli/host.ts',
    'src/machine.ts',
    'src/main.ts',
    'src/own-output.ts',
    'src/sandbox/ssh/own-process.ts',
    'src/signals.ts',
  ])
})

it.each([
  ['process.env.HOME', true],
  ['run(process)', true],
  ['globalThis.process.exit(1)', true],
  ["import {env} from 'node:process'; use(env)", true],
  ["process.getBuiltinModule('node:zlib')", false],
  ["// The process.env of another.\nsay('process.env')", false],
  ['(process: Host) => process.env', false],
])('%s is found out: %s', (text, isTouched) => {
  expect(touchesProcess(text)).toBe(isTouched)
})
