import {spawn} from 'node:child_process'
import {mkdtempSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {performance} from 'node:perf_hooks'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'
import {apiKey, type Bend, type FakeCloud, startCloud} from './fake-cloud.ts'
import {checkEveryRun} from './oracles.ts'
import type {Mode, Run, Seen, Trial} from './trial.ts'
import {refusal} from './wire.ts'
import {instanceIdOf} from './world.ts'

/** A case and what did not hold of it. */
export interface Outcome {
  kind: string
  odd: string
  args: string
  failures: string[]
}

const longestMs = 60_000
const usualRequests = 300
const bothModes: Mode[] = ['text', 'json']

/** Runs a trial in each of its modes, and hands back an outcome for each of its cases. */
export async function runTrial(trial: Trial): Promise<Outcome[]> {
  const failures = new Map<string, string[]>()
  const note = (odd: string, found: string[]) => failures.set(odd, [...(failures.get(odd) ?? []), ...found])
  let first: Seen | undefined
  for (const mode of trial.modes ?? bothModes) {
    const seen = await runInMode(trial, mode)
    if (first) seen.otherCode = first.run.code
    first ??= seen
    const told = (found: string[]) => found.map(failure => `[${mode}] ${failure}`)
    for (const each of trial.cases ?? []) note(each.odd, told(each.hold(seen)))
    const whole = [...checkEveryRun(seen), ...(trial.hold?.(seen) ?? [])]
    note(trial.odd, told(whole.length > 0 ? [...whole, excerpt(seen.run)] : []))
  }
  return [...failures].map(([odd, found]) => ({kind: trial.kind, odd, args: trial.args.join(' '), failures: found}))
}

function excerpt(run: Run): string {
  const short = (value: string) => JSON.stringify(value.length > 900 ? `${value.slice(0, 900)}…` : value)
  return `seen: code ${run.code} in ${Math.round(run.ms)} ms, stdout ${short(run.stdout)}, stderr ${short(run.stderr)}`
}

async function runInMode(trial: Trial, mode: Mode): Promise<Seen> {
  const honest = trial.bend.world ? {world: trial.bend.world} : {}
  const cloud = await startCloud(honest)
  try {
    const env = {...environmentFor(cloud), ...trial.env}
    const dir = mkdtempSync(join(env.HOME ?? '', 'trial-'))
    for (const [name, content] of Object.entries(trial.files ?? {})) writeFileSync(join(dir, name), content)
    const fill = (args: string[]) => args.map(arg => arg.replaceAll('{dir}', dir))
    if (trial.first) {
      const {args, refuse} = trial.first
      const alpha = instanceIdOf('alpha')
      const answer: Bend['answer'] = asked =>
        asked.call === 'patch' && asked.id === alpha ? refusal(refuse, 'refused', 'Refused.') : undefined
      cloud.bend = {...honest, answer}
      await runCommand(fill(args), env)
      cloud.bend = honest
    }
    for (const args of trial.before ?? []) {
      const run = await runCommand(fill(args), env)
      if (run.code !== 0 && run.code !== 5) throw new Error(`${args.join(' ')} of "${trial.odd}": ${excerpt(run)}`)
    }
    trial.turn?.(cloud.world, cloud)
    cloud.bend = trial.bend
    cloud.sent.clear()
    cloud.told.length = 0
    const [askedBefore, changedBefore] = [cloud.asked.length, cloud.changes.length]
    const last = [...fill(trial.args), ...(mode === 'json' ? ['--json'] : listingAll(trial.args))]
    const flood = Math.max(100, 3 * (trial.requests ?? usualRequests))
    const run = await runCommand(last, env, trial.endAfterMs, () => cloud.asked.length - askedBefore > flood)
    const seen = {trial, mode, run, cloud}
    return {...seen, asked: cloud.asked.slice(askedBefore), changes: cloud.changes.slice(changedBefore)}
  } finally {
    await cloud.close()
  }
}

function environmentFor(cloud: FakeCloud): Record<string, string> {
  return freshEnvironment({
    IBMCLOUD_API_KEY: apiKey,
    VPC_URL: `${cloud.origin}/v1`,
    VPC_AUTH_URL: cloud.origin,
    GLOBAL_SEARCH_URL: `${cloud.origin}/search`,
    GLOBAL_TAGGING_URL: `${cloud.origin}/tagging`,
    ENTERPRISE_MANAGEMENT_URL: `${cloud.origin}/enterprise/v1`,
    VPCMD_NO_TOKEN_CACHE: '1',
  })
}

/** What has a table list every row: of many, people are shown what needs a look, and scripts all. */
function listingAll([topic, verb = '', ...rest]: string[]): string[] {
  if (topic === 'metadata' && verb === 'audit') return rest.includes('--verdict') ? [] : ['--verdict', 'all']
  const changes = topic === 'metadata' ? /^(enable|disable|apply|undo|resume)$/ : /^(start|stop|restart)$/
  return (topic === 'metadata' || topic === 'instances') && changes.test(verb) ? ['--show', 'all'] : []
}

/** Runs vpcmd as a process of its own, which is killed after a minute, or `mostMs`, or once it floods the cloud. */
function runCommand(
  args: string[],
  env: Record<string, string>,
  mostMs = longestMs,
  floods = () => false,
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(process.execPath, [vpcmdPath, ...args], {env, stdio: ['ignore', 'pipe', 'pipe']})
    let ended: Run['ended']
    const printed: {stdout: Buffer[]; stderr: Buffer[]} = {stdout: [], stderr: []}
    child.stdout.on('data', (chunk: Buffer) => printed.stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => printed.stderr.push(chunk))
    const timer = setInterval(() => {
      if (performance.now() - started > mostMs) ended = 'time'
      else if (floods()) ended = 'flood'
      if (ended) child.kill('SIGKILL')
    }, 100)
    child.on('error', reject)
    child.on('close', code => {
      clearInterval(timer)
      const [stdout, stderr] = [Buffer.concat(printed.stdout).toString(), Buffer.concat(printed.stderr).toString()]
      resolve({args, code, ended, stdout, stderr, ms: performance.now() - started})
    })
  })
}
