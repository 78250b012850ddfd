import type {Profile} from './profiles.ts'

/** A profile as `vpcmd profiles` prints it as JSON: what is null, the profile does not say. */
export function toJsonProfile(name: string, profile: Profile, isDefault: boolean): object {
  const {credentials, assume, account, enterprise, account_group, regions, output} = profile
  return {
    name,
    default: isDefault,
    credentials: credentials ?? null,
    assume: assume ?? null,
    account: account ?? null,
    enterprise: enterprise ?? null,
    account_group: account_group ?? null,
    regions: regions ?? null,
    output: output ?? null,
  }
}
