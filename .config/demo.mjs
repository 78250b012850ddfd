// The main job on the sandbox, in front of your eyes: each command is printed, then run for real. Nothing of it is kept.
import {spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

const vpcmd = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const state = mkdtempSync(join(tmpdir(), 'vpcmd-demo-'))
const env = {...process.env, XDG_STATE_HOME: state, VPCMD_SANDBOX: '1'}
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

try {
  for (const command of commands) {
    process.stdout.write(`$ vpcmd ${command}\n`)
    const {status} = spawnSync(process.execPath, [vpcmd, ...command.split(' ')], {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    process.stdout.write('\n')
    if (status !== 0) {
      process.exitCode = status ?? 1
      break
    }
  }
} finally {
  rmSync(state, {recursive: true, force: true})
}
