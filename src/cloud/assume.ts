import {usageError} from '../errors.ts'
import type {Credentials} from './credential-kinds.ts'
import {fieldsOfCrn} from './crn.ts'
import {text} from './readers/fields.ts'
import type {TokenSource} from './token-source.ts'

/** A trusted profile as the user named it: by its name, which is one of each account, or by ID or CRN, which are of one account. */
export interface ProfileRef {
  kind: 'name' | 'id' | 'crn'
  /** As it was typed. */
  text: string
  /** The account's ID, where the CRN tells it. */
  account?: string
}

/** Reads the name, ID or CRN of a trusted profile. Throws a usage error, exit 2, for a CRN of something else and for an empty text. */
export function parseProfileRef(text: string): ProfileRef {
  if (text.trim() === '') throw usageError('The trusted profile has no name.', 'Pass its name, ID or CRN.')
  if (/^Profile-[0-9a-f-]{36}$/.test(text)) return {kind: 'id', text}
  if (!text.startsWith('crn:')) return {kind: 'name', text}
  const {service, scope, type} = fieldsOfCrn(text)
  const [, account] = /^a\/(.+)$/.exec(scope) ?? []
  if (service === 'iam-identity' && type === 'profile' && account) return {kind: 'crn', text, account}
  throw usageError(
    `${text} is not the CRN of a trusted profile.`,
    'It looks like crn:v1:bluemix:public:iam-identity::a/...::profile:Profile-....',
  )
}

/**
 * The credentials of a trusted profile that whoever `base` is assumes (IBM/node-sdk-core,
 * auth/token-managers/iam-assume-token-manager.ts), in `account`, which a name needs. A token is kept between commands only
 * where those of `base` are.
 */
export function assumedCredentials(
  base: {credentials: Credentials; tokens: TokenSource},
  iamUrl: string,
  profile: ProfileRef,
  account: string | undefined,
): Credentials {
  const {cacheKey, isBorrowed, secrets} = base.credentials
  const whose = profile.kind === 'name' && account !== undefined && {account}
  const named = {[`profile_${profile.kind}`]: profile.text, ...whose}
  return {
    asked: {name: 'IAM', url: iamUrl, profile: profile.text},
    isRenewable: true,
    isBorrowed,
    cacheKey: cacheKey && [...cacheKey, 'assume', iamUrl, profile.text, account ?? ''],
    secrets,
    create: adapter => ({
      authenticationType: () => 'iamAssume',
      authenticate: async (request: {headers?: object}) => {
        const form = new URLSearchParams({
          grant_type: 'urn:ibm:params:oauth:grant-type:assume',
          access_token: await base.tokens.accessToken(),
          ...named,
        })
        const {data} = await adapter({
          method: 'POST',
          url: `${iamUrl}/identity/token`,
          headers: {'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json'},
          data: form.toString(),
        })
        request.headers = {...request.headers, Authorization: `Bearer ${text(Object(data), 'access_token')}`}
      },
    }),
  }
}
