import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {Ajv} from 'ajv'
import {globSync} from 'tinyglobby'
import {beforeAll, describe, expect, it} from 'vitest'
import {BaseCommand} from '../../src/cli/base-command.ts'
import {exitCodes} from '../../src/errors.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {inferSchema} from './infer-schema.ts'
import {type Printed, printedByCommand} from './printed-json.ts'

allowSeconds(20, 'It loads all commands.')

// What scripts of others rely on: commands, arguments, flags, exit codes, and the JSON that each command prints. Whoever
// changes it on purpose looks at the difference, and writes the files anew: npx vitest run test/contract -u

const root = fileURLToPath(new URL('../../src/commands/', import.meta.url))
const ids = globSync('**/*.ts', {cwd: root})
  .map(file => file.replace(/\.ts$/, ''))
  .sort()

type Declared = Record<string, Record<string, unknown>>
interface CommandClass {
  args?: Declared
  flags?: Declared
  baseFlags?: Declared
  strict?: boolean
  hidden?: boolean
  aliases?: string[]
}

const commandOf = async (id: string): Promise<CommandClass> => (await import(`${root}${id}.ts`)).default

/** What of a flag or an argument one can rely on; what is made only when the command runs is told as such. */
function surfaceOf(declared: Declared = {}): Declared {
  const told = [
    ...['type', 'char', 'required', 'multiple', 'delimiter', 'options', 'default', 'env', 'min', 'max', 'allowNo'],
    ...['exclusive', 'dependsOn', 'exactlyOne', 'relationships', 'aliases', 'hidden', 'deprecated', 'helpValue'],
  ]
  const entries = Object.entries(declared).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(
    entries.map(([name, all]) => {
      const facts = told.flatMap(fact => {
        const value = all[fact]
        if (value === undefined || value === false || (Array.isArray(value) && value.length === 0)) return []
        return [[fact, typeof value === 'function' ? 'computed' : value]]
      })
      return [name, Object.fromEntries(facts)]
    }),
  )
}

it('commands, arguments, flags and exit codes are as they were', async () => {
  const commands: Record<string, unknown> = {}
  for (const id of ids) {
    const {args, flags, strict, hidden, aliases} = await commandOf(id)
    const own = Object.fromEntries(Object.entries(flags ?? {}).filter(([name]) => !(name in BaseCommand.baseFlags)))
    commands[id.replace('/', ' ')] = {
      args: surfaceOf(args),
      ...(strict === false && {takesMoreArguments: true}),
      ...(hidden && {hidden}),
      ...(aliases?.length && {aliases}),
      flags: surfaceOf(own),
    }
  }
  const surface = {exitCodes, flagsOfAll: surfaceOf(BaseCommand.baseFlags as unknown as Declared), commands}
  await expect(`${JSON.stringify(surface, undefined, 2)}\n`).toMatchFileSnapshot(
    fileURLToPath(new URL('public-surface.json', import.meta.url)),
  )
})

it('the exit codes are those of the page on scripts, and of the help', () => {
  const page = readFileSync(new URL('../../docs/scripts.md', import.meta.url), 'utf8')
  const [, table = ''] = /\| exit code \| meaning \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(page) ?? []
  const documented = [...table.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
  const {oclif} = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const [, sentence = ''] = /Exit codes: (.*)/.exec(oclif.description) ?? []
  const helped = [...sentence.matchAll(/(?:^|; )(\d+) /g)].map(([, code]) => Number(code))
  const existing = [...new Set([0, ...Object.values(exitCodes)])].sort((a, b) => a - b)
  expect({documented, helped}).toEqual({documented: existing, helped: existing})
})

describe('the JSON that is printed', () => {
  let printed: Printed
  beforeAll(async () => {
    printed = await printedByCommand()
  }, 60_000)

  it('is known of every command but the console and completion, which print none', () => {
    const commands = ids.map(id => id.replace('/', ' ')).filter(id => id !== 'console' && id !== 'completion')
    expect(Object.keys(printed).sort()).toEqual([...commands, 'an error'].sort())
  })

  it('has the keys and the types that it had, and no other', async () => {
    const schemas = Object.entries(printed)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, {samples, ownDepth}]) => [name, inferSchema(samples, ownDepth)] as const)
    const file = {$schema: 'http://json-schema.org/draft-07/schema#', definitions: Object.fromEntries(schemas)}
    const ajv = new Ajv({allErrors: true, allowUnionTypes: true})
    for (const [name, schema] of schemas) {
      const validate = ajv.compile(schema)
      const problems = printed[name]?.samples.flatMap(sample => (validate(sample) ? [] : (validate.errors ?? [])))
      expect({name, problems}).toEqual({name, problems: []})
      // It would notice another key.
      expect(validate({'a key that there is not': 1})).toBe(false)
    }
    await expect(`${JSON.stringify(file, undefined, 2)}\n`).toMatchFileSnapshot(
      fileURLToPath(new URL('output.schema.json', import.meta.url)),
    )
  })
})
