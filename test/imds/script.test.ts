import {spawn, spawnSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {delimiter, join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {cloudConfig, metadataScript, type ScriptOptions, scriptShells} from '../../src/imds/script.ts'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {goodToken, json, serve, serveRaw} from '../support/metadata-server.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

// In the end-to-end tests each shell that there is runs them; before, the one that `sh` is on Debian and Ubuntu does.
const isLong = process.env.MODE === 'e2e'

// Without busybox or ShellCheck the rest still runs; .ci/run installs both, and there their lack is a failure.
const hasBusybox = process.env.CI !== undefined || spawnSync('busybox', ['true']).status === 0
const shells: [string, ...string[]][] = [
  ['dash'],
  ...(isLong ? [['bash'] as [string]] : []),
  ...(isLong && hasBusybox ? [['busybox', 'sh'] as [string, string]] : []),
]
const hasShellcheck = process.env.CI !== undefined || spawnSync('shellcheck', ['--version']).status === 0
const hasPowershell = spawnSync('pwsh', ['-Version']).status === 0

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-script-'))
const binary = Buffer.from(Array.from({length: 65_536}, (_, index) => (index * 7) % 256)).toString('latin1')
const awkward = `#!/bin/sh\necho "$(id)" \`date\` 'quoted' \\ \\\\ \\n "user_data": "no" 😀 Grüße \u2028\t\x00\x1b[2J end`

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({metadata: {off: 'reset'}})
  // The first token takes the sandbox a key, which a busy machine may make more slowly than the script waits.
  const {address} = await instanceWith('first', undefined)
  await fetch(`${address.url}/identity/v1/token?version=2025-08-26`, {
    method: 'PUT',
    headers: {'metadata-flavor': 'ibm'},
    body: '{}',
  })
})
afterAll(async () => {
  await sandbox.close()
  rmSync(folder, {recursive: true, force: true})
})

interface Ran {
  code: number | null
  stdout: Buffer
  stderr: string
}

function runScript(shell: [string, ...string[]], script: string, env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const [file, ...args] = shell
    const child = spawn(file, [...args, '-s'], {env: {PATH: process.env.PATH ?? '', ...env}})
    const stdout: Buffer[] = []
    let stderr = ''
    child.stdout.on('data', chunk => stdout.push(chunk))
    child.stderr.setEncoding('utf8').on('data', chunk => {
      stderr += chunk
    })
    child.on('error', reject)
    child.on('close', code => resolve({code, stdout: Buffer.concat(stdout), stderr}))
    child.stdin.end(script)
  })
}

/** Where a program is. */
function pathOf(tool: string): string {
  return spawnSync('sh', ['-c', 'command -v -- "$1"', 'sh', tool], {encoding: 'utf8'}).stdout.trim()
}

/** An instance with the service on, and where it is. */
async function instanceWith(name: string, userData: string | undefined, protocol: 'http' | 'https' = 'http') {
  const instance = await sandbox.fleet.add({
    name,
    zone: 'us-south-1',
    userData,
    metadata_service: {enabled: true, protocol},
  })
  return {id: instance.id, address: await sandbox.metadataAddress(instance.id)}
}

const script = (options: Partial<ScriptOptions>) => metadataScript({shell: 'sh', paths: [], ...options})

const outputs: [string, Partial<ScriptOptions>][] = [
  ['document', {paths: ['instance', 'keys']}],
  ['answer', {paths: ['instance'], output: 'answer'}],
  ['user-data', {output: 'user-data'}],
  ['at an endpoint', {paths: ['instance'], endpoint: 'http://169.254.169.254'}],
]

describe('every script', () => {
  it.each(outputs)('has no placeholder left (%s)', (_what, options) => {
    for (const shell of scriptShells) expect(script({...options, shell})).not.toMatch(/@[A-Z_]+@/)
  })

  it.skipIf(!hasShellcheck).each(outputs)('passes ShellCheck (%s)', (_what, options) => {
    // SC2041: a loop over a single endpoint is meant.
    const args = ['--shell', 'sh', '--exclude', 'SC2041', '-']
    const {status, stdout} = spawnSync('shellcheck', args, {input: script(options), encoding: 'utf8'})
    expect({status, stdout}).toEqual({status: 0, stdout: ''})
  })
})

