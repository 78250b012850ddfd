import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, it} from 'vitest'
import {type CredentialSources, findCredentials} from '../../src/cloud/credentials.ts'
import {findEndpoints, privately, serviceUrl} from '../../src/cloud/endpoints.ts'

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-test-'))
afterAll(() => rmSync(folder, {recursive: true, force: true}))

function find(env: Record<string, string>, more: Partial<CredentialSources> = {}) {
  const warnings: string[] = []
  const sources = {
    settings: env,
    iamUrl: 'https://iam.cloud.ibm.com',
    apiKeyFile: undefined,
    host: process,
    warn: (text: string) => warnings.push(text),
    ...more,
  }
  return {found: findCredentials(sources), warnings}
}

function keyFile(name: string, text: string | Buffer, mode = 0o600): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

describe('findCredentials', () => {
  it('takes the first of file, IBMCLOUD_API_KEY and IC_API_KEY', async () => {
    const both = {IBMCLOUD_API_KEY: 'first-key', IC_API_KEY: 'second-key'}
    const file = keyFile('key', 'file-key\n')
    await expect(find(both, {apiKeyFile: file}).found).resolves.toMatchObject({secrets: ['file-key']})
    await expect(find(both).found).resolves.toMatchObject({secrets: ['first-key']})
    await expect(find({IC_API_KEY: 'second-key'}).found).resolves.toMatchObject({secrets: ['second-key']})
  })

  it('reads a key as Windows writes it, and from the JSON file that the console offers', async () => {
    const written = keyFile('powershell', Buffer.from('\ufeffsome-key\r\n', 'utf16le'))
    await expect(find({}, {apiKeyFile: written}).found).resolves.toMatchObject({secrets: ['some-key']})
    const file = keyFile('apikey.json', JSON.stringify({name: 'ci', apikey: 'json-key'}))
    await expect(find({}, {apiKeyFile: file}).found).resolves.toMatchObject({secrets: ['json-key']})
  })

  it('warns of a file that others can read', async () => {
    const file = keyFile('open $(id)', 'some-key', 0o644)
    const {found, warnings} = find({}, {apiKeyFile: file})
    await found
    expect(warnings).toEqual([expect.stringContaining(`can be read by others on this machine: chmod 600 '${file}'`)])
  })

  it.each([
    ['empty', '', /is empty/],
    ['blank', ' \n', /is empty/],
    ['of two lines', 'one\ntwo', /line break/],
    ['quoted', '"quoted"', /quote/],
  ])('refuses a key that is %s, with exit code 3 and without printing it', async (_what, key, message) => {
    await expect(find({IBMCLOUD_API_KEY: key}).found).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(message),
    })
  })

  it('refuses a file that is missing', async () => {
    await expect(find({}, {apiKeyFile: join(folder, 'nosuch')}).found).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('no such file'),
    })
  })
})

describe('findEndpoints', () => {
  it('takes what users have set already, with or without the path', () => {
    expect(findEndpoints({}, false)).toMatchObject({
      vpcUrl: 'https://us-south.iaas.cloud.ibm.com/v1',
      iamUrl: 'https://iam.cloud.ibm.com',
      isPrivate: false,
    })
    expect(findEndpoints({IBMCLOUD_IS_NG_API_ENDPOINT: 'https://x.test'}, false).vpcUrl).toBe('https://x.test/v1')
    expect(
      findEndpoints({VPC_URL: 'https://a.test/v1/', IBMCLOUD_IS_NG_API_ENDPOINT: 'https://b.test'}, false).vpcUrl,
    ).toBe('https://a.test/v1')
    expect(findEndpoints({IBMCLOUD_IAM_API_ENDPOINT: 'https://iam.test/identity/token'}, false).iamUrl).toBe(
      'https://iam.test',
    )
    expect(findEndpoints({VPC_AUTH_URL: 'https://c.test'}, false).iamUrl).toBe('https://c.test')
    // That of an instance's metadata service gives no token of a trusted profile in other accounts.
    for (const VPC_AUTH_URL of ['https://api.metadata.cloud.ibm.com', 'http://169.254.169.254'])
      expect(findEndpoints({VPC_AUTH_URL}, false)).toEqual(findEndpoints({}, false))
  })

  it('knows the private twins of IBM Cloud and leaves others alone', () => {
    expect(findEndpoints({}, true)).toMatchObject({
      vpcUrl: 'https://us-south.private.iaas.cloud.ibm.com/v1',
      iamUrl: 'https://private.iam.cloud.ibm.com',
      isPrivate: true,
    })
    expect(privately('https://eu-de.iaas.cloud.ibm.com', true)).toBe('https://eu-de.private.iaas.cloud.ibm.com')
    expect(privately('http://127.0.0.1:4010/eu-de', true)).toBe('http://127.0.0.1:4010/eu-de')
  })

  it("sends tokens of IBM's own IAM alone to IBM's other services", () => {
    const own = findEndpoints({}, false)
    expect(serviceUrl(own, 'enterprise')).toBe('https://enterprise.cloud.ibm.com/v1')
    expect(serviceUrl(findEndpoints({}, true), 'search')).toContain('.private.')
    const other = findEndpoints({VPC_AUTH_URL: 'https://iam.test', GLOBAL_SEARCH_URL: 'https://search.test'}, false)
    expect(serviceUrl(other, 'search')).toBe('https://search.test')
    expect(() => serviceUrl(other, 'tagging')).toThrow(
      expect.objectContaining({exitCode: 2, hint: 'Set GLOBAL_TAGGING_URL.'}),
    )
  })

  it.each(['foo', 'ftp://x.test', 'https://user:pass@x.test', 'https://x.test?a=b'])('refuses %s', url => {
    expect(() => findEndpoints({VPC_URL: url}, false)).toThrow(expect.objectContaining({exitCode: 2}))
  })
})
