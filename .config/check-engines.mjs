// Fails when a dependency in the lock file does not run on the oldest Node that package.json promises. Some ask for a
// later 22 than package.json does: .ci/run tries the bundle, prompts and all, on the oldest 22 that is promised.
import {readFileSync} from 'node:fs'
import semver from 'semver'

const read = file => JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'))
const oldest = semver.minVersion(read('package.json').engines.node)
const unfit = Object.entries(read('package-lock.json').packages)
  .filter(([, {engines}]) => engines?.node && !semver.satisfies(oldest, engines.node))
  .map(([name, {version, engines}]) => `${name} ${version} wants Node ${engines.node}`)
if (unfit.length > 0) {
  console.error(`package.json promises Node ${oldest}, but:\n${unfit.join('\n')}`)
  process.exitCode = 1
}
