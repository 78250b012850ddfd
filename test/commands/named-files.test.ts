import {readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startEachSandbox} from '../support/each-sandbox.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {runShell, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'

const here = startEachSandbox()

const changes = () => here.seen.filter(({method}) => method === 'PATCH')

describe('files from Windows', () => {
  const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

  it('are a list, a plan, a policy, a key and a token like any other', async () => {
    const save = (name: string, content: Buffer) => {
      const file = join(here.env.HOME ?? '', name)
      writeFileSync(file, content, {mode: 0o600})
      return file
    }
    const listed = await runInProcess(['metadata', 'show', '--from-file', save('list', utf16(`${id}\r\n`)), '-q'], {
      env: here.env,
    })
    expect(listed).toMatchObject({code: 0, stdout: `${id}\n`})
    const {stdout: plan} = await runInProcess(['metadata', 'plan', '--enable', id, '--out', '-'], {env: here.env})
    expect((await runInProcess(['metadata', 'apply', save('plan', utf16(plan)), '--yes'], {env: here.env})).code).toBe(
      0,
    )
    expect(changes()).toHaveLength(1)
    const policy = 'version: 1\r\nrules: [{name: a, require: {enabled: any}}]\r\n'
    const audit = await runInProcess(
      ['metadata', 'audit', '--policy', save('policy', utf16(policy.replace('any', 'true')))],
      {env: here.env},
    )
    expect(audit.code).toBe(5)
    const {IBMCLOUD_API_KEY: _, ...without} = here.env
    const key = save('key', utf16(`${here.sandbox.apiKey}\r\n`))
    expect((await runInProcess(['instances', 'list', '-q', '--api-key-file', key], {env: without})).code).toBe(0)
    const token = ['{"alg":"none"}', '{"sub":"x","iat":1,"exp":2}', 'x']
      .map(part => Buffer.from(part).toString('base64url'))
      .join('.')
    const decoded = await runInProcess(['imds', 'decode', save('token', utf16(`${token}\r\n`)), '--json'], {
      env: here.env,
    })
    expect(JSON.parse(decoded.stdout)).toMatchObject({sub: 'x'})
  })

  it('are user data only as UTF-8, and a byte order mark is told of', async () => {
    const create = (stdin: Buffer) => {
      const args = ['instances', 'create', 'next', '--like', 'my-virtual-server-2', '--user-data', '-', '--dry-run']
      return runInProcess(args, {env: here.env, stdin})
    }
    const marked = await create(Buffer.from('\ufeff#cloud-config\n'))
    expect(marked).toMatchObject({code: 0, stderr: expect.stringMatching(/Warning: .*byte order mark.*#cloud-config/)})
    expect(JSON.parse(marked.stdout).user_data).toBe('\ufeff#cloud-config\n')
    for (const bytes of [utf16('#cloud-config\n'), Buffer.from('#cloud-config\n', 'utf16le')]) {
      expect(await create(bytes)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/is text in UTF-16.*\n.*iconv/),
      })
    }
  })
})

it('a list comes through a pipe of the shell, and what never ends is refused', async () => {
  const line = (from: string) =>
    `bash -c '"$0" "$1" metadata show -q --from-file ${from}' '${process.execPath}' '${vpcmdPath}'`
  const through = await runShell(line(`<(echo ${id})`), here.env)
  expect(through).toMatchObject({code: 0, stdout: `${id}\n`})
  expect(await runShell(`echo ${id} | vpcmd metadata show -q --from-file /dev/stdin`, here.env)).toMatchObject({
    code: 0,
    stdout: `${id}\n`,
  })
  const endless = await runShell('yes x | vpcmd metadata show -q --from-file /dev/stdin', here.env)
  expect(endless).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('No instances from standard input: it is larger than 64 MiB.'),
  })
})

it('a plan into the output, or over an earlier one, is the plan and nothing else', async () => {
  const {stdout} = await runShell(`vpcmd metadata plan --enable ${id} --out /dev/stdout 2>/dev/null | cat`, here.env)
  expect(JSON.parse(stdout)).toMatchObject({format: 'vpcmd-plan/1', changes: [{}]})
  const file = join(here.env.HOME ?? '', 'plan.json')
  writeFileSync(file, 'mine')
  // Its first bytes would fit.
  const full = await runShell(
    `ulimit -f 1; VPCMD_NO_TOKEN_CACHE=1 vpcmd metadata plan --enable --all --out '${file}'`,
    here.env,
  )
  expect(full).toMatchObject({code: 1, stderr: expect.stringMatching(/plan\.json can't be written: /)})
  expect(readFileSync(file, 'utf8')).toBe('mine')
})
