import {readFileSync} from 'node:fs'
import {dirname, resolve} from 'node:path'
import {describe, expect, it} from 'vitest'
import {vpcmdPath} from './support/run-vpcmd.ts'

const at = (path: string) => resolve(dirname(vpcmdPath), path)

/** A file of the build, and all that is read with it. */
function withImports(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found
  found.add(file)
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/\b(?:from|import) ?["'](\.[^"']+)["']/g))
    withImports(resolve(dirname(file), path), found)
  return found
}

describe('what boot scripts and Tabs wait for', () => {
  it.each([
    ['main.cjs', 1],
    ['cli/completion/complete.js', 2],
    ['cli/start-framework.js', 1],
    ['cli/report-error.js', 6],
    ['cli/progress-line.js', 6],
    ['terminal/formats.js', 6],
    ['files/read-input.js', 6],
  ])('%s is read with at most %i files, and none holds the framework', (file, most) => {
    const files = [...withImports(at(file))]
    expect(files.length).toBeLessThanOrEqual(most)
    expect(files.filter(each => /node_modules\/@oclif/.test(readFileSync(each, 'utf8')))).toEqual([])
  })

  it('and the framework is found where it is', () => {
    const files = [...withImports(at('cli/run-vpcmd.js'))]
    expect(files.filter(each => /node_modules\/@oclif/.test(readFileSync(each, 'utf8')))).not.toEqual([])
    expect(files.length).toBeLessThanOrEqual(6)
  })
})
