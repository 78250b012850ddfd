import {execFileSync} from 'node:child_process'
import {publicEncrypt} from 'node:crypto'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {decryptPassword, readPrivateKey} from '../../src/ssh/windows-password.ts'
import {clientOf} from '../sandbox/sandbox-client.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {startEachSandbox} from '../support/each-sandbox.ts'
import {runInProcess, startInProcess} from '../support/run-in-process.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-keys-'))
const file = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, {recursive: true}))

const kinds = [
  ['OpenSSH', 'rsa', [], ''],
  ['OpenSSH with a passphrase', 'rsa', [], 'open sesame'],
  ['OpenSSH with another cipher', 'rsa', ['-Z', 'aes128-ctr'], 'open sesame'],
  ['PEM', 'rsa', ['-m', 'PEM'], ''],
  ['PEM with a passphrase', 'rsa', ['-m', 'PEM'], 'open sesame'],
  ['PKCS #8', 'rsa', ['-m', 'PKCS8'], ''],
  ['PKCS #8 with a passphrase', 'rsa', ['-m', 'PKCS8'], 'open sesame'],
] as const

const makeKey = (name: string, type: string, options: readonly string[], passphrase: string) =>
  execFileSync('ssh-keygen', [
    // One round of the key's derivation: more of them only take longer.
    ...['-q', '-t', type, '-a', '1', ...options, '-N', passphrase, '-C', 'me@here', '-f', file(name)],
    ...(type === 'rsa' ? ['-b', '2048'] : []),
  ])

beforeAll(() => {
  for (const [name, type, options, passphrase] of kinds)
    makeKey(name.replaceAll(/[^\w]/g, ''), type, options, passphrase)
  makeKey('ed25519', 'ed25519', [], '')
  makeKey('othercipher', 'rsa', ['-Z', 'aes256-gcm@openssh.com'], 'open sesame')
})

const here = startEachSandbox({transitionMs: 0})

const initialization = (...args: string[]) => runInProcess(['instances', 'initialization', ...args], {env: here.env})

/** Imports a key into the sandbox and makes a Windows instance with it. */
async function makeWindows(publicKeyFile: string) {
  const client = await clientOf(here.sandbox)
  const post = (path: string, body: object) => client.send(path, {method: 'POST', body: JSON.stringify(body)})
  const key = await post('/v1/keys', {name: 'mine', public_key: readFileSync(publicKeyFile, 'utf8').trim()})
  const {images} = (await client.send('/v1/images')).body
  const {subnets} = (await client.send('/v1/subnets?zone.name=us-south-1')).body
  const made = await post('/v1/instances', {
    name: 'win',
    image: {id: images.find(each => each.name.includes('windows'))?.id},
    zone: {name: 'us-south-1'},
    keys: [{id: key.body.id}],
    primary_network_attachment: {virtual_network_interface: {subnet: {id: subnets[0].id}}},
  })
  expect(made.status).toBe(201)
  return {id: made.body.id, fingerprint: key.body.fingerprint, keyId: key.body.id}
}

