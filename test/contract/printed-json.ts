import {mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {configFile} from '../../src/files/user-folders.ts'
import {claimsIn} from '../../src/jwt-claims.ts'
import {startSandbox} from '../../src/sandbox/index.ts'
import {startInsideSandbox} from '../support/inside-sandbox.ts'
import {type InProcessOptions, runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

/** What commands printed as JSON, by command, and how many levels of objects of it are vpcmd's own. */
export type Printed = Record<string, {samples: unknown[]; ownDepth: number}>

/** Below these levels it is IBM's own object that is printed. */
const ownDepths: Record<string, number> = {
  'instances list': 1,
  'instances show': 1,
  'instances create': 1,
  'instances initialization': 2,
  'imds get': 1,
  'imds instance': 1,
  'imds initialization': 1,
  'imds keys': 1,
  'metadata collect': 2,
}

const serverTwo = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
const enable = 'metadata enable my-virtual-server-1 my-virtual-server-2'

/** Each line in its turn: HOME is the folder, AT the metadata service, RUN the last run that changed settings, LAST the last of all. */
const lines = [
  'config set regions eu-de,us-south',
  'config set color never',
  'config list',
  'config get regions',
  'config get pager',
  'config unset regions',
  'config unset regions',
  'profiles list',
  'profiles show security',
  'profiles use security',
  'profiles show',
  'config unset profile',
  'sandbox start',
  'sandbox start --metadata-ca HOME/ca.pem',
  'sandbox addresses',
  'sandbox reset',
  'imds token AT',
  'imds get instance AT',
  'imds get keys AT',
  'imds user-data AT',
  'imds iam-token AT',
  'imds decode AT',
  'imds instance AT',
  'imds initialization AT',
  'imds keys AT',
  'imds certificate AT --new-key HOME/key',
  'imds doctor AT',
  'imds script',
  'whoami',
  'whoami --assume vpcmd-auditor',
  'whoami --assume nobody',
  'instances list',
  'instances list --sort none --region us-south',
  'instances list --tag *',
  'instances list --assume vpcmd-auditor --region us-south',
  'metadata show --all --assume vpcmd-auditor --region us-south',
  'metadata audit --assume vpcmd-auditor --region us-south',
  'metadata plan --enable my-virtual-server-2 --assume vpcmd-auditor',
  'instances show my-virtual-server-2',
  'instances show web-2',
  'instances initialization my-virtual-server-2',
  'instances create web-9 --like web-2 --dry-run',
  'instances create web-9 --like web-2 --yes',
  'connect my-virtual-server-2 --print -- uptime',
  'metadata history',
  'metadata show --all',
  'metadata show --all --tag *',
  'metadata plan --enable my-virtual-server-2 --terraform-state HOME/tfplan.json',
  'metadata plan --disable --all --tag schematics:*',
  'metadata plan --enable web-2',
  `${enable} --protocol https --dry-run`,
  `${enable} nobody --protocol https`,
  `${enable} --protocol https`,
  'metadata show my-virtual-server-1 web-1 --region us-south,eu-de',
  'metadata disable my-virtual-server-1 --yes',
  'metadata undo --yes',
  'metadata enable my-virtual-server-3 web-2 batch-1 --restart --accept-downtime',
  'instances stop my-virtual-server-1 web-2 --accept-downtime --dry-run',
  'instances stop my-virtual-server-1 web-2 --accept-downtime',
  'metadata history LAST',
  'instances start my-virtual-server-1 my-virtual-server-2 --dry-run',
  'instances start my-virtual-server-1 my-virtual-server-2',
  'instances restart my-virtual-server-1 nobody --accept-downtime',
  'metadata plan --enable --all --metadata disabled --out HOME/plan.json',
  'metadata plan --disable my-virtual-server-1',
  'metadata plan --enable web-2 --protocol http --policy HOME/policy',
  'metadata apply HOME/plan.json --policy HOME/policy --dry-run',
  'metadata enable --all --policy HOME/policy --dry-run',
  'metadata apply HOME/plan.json --dry-run',
  'FORBID metadata apply HOME/plan.json --yes',
  'metadata history',
  'metadata history RUN',
  'metadata audit',
  'metadata audit --policy HOME/policy',
  'FORBID metadata disable --all --yes --region us-south,eu-de --max-failures 0',
  'metadata resume --dry-run',
  'metadata history',
  'metadata resume',
  'COLLECT metadata collect my-virtual-server-2',
  'COLLECT metadata collect my-virtual-server-2 --out HOME/collected',
]

const errors = [
  'instances list --nosuch',
  'instances show nobody',
  'metadata show web-1',
  'FORBID-LIST instances list',
  'imds get nowhere AT',
]

const policy = `version: 1
rules:
  - {name: web, match: {name: 'web-*'}, require: {protocol: https, hop_limit: 1}}
  - {name: all, require: {enabled: true}}
exemptions:
  - {match: {name: 'batch-*'}, reason: Later., expires: 2999-01-01}
  - {match: {name: 'build-*'}, reason: Over., expires: 2020-01-01}
`

const terraformPlan = {
  format_version: '1.2',
  prior_state: {
    values: {
      root_module: {
        resources: [
          {address: 'ibm_is_instance.two', mode: 'managed', type: 'ibm_is_instance', values: {id: serverTwo}},
        ],
      },
    },
  },
  configuration: {root_module: {resources: [{address: 'ibm_is_instance.two', expressions: {metadata_service: [{}]}}]}},
}
const profiles = `profiles:
  security: {credentials: {key_variable: IBMCLOUD_API_KEY}, regions: [us-south]}
  all: {credentials: ibmcloud, assume: auditor, account: all, enterprise: e1, account_group: g1, output: json}
  compute: {credentials: {vpc: auditor}}
  file: {credentials: {key_file: key}}
`

/** Runs everything on sandboxes of its own. */
export async function printedByCommand(): Promise<Printed> {
  const inside = await startInsideSandbox()
  const sandbox = await startSandbox({transitionMs: 20})
  const env = freshEnvironment({...sandbox.environment, VPCMD_SANDBOX_SSH: '1'})
  const home = env.HOME ?? ''
  writeFileSync(join(home, 'policy'), policy)
  writeFileSync(join(home, 'tfplan.json'), JSON.stringify(terraformPlan))
  const file = configFile(env) ?? ''
  mkdirSync(dirname(file), {recursive: true, mode: 0o700})
  writeFileSync(file, profiles, {mode: 0o600})
  const printed: Printed = {}
  const keep = (name: string, sample: unknown) => {
    printed[name] ??= {samples: [], ownDepth: ownDepths[name] ?? 9}
    printed[name].samples.push(sample)
  }
  let run = ''
  const lastRun = async () => (await runInProcess(['metadata', 'history', '-q'], {env})).stdout.split('\n')[0] ?? ''
  const jsonOf = async (line: string, options: InProcessOptions = {}) => {
    const last = line.includes('LAST') ? await lastRun() : ''
    const args = line
      .replace('LAST', last)
      .split(' ')
      .flatMap(word => (word === 'AT' ? inside.at : word === 'RUN' ? run : word.replace('HOME', home)))
    // What follows -- is not read as a flag.
    const at = args.indexOf('--')
    args.splice(at < 0 ? args.length : at, 0, '--json')
    const {stdout, stderr} = await runInProcess(args, {
      env,
      signal: line.startsWith('sandbox') ? 'SIGTERM' : undefined,
      ...options,
    })
    run = /vpcmd metadata (?:undo|resume) ([0-9a-f]{4})/.exec(stderr)?.[1] ?? run
    if (stdout === '') throw new Error(`vpcmd ${line} printed no JSON, but:\n${stderr}`)
    return JSON.parse(stdout)
  }
  try {
    for (const line of [...lines, ...errors]) {
      const [, how, command = ''] = /^(?:([A-Z-]+) )?(.*)$/.exec(line) ?? []
      if (how === 'FORBID') sandbox.faults.push({kind: '403', method: 'PATCH', count: 1})
      if (how === 'FORBID-LIST') sandbox.faults.push({kind: '403', path: /instances/})
      if (how === 'COLLECT') await sandbox.fleet.change(serverTwo, {metadata_service: {enabled: true}})
      const options = how === 'COLLECT' ? {env: {...env, PATH: await pretendSsh(inside.at, env)}} : {}
      const sample = await jsonOf(command, options)
      const [topic = '', verb = ''] = command.split(' ')
      const isError = errors.includes(line)
      keep(isError ? 'an error' : ['connect', 'whoami'].includes(topic) ? topic : `${topic} ${verb}`, sample)
      if (sample.error !== undefined && !isError) throw new Error(`vpcmd ${command}: ${JSON.stringify(sample)}`)
    }
    keep('whoami', await jsonOf('whoami', {env: await pretendLogin(env)}))
  } finally {
    await inside.sandbox.close()
    await sandbox.close()
  }
  return printed
}

/** An environment without a key, in which somebody is signed in to ibmcloud and has assumed a profile. */
async function pretendLogin({VPC_URL = '', VPC_AUTH_URL = '', IBMCLOUD_API_KEY = ''}: Record<string, string>) {
  const env = freshEnvironment({VPC_URL, VPC_AUTH_URL})
  const grant = {grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey: IBMCLOUD_API_KEY}
  const answer = await fetch(`${VPC_AUTH_URL}/identity/token`, {method: 'POST', body: new URLSearchParams(grant)})
  const {access_token: token} = Object(await answer.json())
  const {account} = claimsIn(token) ?? {}
  const config = {
    IAMToken: `Bearer ${token}`,
    IAMEndpoint: VPC_AUTH_URL,
    Account: {GUID: Object(account).bss, Name: 'Mine'},
    AssumedTrustedProfileId: 'Profile-1',
  }
  const folder = join(env.HOME ?? '', '.ibmcloud')
  mkdirSync(folder, {mode: 0o700})
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config), {mode: 0o600})
  return env
}

/** A PATH on which ssh hands back what a metadata service says. */
async function pretendSsh(at: string[], env: Record<string, string>): Promise<string> {
  const home = env.HOME ?? ''
  const said = async (path: string) => JSON.parse((await runInProcess(['imds', 'get', path, ...at, '--json'])).stdout)
  const document = {
    instance: {...(await said('instance')), id: serverTwo},
    'instance/initialization': await said('instance/initialization'),
  }
  writeFileSync(join(home, 'said.json'), JSON.stringify(document))
  writeFileSync(join(home, 'ssh'), `#!/bin/sh\ncat >/dev/null\ncat '${home}/said.json'\n`, {mode: 0o755})
  return `${home}:${env.PATH}`
}
