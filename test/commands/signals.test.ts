import {constants} from 'node:os'
import {afterEach, describe, expect, it} from 'vitest'
import {allowSeconds} from '../support/allow-seconds.ts'
import {type Pty, startPty} from '../support/pty.ts'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Signal = (typeof signals)[number]
const codeOf = (signal: Signal) => 128 + constants.signals[signal]

describe('in a prompt', () => {
  let pty: Pty | undefined
  afterEach(() => pty?.kill())

  it.each(signals)('%s ends vpcmd with its own exit code, and shows the cursor', async signal => {
    const args = [vpcmdPath, 'metadata', 'show', '--sandbox']
    pty = startPty(process.execPath, args, {env: freshEnvironment()})
    await pty.waitFor('Search:')
    pty.kill(signal)
    expect(await pty.exit).toEqual({exitCode: codeOf(signal)})
    expect(pty.everything()).toContain('Interrupted: nothing was sent.')
    expect(pty.everything()).not.toContain('Error:')
    expect(pty.cursorVisible()).toBe(true)
  })

  it('SIGTERM leaves the console with its own exit code', async () => {
    pty = startPty(process.execPath, [vpcmdPath, 'console', '--sandbox'], {env: freshEnvironment()})
    await pty.waitFor('Search:')
    pty.kill('SIGTERM')
    expect(await pty.exit).toEqual({exitCode: 143})
  })
})
