import {closeSync, constants, openSync, readdirSync, readFileSync, readSync} from 'node:fs'
import {join} from 'node:path'
import {folderTrouble} from '../../files/private-file.ts'
import {cacheFolder, configFile, stateFolder} from '../../files/user-folders.ts'
import {namesSandbox} from '../environment.ts'
import {type Manifest, offerFor, type Sources} from './candidates.ts'
import {namesFile, readKnownNames} from './known-names.ts'
import {publicRegions} from './public-regions.ts'

/** More than anybody looks through; the next letter tells them apart. */
const mostCandidates = 1000
const mostRuns = 50

/**
 * What can stand in place of the last word, as the scripts of `vpcmd completion` read it: `:files` or `:values`, then a
 * candidate a line, with a tab and what it is. Only files of this machine are read, and nothing is thrown.
 */
export function complete(typed: string[], env: NodeJS.ProcessEnv, root: URL): string {
  // Windows PowerShell hands over no argument that is empty: its script writes two quotes.
  const words = typed.map(word => (word === '""' ? '' : word))
  const isSandbox = words.includes('--sandbox') || namesSandbox(env)
  const {candidates, files} = offerFor(words, sourcesOf(env, isSandbox, root))
  const safe = candidates.filter(([value]) => isPlain(value)).slice(0, mostCandidates)
  const lines = safe.map(([value, description]) => (description ? `${value}\t${description}` : value))
  return `${[files ? ':files' : ':values', ...lines].join('\n')}\n`
}

/** Names come from the cloud: one with a line break or an escape sequence in it would act on the shell. */
function isPlain(value: string): boolean {
  return !/[\p{C}]/u.test(value)
}

function sourcesOf(env: NodeJS.ProcessEnv, isSandbox: boolean, root: URL): Sources {
  const read = (file: string) => JSON.parse(readFileSync(new URL(file, root), 'utf8'))
  const manifest: Manifest = read('oclif.manifest.json')
  const cache = cacheFolder(env)
  const isTrusted = cache !== undefined && !folderTrouble(cache)
  const {account, regions} = isTrusted ? readKnownNames(namesFile(cache, isSandbox)) : {regions: {}}
  return {
    manifest,
    topics: read('package.json').oclif.topics,
    names: kind => unique(Object.values(regions).flatMap(known => known[kind])),
    regions: () => unique([...Object.keys(regions), ...publicRegions]),
    profiles: () => profileNames(env),
    runs: () => runIds(env, account),
  }
}

/** So many bytes of a file's beginning; empty where it can't be read, or is one to wait for, such as a FIFO. */
function startOf(file: string, length: number): string {
  try {
    const opened = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const bytes = Buffer.alloc(length)
      return bytes.toString('utf8', 0, readSync(opened, bytes))
    } finally {
      closeSync(opened)
    }
  } catch {
    return ''
  }
}

/** The names below `profiles:` in the config file, as people write it. To read YAML in full takes longer than a Tab may. */
function profileNames(env: NodeJS.ProcessEnv): string[] {
  const file = configFile(env)
  const text = file === undefined ? '' : startOf(file, 64 * 1024)
  const [, rows = ''] = /^profiles:[^\S\n]*\n((?:[^\S\n].*\n|\s*\n|#.*\n)*)/m.exec(`${text}\n`) ?? []
  const [indent = ''] = /^[^\S\n]+(?=[\w.-])/m.exec(rows) ?? []
  return [...rows.matchAll(new RegExp(`^${indent}([\\w.-]+):`, 'gm'))].map(([, name = '']) => name)
}

function unique(names: string[]): string[] {
  return [...new Set(names)].sort()
}

/** The newest runs, with `account` those of that account alone. */
function runIds(env: NodeJS.ProcessEnv, account: string | undefined): string[] {
  const state = stateFolder(env)
  if (state === undefined) return []
  try {
    const journals = readdirSync(join(state, 'runs')).filter(name => /^\d{8}-\d{6}-[0-9a-f]+\.jsonl$/.test(name))
    // A journal names its account at the beginning.
    const accountOf = (name: string) => /"account":"([^"]*)"/.exec(startOf(join(state, 'runs', name), 1024))?.[1]
    const isOurs = (name: string) => account === undefined || accountOf(name) === account
    const newest = journals.sort().reverse().slice(0, mostRuns)
    return newest.filter(isOurs).map(name => name.replace('.jsonl', ''))
  } catch {
    return []
  }
}
