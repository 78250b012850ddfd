import {existsSync} from 'node:fs'
import {parsedJson} from '../json-object.ts'
import {claimsIn} from '../jwt-claims.ts'
import {ask, linkLocalAddress, metadataHost, textOf} from './transport.ts'

/** Where this process runs, as IBM Cloud can vouch for it. */
export type ComputeResource = {kind: 'container'; file: string} | {kind: 'vpc'; url: string}

/** Where IBM's core looks for a container's token (IBM/node-sdk-core, auth/token-managers/container-token-manager.ts). */
export const tokenFiles = [
  '/var/run/secrets/tokens/vault-token',
  '/var/run/secrets/tokens/sa-token',
  '/var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token',
]

/** It answers at once where there is one; elsewhere nobody waits longer. */
const answerMs = 1000

/**
 * The compute resource that this process is on: a container with a token file, or an instance whose metadata service gives an
 * identity token; undefined for neither. Other clouds answer at the same address: only a token tells that it is IBM Cloud.
 */
export async function findComputeResource(
  files: readonly string[] = tokenFiles,
  urls: readonly string[] = [`http://${linkLocalAddress}`, `https://${metadataHost}`],
): Promise<ComputeResource | undefined> {
  const file = files.find(existsSync)
  if (file !== undefined) return {kind: 'container', file}
  const answers = urls.map(async url => {
    if (!(await givesTokens(url))) throw new Error(`${url} gives no token`)
    return url
  })
  const url = await Promise.any(answers).catch(() => undefined)
  return url === undefined ? undefined : {kind: 'vpc', url}
}

/** ibm-cloud-docs/vpc, instance_metadata_vpc_identity_operations.md; the shortest life of a token is five seconds. */
async function givesTokens(url: string): Promise<boolean> {
  const question = {
    method: 'PUT',
    url: `${url}/instance_identity/v1/token?version=2022-03-01`,
    headers: {'metadata-flavor': 'ibm', accept: 'application/json', 'content-type': 'application/json'},
    body: {expires_in: 5},
  }
  const outcome = await ask(question, {timeoutMs: answerMs, mostBytes: 64 * 1024})
  if (outcome.kind !== 'reply' || outcome.status !== 200) return false
  const {access_token: token} = Object(parsedJson(textOf(outcome)))
  return claimsIn(String(token)) !== undefined
}
