import {accessSync, chmodSync, constants, existsSync, mkdirSync, writeFileSync} from 'node:fs'
import {userInfo} from 'node:os'
import {delimiter, join} from 'node:path'
import type {InstanceRecord} from '../core/records.ts'
import type {MetadataAddress} from '../imds/metadata-options.ts'
import {ownEnvironment} from './own-process.ts'

interface LoggedIn {
  record: InstanceRecord
  user: string
  /** The sandbox's own URL. */
  url: string
  metadata: MetadataAddress
  /** The words that start vpcmd, where they are known. */
  vpcmd?: readonly string[] | undefined
}

/** What a user finds on an instance. */
export interface InstanceHome {
  folder: string
  env: NodeJS.ProcessEnv
  /** Lines that a shell begins with. */
  greeting: string
}

/**
 * Makes what a user finds on an instance, in a folder of its own: an empty home, the vpcmd that runs the sandbox, and a
 * `curl` to which IBM's name and address of the metadata service lead to this instance's. Without root no other program can be led there. The
 * environment has nothing of the sandbox's own but its PATH: its owner's credentials are not the instance's.
 */
export function makeInstanceHome(folder: string, loggedIn: LoggedIn): InstanceHome {
  const {record, url, metadata, vpcmd} = loggedIn
  // Part of a shell's prompt, which may run commands.
  const [user, name] = [loggedIn.user, record.name].map(each => each.replace(/[^\w.@-]/g, ''))
  const [home, bin] = [join(folder, 'home'), join(folder, 'bin')]
  for (const each of [home, bin]) mkdirSync(each, {recursive: true})
  const {PATH = ''} = ownEnvironment()
  const curl = findProgram('curl', PATH)
  const address = new URL(metadata.url).host
  const scripts = {
    ...(curl !== undefined && {curl: curlScript(curl, address, metadata.ca_file)}),
    ...(vpcmd && {vpcmd: `#!/bin/sh\nexec ${vpcmd.map(quoted).join(' ')} "$@"\n`}),
  }
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), script)
    chmodSync(join(bin, name), 0o755)
  }
  const env = {
    PATH: [bin, PATH].join(delimiter),
    HOME: home,
    USER: user,
    LOGNAME: user,
    SHELL: ['/bin/bash', '/usr/bin/bash'].find(existsSync) ?? '/bin/sh',
    PS1: `${user}@${name}$ `,
    VPC_URL: `${url}/${record.region}/v1`,
    VPC_AUTH_URL: url,
    // For vpcmd: where the service is, and whom to trust.
    VPCMD_METADATA_ADDRESS: address,
    NODE_EXTRA_CA_CERTS: metadata.ca_file,
  }
  const service = metadata.enabled
    ? `service, at ${metadata.protocol}://api.metadata.cloud.ibm.com.`
    : `service, which is off. To turn it on, where the sandbox is used:
  vpcmd metadata enable ${name} --sandbox`
  const greeting = `This is ${name} of the sandbox: a shell of this machine, as ${userInfo().username}.
What you run here is real. Only curl and vpcmd reach the instance's metadata
${service}
`
  return {folder, env, greeting}
}

// Options stand behind -q, which curl knows only in the first place.
function curlScript(curl: string, address: string, caFile: string): string {
  const options = [
    ...['api.metadata.cloud.ibm.com', '169.254.169.254'].map(host => `--connect-to ${host}::${address}`),
    `--cacert ${quoted(caFile)}`,
  ].join(' ')
  return `#!/bin/sh
# The metadata service's name and address lead to this instance's own. Everything else is curl as it is.
curl=${quoted(curl)}
case "$*" in *api.metadata.cloud.ibm.com* | *169.254.169.254*) ;; *) exec "$curl" "$@" ;; esac
case \${1-} in --disable | -q* | -[!-]*q*) first=$1 && shift && exec "$curl" "$first" ${options} "$@" ;; esac
exec "$curl" ${options} "$@"
`
}

/** A text as one word of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function findProgram(name: string, path: string): string | undefined {
  return path
    .split(delimiter)
    .map(folder => join(folder, name))
    .find(file => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}
