import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {parseAllDocuments} from 'yaml'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {freshEnvironment, runVpcmd} from '../support/run-vpcmd.ts'

allowSeconds(60, 'It starts a dozen processes.')

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({accounts: 6})
})
afterAll(() => sandbox.close())

/** Where the services are, and nothing that signs in. */
const addresses = () => {
  const {IBMCLOUD_API_KEY: _, VPC_APIKEY: __, VPC_AUTH_TYPE: ___, ...others} = sandbox.environment
  return others
}

const policy = `version: 1
rules:
- {name: production, match: {tag: 'env:prod'}, require: {enabled: true, protocol: https, hop_limit: 1}}
`

/** A clean home in which somebody has run ibmcloud login. */
async function signedIn(): Promise<Record<string, string>> {
  const env = freshEnvironment({...addresses()})
  const body = new URLSearchParams({grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey: sandbox.apiKey})
  const answer = await fetch(`${sandbox.url}/identity/token`, {method: 'POST', body})
  const config = {IAMToken: `Bearer ${Object(await answer.json()).access_token}`, IAMEndpoint: sandbox.url}
  const folder = join(env.HOME ?? '', '.ibmcloud')
  mkdirSync(folder, {mode: 0o700})
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config), {mode: 0o600})
  writeFileSync(join(env.HOME ?? '', 'policy.yaml'), policy)
  return env
}

it('from the login of ibmcloud alone: who one is, an audit by tag of all accounts, its fixes made and undone', async () => {
  const env = await signedIn()
  const home = env.HOME ?? ''
  const [file, plan] = [join(home, 'policy.yaml'), join(home, 'fix.json')]
  const all = ['--assume', 'vpcmd-auditor', '--account', 'all']
  const who = await runVpcmd(['whoami', ...all, '--json'], {env})
  expect(JSON.parse(who.stdout)).toMatchObject({
    source: `ibmcloud (${join(home, '.ibmcloud', 'config.json')})`,
    account: {id: sandbox.account},
    assumes: {profile: 'vpcmd-auditor', accounts: expect.arrayContaining([expect.objectContaining({name: 'team-a'})])},
  })

  const audit = ['metadata', 'audit', ...all, '--tag', 'env:prod', '--policy', file]
  const before = await runVpcmd([...audit, '--json', '--fix-plan', plan], {env})
  const report = JSON.parse(before.stdout)
  // One account refuses: that is told, and the audit is never compliant.
  expect(before.code).toBe(1)
  expect(report).toMatchObject({result: 'incomplete', unread: [{region: 'all regions'}]})
  expect(report.counts.violation).toBeGreaterThan(4)
  expect(new Set(report.subjects.map((each: {account: {id: string}}) => each.account.id)).size).toBe(4)

  const applied = await runVpcmd(['metadata', 'apply', plan, '--yes', '--json'], {env})
  // The audit could not read all accounts, so the plan is not of all.
  expect(applied.code).toBe(1)
  expect(JSON.parse(applied.stdout).changed).toHaveLength(report.counts.violation)
  const after = JSON.parse((await runVpcmd([...audit, '--json'], {env})).stdout)
  expect(after).toMatchObject({result: 'incomplete', counts: {violation: 0, undetermined: 0}})

  const undone = await runVpcmd(['metadata', 'undo', '--yes', '--json'], {env})
  expect(undone.code).toBe(0)
  const again = JSON.parse((await runVpcmd([...audit, '--json'], {env})).stdout)
  expect(again.counts).toEqual(report.counts)
})

it('the same as the CronJob runs it: by the token of the pod, without a key, in the account of its profile', async () => {
  const manifest = readFileSync(new URL('../../deploy/kubernetes/cronjob.yaml', import.meta.url), 'utf8')
  const [, , cron] = parseAllDocuments(manifest).map(document => document.toJS())
  const [{args, env: variables}] = cron.spec.jobTemplate.spec.template.spec.containers
  const home = freshEnvironment().HOME ?? ''
  writeFileSync(join(home, 'policy.yaml'), policy)
  writeFileSync(join(home, 'token'), await sandbox.crToken(), {mode: 0o600})
  const given = Object.fromEntries(variables.map(({name, value}: {name: string; value: string}) => [name, value]))
  // Nothing of a home, as on a read-only root file system.
  const env = {
    PATH: process.env.PATH ?? '',
    ...addresses(),
    ...given,
    VPC_IAM_PROFILE_NAME: 'vpcmd-auditor',
    VPC_CR_TOKEN_FILENAME: join(home, 'token'),
  }
  const run = args.map((arg: string) => arg.replace('/etc/vpcmd', home))
  const {code, stdout, stderr} = await runVpcmd([...run, '--tag', 'env:prod'], {env})
  expect({code, stderr}).toEqual({code: 5, stderr: expect.stringContaining('Not compliant')})
  const events = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(new Set(events.map(({class_uid: uid}) => uid))).toEqual(new Set([2003]))
  expect(events.map(({cloud}) => Object(Object(cloud).account).uid)).toContain(sandbox.account)
})
