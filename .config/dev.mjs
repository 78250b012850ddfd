// Builds, and builds again whenever a source changes, until Ctrl-C.
import {spawnSync} from 'node:child_process'
import {watch} from 'node:fs'
import {fileURLToPath} from 'node:url'

const here = name => fileURLToPath(new URL(name, import.meta.url))

function build() {
  const startedAt = performance.now()
  const {status} = spawnSync(process.execPath, [here('build.mjs')], {stdio: 'inherit'})
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(status === 0 ? `Built in ${seconds} s: node dist/main.cjs` : 'Not built.')
}

build()
let timer
watch(here('../src'), {recursive: true}, () => {
  // An editor writes a file in several steps.
  clearTimeout(timer)
  timer = setTimeout(build, 100)
})
