// What a boot script waits for: user data by vpcmd, against the start of Node alone and against IBM's two curl lines.
import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {here, limitTo, median, noLimit, ratioOf, report, roundsOr, startSandbox, vpcmd} from './measure.mjs'

// The instances of the sandbox's own fleet with the service on and user data; the first is set to http.
const instance = '0217_f0d37102-ecb0-42fe-afde-61f0a96a403c'

/**
 * Runs the contenders in turn, `rounds` times, on a sandbox of its own, and gives a row for each pair. Throws when one gives
 * another answer than the others.
 */
async function benchInside(rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'vpcmd-bench-inside-'))
  const base = {PATH: process.env.PATH, HOME: folder, XDG_STATE_HOME: join(folder, 'state')}
  const sandbox = await startSandbox([], base)
  let replay
  try {
    const env = {...base, ...sandbox.environment}
    const address = () => {
      const [found] = JSON.parse(run(process.execPath, [vpcmd, 'sandbox', 'addresses', instance, '--json'], env))
      return found
    }
    const https = address()
    const taken = {}
    const measure = contenders => Object.assign(taken, inTurn(contenders, rounds))
    const nothing = {name: 'node -e 0', file: process.execPath, args: ['-e', '0'], env: base}
    const userData = (name, ...where) => ({
      name,
      file: process.execPath,
      args: [vpcmd, 'imds', 'user-data', '--timeout', '60', ...where],
      env: base,
    })
    measure([
      {...nothing, name: 'node -e 0 (https)'},
      userData('imds user-data, https', '--endpoint', https.url, '--ca-file', https.ca_file),
    ])
    run(process.execPath, [vpcmd, 'metadata', 'enable', instance, '--protocol', 'http'], env)
    replay = await startReplay(address().url)
    const {url} = replay
    const contenders = [nothing, userData('imds user-data, http', '--endpoint', url)]
    const hasTools = ['curl', 'jq'].every(tool => spawnSync(tool, ['--version']).status === 0)
    if (hasTools) {
      const page = {file: 'sh', args: [here('user-data-with-curl.sh')], env: {...base, METADATA_URL: url}}
      contenders.push({name: "the page's two curl lines with jq", ...page})
    } else console.error('No curl or no jq on this machine: their row is left out.')
    measure(contenders)
    const row = (what, against, most) => {
      const [mine, theirs] = [taken[what], taken[against]]
      const ratio = ratioOf(mine, theirs)
      return {
        what,
        'ms (median)': median(mine).toFixed(0),
        against,
        'its ms': median(theirs).toFixed(0),
        ...(most ? limitTo(ratio, most) : noLimit(ratio.toFixed(2))),
      }
    }
    return [
      row('imds user-data, http', 'node -e 0', 1.7),
      row('imds user-data, https', 'node -e 0 (https)'),
      ...(hasTools ? [row('imds user-data, http', "the page's two curl lines with jq")] : []),
    ]
  } finally {
    replay?.stop()
    sandbox.stop()
    rmSync(folder, {recursive: true, force: true})
  }
}

/** Starts replay.mjs with what the sandbox answers at a URL: the sandbox's own time, 2 ms and more, is not vpcmd's. */
async function startReplay(sandbox) {
  const version = '?version=2025-08-26'
  const ask = async (method, path, headers, body) => {
    const answer = await fetch(sandbox + path + version, {method, headers, body})
    if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}`)
    return answer.text()
  }
  const [tokenPath, path] = ['/identity/v1/token', '/metadata/v1/instance/initialization']
  const token = await ask('PUT', tokenPath, {'metadata-flavor': 'ibm', 'content-type': 'application/json'}, '{}')
  const data = await ask('GET', path, {authorization: `Bearer ${JSON.parse(token).access_token}`})
  const answers = {[`PUT ${tokenPath}`]: token, [`GET ${path}`]: data}
  const server = spawn(process.execPath, [here('replay.mjs'), JSON.stringify(answers)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(server.stdout, 'data')
  return {url: String(line).trim(), stop: () => server.kill()}
}

/** The times of the contenders by name, in milliseconds: each in turn, so that a noisy machine is noisy for all alike. */
function inTurn(contenders, rounds) {
  const taken = contenders.map(() => [])
  const answers = new Set()
  for (let round = 0; round < rounds; round++) {
    for (const [index, {file, args, env}] of contenders.entries()) {
      const startedAt = performance.now()
      const stdout = run(file, args, env)
      taken[index].push(performance.now() - startedAt)
      if (stdout !== '') answers.add(stdout.trimEnd())
    }
  }
  if (answers.size !== 1) throw new Error(`Not all gave the same user data: ${[...answers].join(' | ')}`)
  return Object.fromEntries(contenders.map(({name}, index) => [name, taken[index]]))
}

function run(file, args, env) {
  const {status, stdout, stderr} = spawnSync(file, args, {env, encoding: 'utf8'})
  if (status !== 0) throw new Error(`${[file, ...args].join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

const rounds = roundsOr(15)
report(`Medians of ${rounds} runs, in turn.`, await benchInside(rounds))
