import type {Stats} from 'node:fs'
import {lstat, stat} from 'node:fs/promises'
import {dirname} from 'node:path'
import {Document, isMap, isScalar, LineCounter, type Pair, parseDocument, type YAMLError} from 'yaml'
import {z} from 'zod'
import {asVpcmdError, usageError, VpcmdError} from '../errors.ts'
import {type FileTrouble, sentence} from '../files/file-trouble.ts'
import {folderTrouble, makePrivateFolder, ownershipTrouble} from '../files/private-file.ts'
import {type InputHost, readText} from '../files/read-input.ts'
import {configFile} from '../files/user-folders.ts'
import {notWritten, type OutputHost, writeThrough} from '../files/write-output.ts'
import {chooseColumns} from '../instances/columns.ts'
import {nearestName} from '../nearest-name.ts'
import {oddKindOf} from '../plain-file.ts'
import {quoteCommand} from '../quote-command.ts'
import {colorModes} from '../terminal/style.ts'
import {lowerFirst, plain} from '../terminal/text.ts'
import {
  type Given,
  type PreferenceName,
  type Preferences,
  preferenceNames,
  type ReadPreferences,
  settledBy,
} from './preference-table.ts'
import {listOf, oneOf, outputFormat, type Profile, profileName, profileSchema} from './profiles.ts'

/** A larger file is not read. */
const mostBytes = 64 * 1024

const list = listOf('a list of names', /^[\w ./-]+$/)

const schemas = {
  output: outputFormat,
  columns: list.superRefine((names, issues) => {
    try {
      chooseColumns(names)
    } catch (error) {
      issues.addIssue({code: 'custom', message: lowerFirst(asVpcmdError(error).inOneLine)})
    }
  }),
  regions: list,
  color: oneOf(colorModes),
  pager: z
    .string({error: 'must be a command'})
    .max(1000, 'must be a command')
    .refine(text => plain(text) === text, 'must be a command on one line'),
  profile: z.string({error: 'must be the name of a profile'}).regex(profileName, 'must be the name of a profile'),
} satisfies Record<PreferenceName, z.ZodType>

/** What the variables that are set and the file say. Throws nothing: what is wrong is among the problems. */
export async function settle(host: InputHost, given: Given[], file: string | undefined): Promise<ReadPreferences> {
  const inFile = file === undefined ? nothing : await readFile(host, file)
  const problems: VpcmdError[] = []
  const right = given.flatMap(each => {
    const {name, variable, value, isChecked} = each
    const parsed = schemas[name].safeParse(value)
    if (!isChecked || parsed.success) return [{...each, value: parsed.data ?? value}]
    problems.push(usageError(`${variable}: ${whyOf(parsed.error)}.`, `Correct it, or: unset ${variable}`))
    return []
  })
  return {...inFile, settled: {...inFile.settled, ...settledBy(right)}, problems: [...problems, ...inFile.problems]}
}

const nothing: ReadPreferences = {settled: {}, profiles: new Map(), problems: []}

/** Checks a value of `vpcmd config set`. Throws a usage error that says what it may be. */
export function checkPreference<Name extends PreferenceName>(name: Name, text: string): NonNullable<Preferences[Name]> {
  const parsed = schemas[name].safeParse(text)
  if (parsed.success) return parsed.data as NonNullable<Preferences[Name]>
  throw usageError(`${name}: ${whyOf(parsed.error)}.`)
}

