import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {freshEnvironment, runShell} from '../support/run-vpcmd.ts'

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
let sandbox: Sandbox
let env: Record<string, string>
beforeEach(async () => {
  sandbox = await startSandbox()
  env = freshEnvironment(sandbox.environment)
})
afterEach(() => sandbox.close())

describe('in a folder that is gone', () => {
  const gone = (line: string) => runShell(`cd "$HOME" && mkdir gone && cd gone && rmdir ../gone; ${line}`, env)

  it.each([
    'instances list -q',
    `metadata show ${id}`,
    `metadata enable ${id}`,
    'metadata history',
    'imds script',
    `connect ${id} --print`,
    'metadata plan --enable --all --out "$HOME/plan.json"',
  ])('vpcmd %s works', async words => {
    const {code, stderr} = await gone(`vpcmd ${words}`)
    expect({code, stderr}).toEqual({code: 0, stderr: expect.not.stringMatching(/Error|not made for/)})
  })

  it.each([
    ['metadata plan --enable --all --out plan.json', 2],
    ['metadata apply plan.json', 2],
    ['metadata show --from-file list', 2],
    ['metadata audit --report json=x.json', 2],
    ['sandbox start --metadata-ca ca.pem', 2],
    ['connect my-windows-server --rdp x.rdp', 2],
    [`connect ${id} --print -i key`, 2],
    [`metadata collect ${id} --out folder`, 2],
    ['imds certificate --new-key x.key', 2],
    ['instances list --api-key-file key', 3],
    ['env IBM_CREDENTIALS_FILE=own.env instances list', 3],
  ])('vpcmd %s says that it needs one', async (words, exitCode) => {
    // The shell knows vpcmd as a function, and env would look for a file.
    const line = words.startsWith('env ') ? words.replace(/^env (\S+) /, '$1 vpcmd ') : `vpcmd ${words}`
    const {code, stderr} = await gone(line)
    expect({code, stderr}).toEqual({code: exitCode, stderr: expect.stringMatching(/current folder.* is gone/)})
    expect(stderr).not.toMatch(/unexpected|not made for|\n\s+at /)
  })
})
