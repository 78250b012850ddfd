// IBM's page on accessing metadata from an instance, on the sandbox, in front of your eyes: each command is printed, then
// run for real. Nothing of it is kept.
import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

const vpcmd = fileURLToPath(new URL('../dist/main.cjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'vpcmd-demo-'))
const env = {...process.env, XDG_STATE_HOME: folder, VPCMD_SANDBOX: '1', VPCMD_PAGER: 'cat'}
// The sandbox has thirteen regions, and the demo wants to see them all.
delete env.IBMCLOUD_REGION
delete env.IC_REGION

const commands = [
  'instances list',
  'metadata show my-virtual-server-2',
  'metadata enable my-virtual-server-2 --protocol https --hop-limit 2 --dry-run',
  'metadata enable my-virtual-server-2 --protocol https --hop-limit 2',
  'metadata show my-virtual-server-2',
  'metadata enable my-virtual-server-2 --protocol https --hop-limit 2',
]

// The shell prints each line before it runs it. The last one asks the VPC API, with the instance's own IAM token.
const onInstance = `exec 2>&1; set -ev
service=https://api.metadata.cloud.ibm.com version=version=2025-08-26
token() { sed -n 's/.*"access_token":"\\([^"]*\\)".*/\\1/p'; }
instance_identity_token=$(curl -s -X PUT "$service/identity/v1/token?$version" -H 'Metadata-Flavor: ibm' -d '{"expires_in": 3600}' | token)
instance=$(curl -sf "$service/metadata/v1/instance?$version" -H "Authorization: Bearer $instance_identity_token")
echo "$instance" | cut -c 1-300
curl -sf "$service/metadata/v1/instance/initialization?$version" -H "Authorization: Bearer $instance_identity_token"; echo
profile='{"trusted_profile": {"id": "Profile-8dd84246-7df4-4667-94e4-8cede51d5ac5"}}'
iam_token=$(curl -s -X POST "$service/identity/v1/iam_tokens?$version" -H "Authorization: Bearer $instance_identity_token" -d "$profile" | token)
keys=$(curl -sf "$VPC_URL/keys?version=2025-05-13&generation=2" -H "Authorization: Bearer $iam_token")
echo "$keys" | cut -c 1-300
`

const afterwards = [
  'metadata collect my-virtual-server-2 --out collected',
  'instances create my-virtual-server-4 --like my-virtual-server-2 --from-metadata collected/my-virtual-server-2.json --yes',
  'metadata show my-virtual-server-4',
]

class Failed extends Error {}

function run(command, input) {
  process.stdout.write(`$ vpcmd ${command}\n`)
  const stdin = input === undefined ? 'ignore' : 'pipe'
  const options = {env, cwd: folder, input, stdio: [stdin, 'inherit', 'inherit']}
  const {status} = spawnSync(process.execPath, [vpcmd, ...command.split(' ')], options)
  process.stdout.write('\n')
  if (status === 0) return
  process.exitCode = status ?? 1
  throw new Failed()
}

try {
  for (const command of commands) run(command)
  const missing = ['ssh', 'curl'].filter(name => spawnSync(name, ['-V']).error)
  if (missing.length > 0 || process.platform === 'win32') {
    const why =
      missing.length > 0 ? `there is no ${missing.join(' and no ')}` : 'its instances have no shell on Windows'
    process.stdout.write(`The rest is left out, because on this machine ${why}.\n`)
  } else {
    run('connect my-virtual-server-2 -- sh', onInstance)
    for (const command of afterwards) run(command)
  }
} catch (error) {
  if (!(error instanceof Failed)) throw error
} finally {
  rmSync(folder, {recursive: true, force: true})
}