/** Sets a key of the file, or takes it out (undefined), and keeps its comments and order. Gives whether that changed anything. */
export async function writePreference(
  host: InputHost & OutputHost,
  file: string,
  key: string,
  value: NonNullable<Preferences[PreferenceName]> | undefined,
): Promise<boolean> {
  const document = (await readDocument(host, file))?.document ?? new Document({})
  checkTrouble(folderTrouble(dirname(file)))
  const isThere = document.has(key)
  if (value === undefined && !isThere) return false
  if (value === undefined) document.delete(key)
  else {
    // An empty file would go on as `{}`.
    if (isMap(document.contents) && document.contents.items.length === 0) document.contents.flow = false
    document.set(key, Array.isArray(value) ? document.createNode(value, {flow: true}) : value)
  }
  const whole = document.toString({lineWidth: 0, flowCollectionPadding: false})
  // Nobody could write a setting below it by hand.
  const isEmpty = isMap(document.contents) && document.contents.items.length === 0
  const text = isEmpty ? whole.replace(/^\{\}\n+/m, '') : whole
  try {
    await makePrivateFolder(dirname(file))
    await writeThrough(host, file, text, {isPrivate: true})
  } catch (error) {
    throw notWritten(file, error, host.env)
  }
  return true
}

/** Where the file is. Throws a VpcmdError where the user has no home. */
export function configFileOf(env: NodeJS.ProcessEnv): string {
  const file = configFile(env)
  if (file !== undefined) return file
  throw new VpcmdError({
    code: 'no_home',
    message: 'There is no home folder to keep settings in.',
    hint: 'Set HOME, or set XDG_CONFIG_HOME to an absolute path.',
  })
}

async function readFile(host: InputHost, file: string): Promise<ReadPreferences> {
  try {
    const read = await readDocument(host, file)
    if (!read) return nothing
    const {document, values, lineOf} = read
    const problems: VpcmdError[] = []
    const profiles = new Map<string, Profile>()
    const settled = (isMap(document.contents) ? document.contents.items : []).flatMap(pair => {
      const key = keyIn(pair)
      const at = `${file}:${lineOf(pair)}`
      if (key === profilesKey) {
        for (const [name, profile] of readProfiles(file, pair, values.get(key), lineOf, problems))
          profiles.set(name, profile)
        return []
      }
      const name = preferenceNames.find(each => each === key)
      if (!name) {
        problems.push(unknownKey(at, key))
        return []
      }
      const parsed = schemas[name].safeParse(values.get(name))
      if (parsed.success) return [[name, {value: parsed.data, from: 'file', source: file}] as const]
      problems.push(usageError(`${at}: ${name}: ${whyOf(parsed.error)}.`, `Correct it, or: vpcmd config unset ${name}`))
      return []
    })
    return {settled: Object.fromEntries(settled), profiles, problems}
  } catch (error) {
    return {...nothing, problems: [asVpcmdError(error)]}
  }
}

const profilesKey = 'profiles'

/** The profiles that are right; what is wrong with others goes to `problems`. */
function readProfiles(
  file: string,
  pair: Pair,
  value: unknown,
  lineOf: (pair: Pair) => number,
  problems: VpcmdError[],
): [string, Profile][] {
  const rows = isMap(pair.value) ? pair.value.items : undefined
  if (!rows || !(value instanceof Map)) {
    problems.push(notSettings(`${file}:${lineOf(pair)}`, 'profiles must be a list of NAME: PROFILE'))
    return []
  }
  return rows.flatMap((row): [string, Profile][] => {
    const name = keyIn(row)
    const at = `${file}:${lineOf(row)}`
    if (name === undefined || !profileName.test(name)) {
      problems.push(
        notSettings(
          at,
          'a profile has a name of letters, digits, hyphens, dots and underscores, with no hyphen or dot at its beginning',
        ),
      )
      return []
    }
    const parsed = profileSchema.safeParse(toObject(value.get(name) ?? value.get(Number(name))))
    if (parsed.success) return [[name, parsed.data]]
    const [issue] = parsed.error.issues
    const path = issue?.path.length ? `${issue.path.join('.')}: ` : ''
    problems.push(notSettings(at, `profile ${name}: ${path}${whyOf(parsed.error)}`))
    return []
  })
}

