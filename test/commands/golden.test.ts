import {writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {afterAll, afterEach, beforeAll, beforeEach, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {type InsideSandbox, startInsideSandbox} from '../support/inside-sandbox.ts'
import {type InProcessOptions, runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

allowSeconds(30, 'A test runs dozens of commands.')

// What every command prints, as text and as JSON, and of a wrong usage. Whoever changes it on purpose looks at the
// difference, and writes the files anew: npx vitest run -u test/commands/golden.test.ts

let inside: InsideSandbox
let sandbox: Sandbox
let env: Record<string, string>
let home: string
beforeAll(async () => {
  inside = await startInsideSandbox()
})
afterAll(() => inside.sandbox.close())

beforeEach(async () => {
  sandbox = await startSandbox({account: 'a1234567', transitionMs: 20})
  env = freshEnvironment(sandbox.environment)
  home = env.HOME ?? ''
  writeFileSync(join(home, 'token'), 'not-a-token')
  writeFileSync(join(home, 'names'), 'my-virtual-server-1\n')
  writeFileSync(join(home, 'policy'), 'version: 1\nrules: [{name: all, require: {protocol: https}}]\n')
})
afterEach(() => sandbox.close())

/** What differs from run to run, on every machine, as a word in its place. */
const normal = (text: string) =>
  text
    .replaceAll(home, '<home>')
    .replaceAll(inside.id, '<inside>')
    .replaceAll(tmpdir(), '/tmp')
    .replace(/\/tmp\/[\w./-]+/g, '<file>')
    .replace(/\b(127\.0\.0\.1|localhost):\d+/g, '$1:<port>')
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>')
    .replace(/\b\d{8}-\d{6}-[0-9a-f]{4}\b/g, '<run>')
    .replace(/\b\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?Z| \d\d:\d\d UTC)/g, '<time>')
    .replace(/(?<=\b(?:undo|resume|Run|run|run,|of|by) )[0-9a-f]{4}\b(?!-)|^[0-9a-f]{4}(?= {2})/gm, '<run>')
    .replace(/\b202\d-\d\d-\d\d\b/g, '<day>')
    .replace(/^\d{4}_[0-9a-f-]{36}$/gm, '<id>')
    .replace(/"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"/g, '"<uuid>"')
    .replace(/trace: [0-9a-f-]{36}/g, 'trace: <uuid>')
    .replace(/web-9 \(\w{4}_[0-9a-f-]+\)/g, 'web-9 (<id>)')
    .replace(/_\d{15,}\b/g, '_<number>')
    .replace(/\((\d+ seconds? ago|in \d+ minutes?)\)/g, '(<when>)')
    .replace(/ in \d+ s\b/g, ' in <n> s')
    .replace(/-----BEGIN[\s\S]+?-----END [A-Z ]+-----/g, '<pem>')
    .replace(/\b1\d{9}(\d{3})?\b/g, '<epoch>')
    .replace(/ +$/gm, '')

async function told(line: string, options: InProcessOptions = {}): Promise<string> {
  const args = line.split(' ').flatMap(word => (word === 'AT' ? inside.at : word.replace('HOME/', `${home}/`)))
  const {code, stdout, stderr} = await runInProcess(args, {env, ...options})
  return normal(`$ vpcmd ${line}\n${stdout}${stderr === '' ? '' : `--- stderr\n${stderr}`}--- exit ${code}\n\n`)
}

async function expectGolden(name: string, lines: string[], options?: InProcessOptions): Promise<void> {
  let text = ''
  // One after another: each begins with what the one before has left.
  for (const line of lines) text += await told(line, options)
  await expect(text).toMatchFileSnapshot(fileURLToPath(new URL(`golden/${name}.txt`, import.meta.url)))
}

it('sandbox', async () => {
  await expectGolden(
    'sandbox',
    [
      'sandbox start',
      'sandbox start --json --instances 3 --metadata-ca HOME/ca.pem',
      'sandbox start --fault no',
      'sandbox start --vpcs 2',
      'sandbox start --metadata x',
      'sandbox addresses my-virtual-server-2 eu-de/web-1',
      'sandbox addresses my-virtual-server-2 --json',
      'sandbox addresses nobody',
      'sandbox addresses --url https://us-south.iaas.cloud.ibm.com',
      'sandbox reset',
      'sandbox reset --json',
      'sandbox reset all',
    ],
    {signal: 'SIGTERM'},
  )
})

it('imds', async () => {
  await expectGolden('imds', [
    'imds token AT',
    'imds token AT --json',
    'imds token --nonce= AT',
    'imds get keys AT -o yaml',
    'imds get AT',
    'imds get instance/initialization AT',
    'imds get nowhere AT',
    'imds user-data AT',
    'imds user-data AT --json',
    'imds user-data extra',
    'imds iam-token AT',
    'imds iam-token AT --json',
    'imds iam-token AT --trusted-profile=',
    'imds decode AT',
    'imds decode HOME/token --json',
    'imds instance AT',
    'imds instance AT -q',
    'imds instance AT --json',
    'imds instance --endpoint nowhere',
    'imds initialization AT',
    'imds initialization AT --json',
    'imds initialization --ca-file HOME/names',
    'imds keys AT',
    'imds keys AT --json',
    'imds keys AT -o csv -q',
    'imds certificate AT --new-key HOME/key',
    'imds certificate AT --new-key HOME/key',
    'imds certificate AT --new-key HOME/key --force --json',
    'imds certificate AT',
    'imds doctor --timeout 0',
    'imds script --endpoint http://169.254.169.254',
    'imds script --json --path keys --cloud-init',
    'imds script --shell powershell --cloud-init',
  ])
})

it('instances', async () => {
  await expectGolden('instances', [
    'instances list',
    'instances list --region eu-gb --json',
    'instances list --region eu-de -o csv --columns all',
    'instances list --sort none -o jsonl -r eu-gb',
    'instances list -q --status stopped',
    'instances list --name nothing',
    'instances list --columns no',
    'instances list --region nowhere',
    'instances show my-virtual-server-2',
    'instances show my-virtual-server-2 --json',
    'instances show web-1',
    'instances show',
    'instances initialization my-virtual-server-2',
    'instances initialization my-virtual-server-2 -o yaml',
    'instances initialization my-virtual-server-2 --private-key HOME/names',
    'instances initialization my-virtual-server-2 --passphrase-file HOME/names',
    'instances create web-9 --like web-2 --dry-run',
    'instances create web-9 --like web-2 --dry-run -o yaml',
    'instances create web-9 --like web-2 --hop-limit 3',
    'instances create web-9 --like web-2 --hop-limit 3 --yes --wait 0 -q',
    'instances create Web --like web-2',
    'instances create web-9',
  ])
})

it('metadata', async () => {
  await expectGolden('metadata', [
    'metadata history',
    'metadata undo',
    'metadata resume',
    'metadata show my-virtual-server-1 my-virtual-server-2',
    'metadata show --all --name my-* --json',
    'metadata show --from-file HOME/names -q',
    'metadata show nobody',
    'metadata show nobody my-virtual-server-1',
    'metadata show --all my-virtual-server-1',
    'metadata show --name my-*',
    'metadata show',
    'metadata enable my-virtual-server-2 --protocol https --hop-limit 2 --dry-run',
    'metadata enable my-virtual-server-2 --protocol https --hop-limit 2',
    'metadata enable my-virtual-server-2 --protocol https --hop-limit 2 --json',
    'metadata enable --all --name my-* --canary 1',
    'metadata enable --all --name my-* --yes --canary 1 -q',
    'metadata enable my-virtual-server-1 --max-failures x',
    'metadata enable my-virtual-server-1 --accept-downtime',
    'metadata enable my-virtual-server-1 --restart --max-unavailable 0',
    'metadata show my-virtual-server-2 --json',
    'metadata history',
    'metadata undo',
    'metadata undo --yes',
    'metadata undo --region eu-de',
    'metadata undo',
    'metadata disable my-virtual-server-2',
    'metadata disable my-virtual-server-2 --yes --json',
    'metadata disable my-virtual-server-2 --restart',
    'metadata enable web-2 batch-1 --restart --dry-run',
    'metadata enable web-2 --restart --dry-run --json',
    'metadata enable my-virtual-server-2 --restart',
    'metadata enable my-virtual-server-2 --restart --accept-downtime',
    'metadata history -o yaml',
    'metadata show my-virtual-server-2',
    'metadata undo --yes -q',
    'metadata plan --enable --all --protocol https',
    'metadata plan --enable --all --region us-south --protocol https --out HOME/plan.json',
    'metadata plan --disable my-virtual-server-1 --json',
    'metadata plan --disable my-virtual-server-1 nobody --out HOME/other.json',
    'metadata plan my-virtual-server-1',
    'metadata apply HOME/plan.json --dry-run',
    'metadata apply HOME/plan.json',
    'metadata apply HOME/plan.json --yes --json',
    'metadata apply HOME/plan.json --yes --region eu-de',
    'metadata apply HOME/names',
    'metadata resume --restart --dry-run',
    'metadata resume --step-timeout 3',
    'metadata resume --max-unavailable 3',
    'metadata history --json',
    'metadata history nothing',
    'metadata audit',
    'metadata audit --policy HOME/policy --json',
    'metadata audit --region eu-de -q --fix-plan HOME/fix.json --report html=HOME/audit.html',
    'metadata audit --report x',
    'metadata collect my-virtual-server-2 --sandbox',
    'metadata collect my-virtual-server-2 --path ../x',
  ])
})

it('console and connect', async () => {
  // As for IBM Cloud: the sandbox's own lines have other ports and files each time.
  env.VPCMD_SANDBOX_SSH = '1'
  await expectGolden('console-and-connect', [
    'console',
    'console --no',
    'connect my-virtual-server-2 --print',
    'connect my-virtual-server-2 --print --json -- uptime',
    'connect my-virtual-server-2 uptime',
    'connect my-virtual-server-1 --print --via jump',
    'connect my-virtual-server-1',
    'connect',
  ])
})
