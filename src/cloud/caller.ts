import type {AuthenticatorInterface} from 'ibm-cloud-sdk-core'
import {exitCodes, VpcmdError} from '../errors.ts'

export interface Caller {
  /** The account's ID. */
  account: string
  /** The IAM ID of the user or service ID, such as IBMid-… or iam-ServiceId-…. */
  iamId: string
}

/**
 * Reads the caller out of the claims of the access token that the authenticator would send. Throws VpcmdError, exit 3,
 * for a token without an account.
 */
export async function readCaller(authenticator: AuthenticatorInterface): Promise<Caller> {
  const request: {headers: Record<string, string>} = {headers: {}}
  await authenticator.authenticate(request)
  const [, claims = ''] = (request.headers.Authorization ?? '').split('.')
  try {
    const {account, iam_id: iamId} = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'))
    if (typeof account?.bss === 'string' && typeof iamId === 'string') return {account: account.bss, iamId}
  } catch {
    // Not the token of IAM: said below.
  }
  throw new VpcmdError({
    code: 'no_account',
    message: 'The IAM token does not tell the account that it is for.',
    hint: 'Changes are recorded with their account: use an IAM API key.',
    exitCode: exitCodes.denied,
  })
}
