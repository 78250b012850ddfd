import {parseArgs} from 'node:util'
import {Flags} from '@oclif/core'
import {ownWords} from '../environment.ts'
import {type Given, inGroup, listFlag} from './declare.ts'

/** The flags of every command that talks to IBM Cloud, or to the sandbox in its place. */
export const cloudFlags = inGroup('IBM CLOUD', {
  region: listFlag({
    char: 'r',
    helpValue: 'NAME',
    summary:
      'Region, or several separated by commas (default: IBMCLOUD_REGION or IC_REGION, else regions of vpcmd config, else all).',
  }),
  profile: Flags.string({
    helpValue: 'NAME',
    summary: 'Profile of the config file (default: VPCMD_PROFILE, else that of vpcmd profiles use).',
  }),
  account: listFlag({
    helpValue: 'ID',
    summary:
      'Work in this account, in several separated by commas, in those of @FILE, or in all of the enterprise (needs --assume).',
  }),
  assume: Flags.string({
    helpValue: 'PROFILE',
    summary: 'Assume this trusted profile in each account: its name, or an ID or CRN in one account.',
  }),
  enterprise: Flags.string({
    helpValue: 'ID',
    summary: 'Narrow --account all to this enterprise.',
  }),
  'account-group': Flags.string({
    helpValue: 'ID',
    summary: 'Narrow --account all to this account group of the enterprise.',
  }),
  private: Flags.boolean({summary: 'Use the private endpoints.'}),
  'allow-http': Flags.boolean({
    summary: 'Allow sending keys and tokens over plain http to other machines.',
  }),
  'api-key-file': Flags.string({
    helpValue: 'FILE',
    summary:
      "File with the API key; - is stdin (default: IBMCLOUD_API_KEY, IC_API_KEY, the VPC_* settings of IBM's SDK, or ibmcloud's login).",
  }),
  timeout: Flags.integer({
    min: 1,
    max: 3600,
    default: 30,
    helpValue: 'SECONDS',
    summary: 'How long one request may take.',
  }),
  sandbox: Flags.boolean({
    summary: 'Use the built-in simulated IBM Cloud, which needs no account. VPCMD_SANDBOX=1 does the same.',
  }),
})

/** Which cloud is meant, and how it is talked to. */
export type CloudFlags = Given<typeof cloudFlags> & {
  timeout: number
  /** Requests at a time in a region, at most. */
  concurrency?: number
  debug?: boolean
}

/** The flags that say in which accounts to work. */
export const accountFlagNames = ['account', 'assume', 'enterprise', 'account-group'] as const
export type AccountFlags = Pick<CloudFlags, (typeof accountFlagNames)[number]>

/** The same where those flags are refused, with a word on why: help and completion do not offer them. */
export function cloudFlagsBut(refused: readonly (keyof typeof cloudFlags)[]): typeof cloudFlags {
  const hidden = refused.map(name => [name, {...cloudFlags[name], hidden: true}])
  return {...cloudFlags, ...Object.fromEntries(hidden)}
}

/** The flags, as words, without which a command that is suggested would go to another cloud, or not get in. */
export function cloudWords(flags: Partial<CloudFlags>): string[] {
  const wordsOf = (name: keyof typeof cloudFlags) =>
    [flags[name] ?? []].flat().flatMap(value => (value === true ? [`--${name}`] : [`--${name}`, String(value)]))
  const accounts = (['profile', 'assume', 'account', 'enterprise', 'account-group'] as const).flatMap(wordsOf)
  if (flags.sandbox) return ['--sandbox', ...accounts]
  const ways = (['api-key-file', 'private', 'allow-http'] as const).filter(name => flags[name] && flags[name] !== '-')
  return [...accounts, ...ways.flatMap(wordsOf)]
}

/** The same of arguments that can't be parsed, as far as they name a cloud. */
export function cloudWordsTyped(argv: readonly string[]): string[] {
  const options = Object.entries(cloudFlags).map(([name, flag]) => [
    name,
    {type: flag.type === 'boolean' ? 'boolean' : 'string', multiple: 'multiple' in flag && flag.multiple === true},
  ])
  const {values} = parseArgs({args: ownWords(argv), options: Object.fromEntries(options), strict: false})
  return cloudWords(values)
}
