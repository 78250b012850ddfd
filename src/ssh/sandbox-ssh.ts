import {access, constants} from 'node:fs/promises'
import {isAbsolute} from 'node:path'
import {isLoopback} from '../cloud/endpoints.ts'
import {fields, number, text} from '../cloud/readers/fields.ts'
import type {Instance} from '../cloud/readers/instance.ts'
import {ask} from '../cloud/transport.ts'
import {usageError, VpcmdError} from '../errors.ts'
import {jsonOf, refusalIn, shortened} from '../imds/answers.ts'
import {targetName} from '../instances/references.ts'
import type {ReachWishes} from './reach.ts'
import type {SshCall} from './ssh-arguments.ts'

/** What of a call of ssh is another where it leads to an instance of a sandbox. */
export type SandboxSsh = Pick<SshCall, 'address' | 'identity' | 'via' | 'options'>

/** Set to 1 where this machine's ssh leads the addresses of a sandbox to a machine of the user's own. */
export const sandboxSshVariable = 'VPCMD_SANDBOX_SSH'

const askMs = 30_000

/**
 * How ssh reaches an instance of the sandbox that the VPC API at `apiUrl` is: on this machine, with the sandbox's own key and
 * host key, and nothing of the user's configuration. Undefined where the API is not on this machine. Its addresses are
 * somebody else's in the real internet: throws a usage error where it does not say where its instances take ssh, and
 * VpcmdError where it refuses, or has another user's key.
 */
export async function findSandboxSsh(
  apiUrl: string,
  instance: Instance,
  env: NodeJS.ProcessEnv,
): Promise<SandboxSsh | undefined> {
  if (!isLoopback(apiUrl) || env[sandboxSshVariable] === '1') return undefined
  const url = new URL('/sandbox/ssh', apiUrl)
  url.searchParams.set('instance', instance.id)
  const reply = await ask({method: 'GET', url: url.href, headers: {}}, {timeoutMs: askMs})
  const told = reply.kind === 'reply' ? fields(jsonOf(reply)) : {}
  const [port, key, knownHosts] = [number(told, 'port'), path(told, 'identity_file'), path(told, 'known_hosts_file')]
  if (port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536 && key && knownHosts) {
    await access(key, constants.R_OK).catch(() => {
      throw new VpcmdError({
        code: 'sandbox_key_unreadable',
        message: `${targetName(instance)} takes only the key of its sandbox, ${key}, and you can't read it.`,
        hint: 'Whoever started the sandbox can. Start one of your own: vpcmd sandbox start',
      })
    })
    return {address: '127.0.0.1', identity: key, via: undefined, options: optionsFor(port, knownHosts)}
  }
  const {code, message} = (reply.kind === 'reply' && refusalIn(jsonOf(reply))) || {}
  if (code === 'no_shell' && message) throw new VpcmdError({code, message: shortened(message)})
  throw usageError(
    'The VPC API is on this machine, and does not say where its instances take ssh. Their addresses are other people’s in the real internet: nothing is sent there.',
    `Where ssh leads them to a machine of yours, set ${sandboxSshVariable}=1.`,
  )
}

/** What the user wants of a real cloud, and a sandbox does without; undefined where that is nothing. */
export function unusedOnSandbox({identity, via}: ReachWishes): string | undefined {
  const unused = [...(identity === undefined ? [] : ['--identity']), ...(via === undefined ? [] : ['--via'])]
  if (unused.length === 0) return undefined
  return `The sandbox is on this machine, and has a key of its own: ${unused.join(' and ')} ${unused.length > 1 ? 'are' : 'is'} not used.`
}

/** ssh's options for it: they hold for this one call, and the host key is checked as everywhere. */
function optionsFor(port: number, knownHosts: string): string[] {
  const settings = [
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=yes',
    'GlobalKnownHostsFile=none',
    `UserKnownHostsFile="${knownHosts}"`,
  ]
  return ['-F', 'none', '-p', String(port), ...settings.flatMap(each => ['-o', each])]
}

/** An absolute path in which ssh reads nothing else (ssh_config(5), TOKENS and ENVIRONMENT VARIABLES). */
function path(told: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const file = text(told, name)
  return file !== undefined && isAbsolute(file) && !/[\p{Cc}"\\%$]/u.test(file) ? file : undefined
}
