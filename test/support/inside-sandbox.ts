import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'

export interface InsideSandbox {
  sandbox: Sandbox
  /** The instance with the service on, over http. */
  id: string
  url: string
  /** The flags that lead to it, and wait for it. */
  at: string[]
  /** Those of another one over https, with its CA, and of a third one with the service off. */
  secure: string[]
  off: string[]
}

/** What each of the three was given at its creation. */
export const userData = '#!/bin/sh\necho "Grüße" \\ 😀\n'

/** On a machine that is busy an answer may take longer than anybody would wait for it. */
export const patience = ['--timeout', '60']

/** A sandbox with three instances to be inside of. */
export async function startInsideSandbox(): Promise<InsideSandbox> {
  const sandbox = await startSandbox({account: 'a1234567', metadata: {off: 'reset'}})
  const add = async (name: string, settings: object) => {
    const instance = {name, zone: 'us-south-1', userData, trustedProfile: true, metadata_service: settings}
    const {id} = await sandbox.fleet.add(instance)
    return sandbox.metadataAddress(id)
  }
  const plain = await add('inside', {enabled: true})
  const secure = await add('secure', {enabled: true, protocol: 'https'})
  const off = await add('off', {enabled: false})
  return {
    sandbox,
    id: plain.id,
    url: plain.url,
    at: ['--endpoint', plain.url, ...patience],
    secure: ['--endpoint', secure.url, '--ca-file', secure.ca_file, ...patience],
    off: ['--endpoint', off.url],
  }
}