/** YAML's maps as objects, for what is checked as such. */
function toObject(value: unknown): unknown {
  return value instanceof Map
    ? Object.fromEntries([...value].map(([key, each]) => [String(key), toObject(each)]))
    : value
}

function keyIn({key}: Pair): string | undefined {
  return isScalar(key) ? String(key.value) : undefined
}

function unknownKey(at: string, key: string | undefined): VpcmdError {
  if (key === undefined) return notSettings(at, 'a list can be no setting')
  const nearest = nearestName(key, [...preferenceNames, profilesKey])
  const isSecret = /key|token|secret|passw/i.test(key)
  const hint = isSecret
    ? 'No secrets belong there: set IBMCLOUD_API_KEY, or pass --api-key-file.'
    : `There are: ${preferenceNames.join(', ')}. Take it out: ${quoteCommand(['vpcmd', 'config', 'unset', plain(key)])}`
  return usageError(`${at}: there is no setting ${plain(key)}.${nearest ? ` Did you mean ${nearest}?` : ''}`, hint)
}

interface ReadDocument {
  document: Document
  values: Map<unknown, unknown>
  lineOf(pair: Pair): number
}

/** The file as YAML; undefined where there is none. Throws a usage error for one that is no mapping, or that others can write to. */
async function readDocument(host: InputHost, file: string): Promise<ReadDocument | undefined> {
  const isThere = await lstat(file).then(
    () => true,
    () => false,
  )
  if (!isThere) return undefined
  // Why it can't be looked at, whoever reads it will tell.
  const there = await stat(file).catch(() => undefined)
  // It chooses servers by their region, and names a command to run.
  checkTrouble(folderTrouble(dirname(file)) ?? (there && (kindTrouble(file, there) ?? ownershipTrouble(file, there))))
  const text = await readText(host, file, 'settings', mostBytes)
  const lineCounter = new LineCounter()
  const lineOf = ({key}: Pair) => lineCounter.linePos(isScalar(key) ? (key.range?.[0] ?? 0) : 0).line
  try {
    const document = parseDocument(text, {lineCounter, prettyErrors: false, resolveKnownTags: false})
    const [wrong] = [...document.errors, ...document.warnings]
    if (wrong) throw notSettings(`${file}:${lineCounter.linePos(wrong.pos[0]).line}`, yamlTrouble(wrong))
    const {contents} = document
    if (contents !== null && !isMap(contents)) throw notSettings(`${file}:1`, 'it is no list of KEY: VALUE')
    return {document, lineOf, values: new Map(document.toJS({mapAsMap: true}))}
  } catch (error) {
    // How yaml says that it is nested too deeply, and that aliases multiply or lead nowhere.
    if (error instanceof RangeError || error instanceof ReferenceError) {
      throw notSettings(`${file}:1`, 'it is nested too deeply, or aliases in it lead nowhere')
    }
    throw error
  }
}

/** Every command would wait for whoever writes into a FIFO. What a folder or a loop of links is, reading it tells. */
function kindTrouble(file: string, there: Stats): FileTrouble | undefined {
  if (there.isFile() || there.isDirectory()) return undefined
  return {why: `${file} is ${oddKindOf(there)}`, advice: `remove it: rm ${quoteCommand([file])}`}
}

function checkTrouble(trouble: FileTrouble | undefined): void {
  if (!trouble) return
  throw usageError(`The config file is not used: ${trouble.why}.`, trouble.advice && sentence(trouble.advice))
}

function yamlTrouble({code, message}: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins there'
  return code === 'RESOURCE_EXHAUSTION' || /call stack/.test(message) ? 'it is nested too deeply' : lowerFirst(message)
}

function notSettings(at: string, why: string): VpcmdError {
  return usageError(`${at}: ${why.replace(/[.\s]+$/, '')}.`, 'Correct the file, or delete it.')
}

function whyOf(error: z.ZodError): string {
  return error.issues[0]?.message.replace(/[.\s]+$/, '') ?? 'is not right'
}
