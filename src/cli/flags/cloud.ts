import {Flags} from '@oclif/core'
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

/** The flags, as words, without which a command that is suggested would go to another cloud, or not get in. */
export function cloudWords(flags: Partial<CloudFlags>): string[] {
  const accounts = [
    ...(flags.profile === undefined ? [] : ['--profile', flags.profile]),
    ...(flags.assume === undefined ? [] : ['--assume', flags.assume]),
    ...(flags.account ?? []).flatMap(each => ['--account', each]),
    ...(flags.enterprise === undefined ? [] : ['--enterprise', flags.enterprise]),
    ...(flags['account-group'] === undefined ? [] : ['--account-group', flags['account-group']]),
  ]
  if (flags.sandbox) return ['--sandbox', ...accounts]
  const file = flags['api-key-file']
  return [
    ...accounts,
    ...(file === undefined || file === '-' ? [] : ['--api-key-file', file]),
    ...(flags.private ? ['--private'] : []),
    ...(flags['allow-http'] ? ['--allow-http'] : []),
  ]
}
