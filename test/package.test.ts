import {execFileSync, spawnSync} from 'node:child_process'
import {readFileSync, rmSync, statSync} from 'node:fs'
import {dirname, join, resolve} from 'node:path'
import {globSync} from 'tinyglobby'
import {expect, it} from 'vitest'
import {allowSeconds} from './support/allow-seconds.ts'
import {copyOfBuild} from './support/copy-of-build.ts'
import {runVpcmd, vpcmdPath} from './support/run-vpcmd.ts'

const root = resolve(dirname(vpcmdPath), '..')

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

it('a stack that --debug prints names the line of the source', async () => {
  const args = ['metadata', 'show', 'nosuch', '--sandbox']
  const {stderr} = await runVpcmd([...args, '--debug'])
  const [, file = '', line = ''] = /^ {4}at .*\((\/.*\/src\/.*\.ts):(\d+):\d+\)$/m.exec(stderr) ?? []
  expect(readFileSync(file, 'utf8').split('\n')[Number(line) - 1]).toContain('new VpcmdError')
  expect((await runVpcmd(args)).stderr).not.toContain('    at ')
})

const isRoot = process.getuid?.() === 0
const noEntry = 'it runs for a user without an entry in the system, as containers have, %s'
it.skipIf(!isRoot).each([
  ['at home in /', {HOME: '/'}],
  ['and without a home', {}],
])(noEntry, (_where, env) => {
  const copy = copyOfBuild()
  const args = [join(copy, 'dist', 'main.cjs'), 'instances', 'list', '--sandbox', '-q']
  const {status, stdout, stderr} = spawnSync(process.execPath, args, {uid: 54_321, env, encoding: 'utf8'})
  rmSync(copy, {recursive: true})
  expect({status, stderr}).toEqual({status: 0, stderr: expect.not.stringContaining('Error')})
  expect(stdout.trim().split('\n').length).toBeGreaterThan(8)
})

it('what starts first is small: the rest is loaded where it is needed', () => {
  expect(statSync(vpcmdPath).size).toBeLessThan(64 * 1024)
})

it('the package has a manual page for each group and command, which man reads without a warning, in 80 columns', () => {
  execFileSync(process.execPath, [resolve(root, '.config/man.mjs')])
  const {man, oclif} = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'))
  const {commands} = JSON.parse(readFileSync(resolve(root, 'oclif.manifest.json'), 'utf8'))
  const names = [...Object.keys(oclif.topics), ...Object.keys(commands)].map(id => `vpcmd-${id.replace(':', '-')}`)
  expect([...man].sort()).toEqual(['vpcmd', ...names].map(name => `dist/man/${name}.1`).sort())
  const isThere = spawnSync('man', ['--version']).status === 0
  for (const page of isThere ? man.filter((name: string) => /vpcmd(-metadata-enable)?\.1$/.test(name)) : []) {
    const env = {...process.env, MANWIDTH: '80', MANPAGER: 'cat', LC_ALL: 'C.UTF-8'}
    const {stdout, stderr} = spawnSync('man', ['--warnings', '-l', page], {cwd: root, env, encoding: 'utf8'})
    expect({page, stderr}).toEqual({page, stderr: ''})
    expect(stdout).toContain('vpcmd metadata enable')
    expect(stdout.split('\n').filter(line => line.length > 80)).toEqual([])
  }
})

it('the notices name each package that is in the bundles, and its license', () => {
  const dist = dirname(vpcmdPath)
  const notices = readFileSync(resolve(dist, 'THIRD-PARTY-NOTICES'), 'utf8')
  const folders = new Set(
    globSync('**/*.map', {cwd: dist, absolute: true}).flatMap(map =>
      (JSON.parse(readFileSync(map, 'utf8')).sources as string[]).flatMap(source => {
        const folder = /^.*\/node_modules\/(@[^/]+\/)?[^/]+/.exec(source)?.[0]
        return folder === undefined ? [] : [resolve(dirname(map), folder)]
      }),
    ),
  )
  expect(folders.size).toBeGreaterThan(50)
  for (const folder of folders) {
    const {
      name,
      version,
      licenses,
      license = licenses[0].type,
    } = JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8'))
    expect(notices).toContain(`\n${name} ${version}\n${license}\n\n`)
  }
  expect(notices).toContain('Permission is hereby granted')
})
