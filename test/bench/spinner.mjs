// How soon there is a sign of life: the first byte that vpcmd writes to a terminal while the cloud still thinks.
import pty from '@lydell/node-pty'
import {base, limitTo, median, report, roundsOr, startSandbox, vpcmd} from './measure.mjs'

const rounds = roundsOr(7)
// So slow that no answer can be what is seen first.
const latencyMs = 3000

/** Runs a command of Node on a terminal, and gives the milliseconds until it writes or ends; `ended` says which it was. */
function firstSign(args, env) {
  const startedAt = performance.now()
  const child = pty.spawn(process.execPath, args, {name: 'xterm-256color', cols: 80, rows: 24, env})
  return new Promise(resolve => {
    const settle = ended => {
      resolve({ms: performance.now() - startedAt, ended})
      if (!ended) child.kill('SIGKILL')
    }
    child.onData(() => settle(false))
    child.onExit(() => settle(true))
  })
}

const sandbox = await startSandbox(['--latency', String(latencyMs)])
try {
  const env = {...base, ...sandbox.environment}
  const signs = []
  const starts = []
  for (let round = 0; round < rounds; round++) {
    starts.push((await firstSign(['-e', '0'], base)).ms)
    const {ms, ended} = await firstSign([vpcmd, 'instances', 'list'], env)
    if (ended) throw new Error('vpcmd ended without a sign of life')
    signs.push(ms)
  }
  report(`Medians of ${rounds} runs, in turn, each answer after ${latencyMs / 1000} s.`, [
    {
      what: 'instances list, first byte on a terminal',
      'node -e 0 ends after ms': median(starts).toFixed(0),
      ...limitTo(median(signs), 300, `${median(signs).toFixed(0)} ms`),
    },
  ])
} finally {
  await sandbox.stop()
}
