import {afterEach} from 'vitest'
import {type Sandbox, type SandboxOptions, startSandbox} from '../../src/sandbox/index.ts'
import {runInProcess} from './run-in-process.ts'
import {freshEnvironment, type RunResult} from './run-vpcmd.ts'

/** A sandbox a test whose instances stop and start quickly, and what was sent to change them. */
export class PowerScene {
  sandbox!: Sandbox
  requests: string[] = []
  env: Record<string, string> = {}

  constructor() {
    afterEach(() => this.sandbox.close())
  }

  async set(options: SandboxOptions = {}): Promise<void> {
    this.requests = []
    this.sandbox = await startSandbox({
      transitionMs: 50,
      ...options,
      onRequest: ({method, path}) => {
        if (method === 'PATCH' || path.includes('/actions')) this.requests.push(method)
      },
    })
    this.env = freshEnvironment(this.sandbox.environment)
  }

  vpcmd = (...args: string[]): Promise<RunResult> => runInProcess(args, {env: this.env})
  named = (name: string) => this.sandbox.fleet.list().find(each => each.name === name)
  /** The ID of the run that began last. */
  lastRun = async () => (await this.vpcmd('metadata', 'history', '-q')).stdout.split('\n')[0] ?? ''
  statusOf = (name: string) => this.named(name)?.status
}

export const one = 'my-virtual-server-1'
export const three = 'my-virtual-server-3'