describe('instances initialization', () => {
  it('shows keys and trusted profile', async () => {
    const {code, stdout} = await initialization('web-1', '-r', 'eu-de')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Name +web-1$/m)
    expect(stdout).toMatch(/r010-\S+ +my-key +SHA256:\S{43}/)
    expect(stdout).toMatch(/^Trusted profile +Profile-\S+$/m)
    expect(stdout).toMatch(/^Linked +true$/m)
    const json = JSON.parse((await initialization('web-1', '-r', 'eu-de', '--json')).stdout)
    expect(json).toMatchObject({
      name: 'web-1',
      region: 'eu-de',
      keys: [{name: 'my-key'}],
      default_trusted_profile: {auto_link: true, target: {id: expect.stringMatching(/^Profile-/)}},
    })
  })

  it('opens the password of Windows with the key, and shows it only then', async () => {
    const {id, fingerprint, keyId} = await makeWindows(file('OpenSSH.pub'))
    const shown = await initialization(id)
    expect(shown.stdout).toMatch(new RegExp(`^Password +encrypted for ${fingerprint.replaceAll('+', '\\+')}$`, 'm'))
    expect(shown.stdout).toContain(keyId)
    const opened = await initialization(id, '--private-key', file('OpenSSH'))
    expect(opened.code).toBe(0)
    const password = /^Password +(\S+)$/m.exec(opened.stdout)?.[1] ?? ''
    expect(password).toMatch(/^[\w+/]{16}$/)
    expect(shown.stdout).not.toContain(password)
    const json = JSON.parse((await initialization(id, '--private-key', file('OpenSSH'), '--json')).stdout)
    expect(json.password).toMatchObject({password, encrypted_password: expect.any(String)})
  })

  it.each(['OpenSSHwithapassphrase', 'PEMwithapassphrase', 'PKCS8withapassphrase'])(
    'asks for the passphrase on a terminal, without showing it, and takes it from a file: %s',
    async name => {
      const {id} = await makeWindows(file(`${name}.pub`))
      const key = ['--private-key', file(name)]
      const alone = await initialization(id, ...key)
      expect(alone).toMatchObject({code: 1, stderr: expect.stringMatching(/passphrase.*\n.*--passphrase-file/)})
      writeFileSync(file('passphrase'), 'open sesame\n')
      expect((await initialization(id, ...key, '--passphrase-file', file('passphrase'))).stdout).toMatch(
        /^Password +\S{16}$/m,
      )
      writeFileSync(file('passphrase'), 'shut\n')
      expect((await initialization(id, ...key, '--passphrase-file', file('passphrase'))).stderr).toMatch(
        /does not open/,
      )
      const pty = startInProcess(['instances', 'initialization', id, ...key], {env: here.env})
      await pty.reply('Passphrase for the private key:', 'open sesame\r')
      expect(await pty.exit).toMatchObject({exitCode: 0})
      expect(pty.everything()).toMatch(/^Password +\S{16}$/m)
      expect(pty.everything()).not.toContain('sesame')
    },
  )

  it('says what is wrong with a key', async () => {
    const {id, fingerprint} = await makeWindows(file('OpenSSH.pub'))
    const said = async (...args: string[]) => (await initialization(id, ...args)).stderr
    expect(await said('--private-key', '/no/such')).toMatch(/No private key from \/no\/such: there is no such file/)
    expect(await said('--private-key', file('PEM'))).toContain(`it is encrypted for ${fingerprint}`)
    expect(await said('--private-key', file('ed25519'))).toMatch(/a key of type ed25519/)
    expect(await said('--private-key', file('OpenSSH.pub'))).toMatch(
      /no private key in PEM or in the format of OpenSSH/,
    )
    writeFileSync(file('passphrase'), 'open sesame\n')
    const other = ['--private-key', file('othercipher'), '--passphrase-file', file('passphrase')]
    expect(await said(...other)).toMatch(/it is damaged, or its encryption is not known/)
    writeFileSync(file('damaged'), readFileSync(file('OpenSSH'), 'utf8').replace(/^.{70}\n/m, ''))
    expect(await said('--private-key', file('damaged'))).toMatch(/it is damaged/)
    const linux = await initialization('my-virtual-server-2', '--private-key', file('PEM'))
    expect(linux).toMatchObject({code: 1, stderr: expect.stringMatching(/has no password/)})
  })
})

describe('decryptPassword', () => {
  it.each(kinds)('with a key as %s', async (name, _type, _options, passphrase) => {
    const path = file(name.replaceAll(/[^\w]/g, ''))
    const key = await readPrivateKey(readFileSync(path, 'utf8'), passphrase || undefined)
    // ssh-keygen, not the code under test, says what the public half is.
    const pem = execFileSync('ssh-keygen', ['-e', '-m', 'PKCS8', '-f', `${path}.pub`])
    const encrypted = publicEncrypt({key: pem.toString(), padding: 1}, Buffer.from('pass wörd\0'))
    const sealed = {encrypted: encrypted.toString('base64'), fingerprint: 'SHA256:x'}
    expect(decryptPassword(key, sealed)).toBe('pass wörd\0')
  })

  it('refuses what is not encrypted for the key', async () => {
    const key = await readPrivateKey(readFileSync(file('PEM'), 'utf8'), undefined)
    for (const encrypted of [
      '',
      'AAAA',
      Buffer.alloc(256, 7).toString('base64'),
      Buffer.alloc(300).toString('base64'),
    ]) {
      expect(() => decryptPassword(key, {encrypted})).toThrow(/does not open the password/)
    }
  })
})
