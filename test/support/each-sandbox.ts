import {afterEach, beforeEach} from 'vitest'
import {type Sandbox, type SandboxOptions, type SeenRequest, startSandbox} from '../../src/sandbox/index.ts'
import {freshEnvironment} from './run-vpcmd.ts'

/** The sandbox of the test that runs. */
export interface EachSandbox {
  sandbox: Sandbox
  /** An environment that leads vpcmd there. */
  env: Record<string, string>
  /** What was sent to it. */
  seen: SeenRequest[]
}

/** Starts a sandbox for each test of a file, and closes it afterwards. */
export function startEachSandbox(options: SandboxOptions = {}, more: Record<string, string> = {}): EachSandbox {
  const here = {} as EachSandbox
  beforeEach(async () => {
    here.seen = []
    here.sandbox = await startSandbox({...options, onRequest: request => here.seen.push(request)})
    here.env = freshEnvironment({...here.sandbox.environment, ...more})
  })
  afterEach(() => here.sandbox.close())
  return here
}
