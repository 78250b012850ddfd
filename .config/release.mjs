// Makes the files of a release, and publishes nothing: npm run release -- 1.2.3
import {execFileSync} from 'node:child_process'
import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import semver from 'semver'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const run = (file, ...args) => execFileSync(file, args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit']}).trim()
const fail = message => {
  console.error(`Error: ${message}`)
  process.exit(1)
}

const [version] = process.argv.slice(2)
const present = JSON.parse(readFileSync('package.json', 'utf8')).version
if (!semver.valid(version)) fail('Say which version it is to be: npm run release -- 1.2.3')
if (semver.lt(version, present)) fail(`${version} is older than ${present}, which package.json has.`)
if (run('git', 'tag', '--list', `v${version}`)) fail(`There is a tag v${version} already.`)

if (run('git', 'status', '--porcelain')) fail('There is something that is not committed: git status')
// .ci/run writes down the commit that it has found well.
const head = run('git', 'rev-parse', 'HEAD')
const passed = run('git', 'rev-parse', '--git-path', 'ci-passed')
if (!existsSync(passed) || readFileSync(passed, 'utf8').trim() !== head) fail(`CI has not passed for ${head}: .ci/run`)

const unreleased = '## Unreleased\n'
const changelog = readFileSync('CHANGELOG.md', 'utf8')
const changes = changelog.split(unreleased)[1]?.split(/^## /m)[0]?.trim()
if (!changes) fail(`CHANGELOG.md says nothing below "${unreleased.trim()}".`)
const today = new Date().toISOString().slice(0, 10)
writeFileSync('CHANGELOG.md', changelog.replace(unreleased, `${unreleased}\n## ${version} - ${today}\n`))
run('npm', 'version', version, '--no-git-tag-version', '--allow-same-version')

rmSync('release', {recursive: true, force: true})
mkdirSync('release')
const tarball = run('npm', 'pack', '--silent', '--pack-destination', 'release')
const sum = createHash('sha256')
  .update(readFileSync(`release/${tarball}`))
  .digest('hex')
writeFileSync('release/SHA256SUMS', `${sum}  ${tarball}\n`)
console.log(`release/ has ${tarball} and SHA256SUMS. Look at git diff, and then:
  git commit --all --message "Release ${version}"
  git tag v${version}
  git push origin HEAD v${version}`)