it('a value that looks like a placeholder stays as it is', () => {
  expect(script({paths: ['@ENDPOINTS@', "it's"]})).toContain(`for name in '@ENDPOINTS@' 'it'\\''s'; do`)
  expect(script({shell: 'powershell', paths: ['@ENDPOINTS@', "it's"]})).toContain("in '@ENDPOINTS@', 'it''s')")
})

describe.each(shells)('in %s %s', (...shell) => {
  it.each(outputs)('it parses (%s)', (_what, options) => {
    const [file, ...args] = shell
    const {status, stderr} = spawnSync(file, [...args, '-n'], {input: script(options), encoding: 'utf8'})
    expect({status, stderr}).toEqual({status: 0, stderr: ''})
  })

  it('several paths are one JSON object of what the service answers', async () => {
    const {id, address} = await instanceWith(`evil "$(id)" 'x' \\`, awkward)
    const paths = ['instance', 'instance/initialization', 'keys']
    const {code, stdout, stderr} = await runScript(shell, script({endpoint: address.url, paths}))
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
    const document = JSON.parse(stdout.toString())
    expect(Object.keys(document)).toEqual(paths)
    expect(document.instance).toMatchObject({id, name: `evil "$(id)" 'x' \\`})
    expect(document['instance/initialization'].user_data).toBe(awkward)
  })

  it('over https one path is the answer alone', async () => {
    const {id, address} = await instanceWith('secure', undefined, 'https')
    const text = script({endpoint: address.url, paths: ['instance'], output: 'answer'})
    const {code, stdout} = await runScript(shell, text, {CURL_CA_BUNDLE: address.ca_file})
    expect({code, id: JSON.parse(stdout.toString()).id}).toEqual({code: 0, id})
    const untrusted = await runScript(shell, text)
    expect(untrusted).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^Error: The certificate .* is not trusted: https:\S+ \(curl error 60\)\. Trust its CA/,
      ),
    })
    expect(untrusted.stdout.length).toBe(0)
  })

  it.each([
    ['awkward text', awkward],
    ['64 KB of binary', binary],
  ])('user data that are %s come out byte for byte', async (_what, userData) => {
    const {address} = await instanceWith('with-data', userData)
    const {code, stdout, stderr} = await runScript(shell, script({endpoint: address.url, output: 'user-data'}))
    expect({code, stderr}).toEqual({code: 0, stderr: ''})
    expect(stdout.equals(Buffer.from(userData))).toBe(true)
  })

  it('user data come out whether the service escapes all or nothing, and from the older paths', async () => {
    const escaped = `{"keys":[{"name":"\\"user_data\\":\\"no"}],\n "user_data" : "${[...'\u0000é😀"\\/']
      .flatMap(character => Array.from({length: character.length}, (_, index) => character.charCodeAt(index)))
      .map(code => `\\u${code.toString(16).padStart(4, '0')}`)
      .join('')}\\b\\f\\n\\r\\t\\/\\"\\\\n"}`
    const server = await serve(({url}, response) => {
      if (url.startsWith('/identity/')) json(response, 404, {})
      else if (url.startsWith('/instance_identity/v1/token?version=2022-03-01'))
        json(response, 200, {access_token: goodToken})
      else response.end(escaped)
    })
    const {code, stdout} = await runScript(shell, script({endpoint: server.url, output: 'user-data'}))
    expect({code, text: stdout.toString()}).toEqual({code: 0, text: '\u0000é😀"\\/\b\f\n\r\t/"\\n'})
    expect(server.seen.at(-1)?.url).toBe('/metadata/v1/instance/initialization?version=2022-03-01')
  })

  it('no user data is exit code 4', async () => {
    const {address} = await instanceWith('without-data', undefined)
    const ran = await runScript(shell, script({endpoint: address.url, output: 'user-data'}))
    expect({...ran, stdout: ran.stdout.toString()}).toEqual({
      code: 4,
      stdout: '',
      stderr: 'Error: This instance has no user data.\n',
    })
  })

  it('one path that fails is no output at all', async () => {
    const {address} = await instanceWith('half', undefined)
    const {code, stdout, stderr} = await runScript(
      shell,
      script({endpoint: address.url, paths: ['instance', 'nothing']}),
    )
    expect({code, stdout: stdout.toString()}).toEqual({code: 1, stdout: ''})
    expect(stderr).toMatch(/^Error: nothing: status 404: .*not_found/)
  })

  it('the service off is one line', async () => {
    const {id, address} = await instanceWith('off', undefined)
    await sandbox.fleet.change(id, {metadata_service: {enabled: false}})
    const {code, stdout, stderr} = await runScript(shell, script({endpoint: address.url, paths: ['instance']}))
    expect({code, stdout: stdout.toString()}).toEqual({code: 1, stdout: ''})
    expect(stderr).toMatch(/^Error: The metadata service does not answer: .*vpcmd metadata enable INSTANCE\n$/)
  })

  it('a curl that is missing is one line', async () => {
    const without = mkdtempSync(join(folder, 'path-'))
    const [file = '', ...args] = shell
    const found = pathOf(file)
    for (const tool of ['tr', 'head']) {
      writeFileSync(join(without, tool), `#!/bin/sh\nexec ${pathOf(tool)} "$@"\n`, {mode: 0o755})
    }
    const ran = await runScript([found, ...args], script({paths: ['instance']}), {PATH: without})
    expect(ran).toMatchObject({code: 1, stderr: 'Error: curl is not installed.\n'})
  })

  it('proxies are not asked, ~/.curlrc is not read, a redirect is not followed', async () => {
    const proxy = await serve(() => false)
    const elsewhere = await serve(() => false)
    const home = mkdtempSync(join(folder, 'home-'))
    writeFileSync(join(home, '.curlrc'), `location\nproxy = ${proxy.url}\n`)
    const server = await serve(({method}, response) => {
      if (method !== 'GET') return false
      response.writeHead(302, {location: `${elsewhere.url}/`}).end()
    })
    const env = {HOME: home, http_proxy: proxy.url, ALL_PROXY: proxy.url}
    const {code, stderr} = await runScript(shell, script({endpoint: server.url, paths: ['instance']}), env)
    expect({code, stderr}).toEqual({code: 1, stderr: expect.stringContaining('status 302')})
    expect([proxy.seen, elsewhere.seen]).toEqual([[], []])
    expect(server.seen.at(-1)?.headers.authorization).toBe(`Bearer ${goodToken}`)
  })

  it('what a hostile service says reaches neither the shell nor the terminal', async () => {
    const marker = join(folder, 'ran')
    const evil = `$(touch ${marker})\`touch ${marker}\`"; touch ${marker}; '\x1b[2J\x07\x9b2J`
    for (const step of ['token', 'error', 'metadata']) {
      const server = await serve(({method}, response) => {
        if (step === 'token') json(response, 200, {access_token: evil})
        else if (method === 'PUT') return false
        else if (step === 'error') response.writeHead(500).end(evil)
        else response.end(evil)
      })
      const ran = await runScript(shell, script({endpoint: server.url, paths: ['instance']}))
      expect(ran).toMatchObject({code: 1, stderr: expect.stringMatching(/^Error: /)})
      expect(ran.stdout.length).toBe(0)
      expect(ran.stderr).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
    }
    expect(spawnSync('test', ['-e', marker]).status).toBe(1)
  })

  it('a service that repeats the token, or gives one with an error, does not have it printed', async () => {
    for (const refused of ['PUT', 'GET']) {
      const server = await serve(({method, headers}, response) => {
        if (method !== refused) return false
        json(response, 500, method === 'PUT' ? {access_token: goodToken} : headers)
      })
      const ran = await runScript(shell, script({endpoint: server.url, paths: ['instance']}))
      expect(ran).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/status 500: an answer with a token in it\n$/),
      })
      expect(ran.stderr).not.toContain(goodToken)
    }
  })

  it('a token comes with any status of success', async () => {
    const server = await serve(({method}, response) => {
      json(response, method === 'PUT' ? 202 : 200, method === 'PUT' ? {access_token: goodToken} : {id: 'x'})
    })
    const ran = await runScript(shell, script({endpoint: server.url, paths: ['instance'], output: 'answer'}))
    expect({...ran, stdout: ran.stdout.toString()}).toEqual({code: 0, stdout: '{"id":"x"}\n', stderr: ''})
  })

  it('user data that are cut short are an error, and nothing of them comes out', async () => {
    for (const body of ['{"user_data":"abc}', '{"user_data":"abc\\"}', '{"user_data":"a\\u00e9\\\\n}']) {
      const server = await serve(({method}, response) => {
        if (method !== 'GET') return false
        response.end(body)
      })
      const ran = await runScript(shell, script({endpoint: server.url, output: 'user-data'}))
      expect({...ran, stdout: ran.stdout.toString()}).toEqual({
        code: 1,
        stdout: '',
        stderr: 'Error: The user data is cut short.\n',
      })
    }
  })

  it.each(['document', 'user-data'] as const)(
    'a refusal under 200, and what is no initialization, are no data and no lack of them (%s)',
    async output => {
      const answers = ['{"errors":[{"code":"not_found","message":"No."}]}', '{}']
      for (const body of output === 'document' ? answers.slice(0, 1) : answers) {
        const server = await serve(({method}, response) => {
          if (method !== 'GET') return false
          response.end(body)
        })
        const ran = await runScript(shell, script({paths: ['instance'], endpoint: server.url, output}))
        expect({code: ran.code, stdout: ran.stdout.toString()}).toEqual({code: 1, stdout: ''})
        expect(ran.stderr).toMatch(/^Error: instance\S*: (status 200: \{"errors"|the answer is not that of)/)
      }
    },
  )

  it('JSON that begins with a line or a blank is JSON', async () => {
    const server = await serve(({method}, response) => {
      if (method !== 'GET') return false
      response.end('\n {"keys":[],"user_data":"abc"}')
    })
    const ran = await runScript(shell, script({endpoint: server.url, output: 'user-data'}))
    expect({...ran, stdout: ran.stdout.toString()}).toEqual({code: 0, stdout: 'abc', stderr: ''})
  })

  it('what the environment has is not taken for an answer', async () => {
    const {id, address} = await instanceWith('off-in-an-environment', undefined)
    await sandbox.fleet.change(id, {metadata_service: {enabled: false}})
    const text = script({endpoint: address.url, paths: ['instance']})
    const ran = await runScript(shell, text, {status: '200', answered: address.url, body: '{"access_token":"a"}'})
    expect(ran).toMatchObject({code: 1, stderr: expect.stringContaining('The metadata service does not answer: ')})
  })

  it('what answered is named, and not what was tried after it', async () => {
    const spy = mkdtempSync(join(folder, 'spy-'))
    const curl = `#!/bin/sh\nfor url; do :; done\ncase $url in *ibm.com*) printf 'some web server\\n404 ' ;; *) exit 7 ;; esac\n`
    writeFileSync(join(spy, 'curl'), curl, {mode: 0o755})
    const path = [spy, process.env.PATH].join(delimiter)
    const {code, stderr} = await runScript(shell, script({paths: ['instance']}), {PATH: path})
    expect({code, stderr}).toEqual({
      code: 1,
      stderr: 'Error: No identity token from http://api.metadata.cloud.ibm.com: status 404: some web server\n',
    })
  })

  it('a service that does not answer is given up', async () => {
    const silent = await serveRaw()
    const {code, stderr} = await runScript(shell, script({endpoint: silent.url, paths: ['instance']}))
    expect({code, stderr}).toEqual({code: 1, stderr: expect.stringContaining('curl error 28')})
  })

  it('an answer without end is given up by size, and one that is cut off is no answer', async () => {
    let flood = 0
    const server = await serve(({method, url}, response) => {
      if (method !== 'GET') return false
      if (url.includes('keys')) {
        response.writeHead(200, {'content-length': '1000'})
        response.write('{"id":"x"}', () => response.destroy())
        return true
      }
      const chunk = Buffer.alloc(65_536, 'a')
      const more = () => {
        while (!response.destroyed && response.write(chunk)) flood += chunk.length
      }
      response.writeHead(200).on('drain', more)
      more()
    })
    const {code, stdout, stderr} = await runScript(shell, script({endpoint: server.url, paths: ['instance']}))
    expect({code, stderr, size: stdout.length}).toEqual({
      code: 1,
      stderr: expect.stringContaining('curl error 63'),
      size: 0,
    })
    // What lies in buffers on the way was sent as well.
    expect(flood).toBeLessThan(64 * 2 ** 20)
    const cut = await runScript(shell, script({endpoint: server.url, paths: ['keys']}))
    expect(cut).toMatchObject({code: 1, stderr: expect.stringMatching(/curl error (18|56)/)})
    expect(cut.stdout.length).toBe(0)
  })

  it('halves of a surrogate pair in user data are what they are to vpcmd, too', async () => {
    for (const escaped of ['a\\ud83d\\ude00\\ud800b\\udc00c\\ud800', '\\ud800\\n\\ud800\\u0041\\ud800\\ud83d\\ude00']) {
      const server = await serve(({method}, response) => {
        if (method !== 'GET') return false
        response.end(`{"user_data":"${escaped}","keys":[]}`)
      })
      const ran = await runScript(shell, script({endpoint: server.url, output: 'user-data'}))
      const expected = Buffer.from(JSON.parse(`"${escaped}"`), 'utf8')
      expect({code: ran.code, bytes: ran.stdout.toString('hex')}).toEqual({code: 0, bytes: expected.toString('hex')})
    }
  })

  it('the protocol that is said to be set is tried first', async () => {
    const spy = mkdtempSync(join(folder, 'spy-'))
    const log = join(spy, 'log')
    // The URL is the last argument.
    writeFileSync(join(spy, 'curl'), `#!/bin/sh\nfor url; do :; done\necho "\${url%%/identity*}" >>${log}\nexit 28\n`, {
      mode: 0o755,
    })
    const tried = async (protocol: string | undefined) => {
      writeFileSync(log, '')
      const path = [spy, process.env.PATH].join(delimiter)
      await runScript(shell, script({paths: ['instance'], protocol}), {PATH: path})
      return readFileSync(log, 'utf8').trim().split('\n')
    }
    const [secure, byName, byAddress] = [
      'https://api.metadata.cloud.ibm.com',
      'http://api.metadata.cloud.ibm.com',
      'http://169.254.169.254',
    ]
    expect(await tried(undefined)).toEqual([secure, byName, byAddress])
    expect(await tried('https')).toEqual([secure, byName, byAddress])
    expect(await tried('http')).toEqual([byName, byAddress, secure])
  })

  it('the token is in no argument, and no environment', async () => {
    const spy = mkdtempSync(join(folder, 'spy-'))
    const log = join(spy, 'log')
    for (const tool of ['curl', 'sed', 'tr', 'awk', 'head']) {
      writeFileSync(
        join(spy, tool),
        `#!/bin/sh\nprintf '%s\\n' "${tool} $*" "$(env)" >> ${log}\nexec ${pathOf(tool)} "$@"\n`,
        {
          mode: 0o755,
        },
      )
    }
    const server = await serve(({method}, response) => {
      if (method !== 'GET') return false
      json(response, 200, {user_data: 'data'})
    })
    const text = script({endpoint: server.url, output: 'user-data'})
    const env = {PATH: [spy, process.env.PATH].join(delimiter), token: 'another', body: 'another'}
    const ran = await runScript(shell, text, env)
    expect({code: ran.code, text: ran.stdout.toString()}).toEqual({code: 0, text: 'data'})
    const lines = readFileSync(log, 'utf8')
    expect(lines).toContain('curl -q')
    expect(lines).not.toContain(goodToken)
  })
})

describe('for cloud-init', () => {
  it('it is a cloud-config that writes the same script and keeps its output for root', async () => {
    const text = script({paths: ['instance', 'keys']})
    const config = cloudConfig(text)
    expect(config.startsWith('#cloud-config\n')).toBe(true)
    const {
      write_files: [file],
      runcmd,
    } = parse(config)
    expect(file).toEqual({
      path: '/var/lib/vpcmd/read-metadata.sh',
      owner: 'root:root',
      permissions: '0700',
      content: text,
    })
    expect(runcmd).toEqual([['sh', '-c', 'umask 077; /var/lib/vpcmd/read-metadata.sh > /var/lib/vpcmd/metadata']])
  })
})

describe('for PowerShell', () => {
  it('it holds what it has to', () => {
    const text = script({shell: 'powershell', paths: ['instance']})
    expect(text).toContain('route.exe -p add 169.254.169.254 MASK 255.255.255.255 $gateway')
    expect(text).toContain("foreach ($name in 'instance')")
  })

  it.skipIf(!hasPowershell).each(['document', 'answer', 'user-data'] as const)('PowerShell parses it (%s)', output => {
    const file = join(folder, `${output}.ps1`)
    writeFileSync(file, script({shell: 'powershell', paths: ['instance'], output}))
    const parser = `$errors = $null; [void][Management.Automation.Language.Parser]::ParseFile('${file}', [ref]$null, [ref]$errors); $errors | Out-String; exit $errors.Count`
    const {status, stdout} = spawnSync('pwsh', ['-NoProfile', '-Command', parser], {encoding: 'utf8'})
    expect({status, stdout}).toMatchObject({status: 0})
  })
})
