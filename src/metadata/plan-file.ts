import {z} from 'zod'
import {serverKey} from '../cloud/regions.ts'
import {usageError} from '../errors.ts'
import {type OutputHost, writeOutput} from '../files/write-output.ts'
import {
  type KnownSettings,
  type SettingName,
  settingList,
  settingNames,
  settingsTable,
  type WantedSettings,
} from '../instances/settings.ts'
import {doubleKeyIn, lineOfJsonError, lineOfJsonPath, pathInWords} from '../json-lines.ts'
import {parsedJson} from '../json-object.ts'
import {safeJson} from '../safe-json.ts'
import {type Plan, targetKinds} from './plan.ts'

const format = 'vpcmd-plan/1'
const planAnew = 'Make a new one with: vpcmd metadata plan --out FILE'

const text = z.string().min(1)
const before = settingsObject(name => !settingsTable[name].isOfBareMetal).pipe(z.custom<KnownSettings>())
const set = settingsObject(() => true)
  .refine(fields => Object.keys(fields).length > 0, 'names nothing to set')
  .pipe(z.custom<WantedSettings>())

function settingsObject(isOptional: (name: SettingName) => boolean) {
  const shape = settingNames.map(name => {
    const value = schemaOf(name)
    return [name, isOptional(name) ? value.optional() : value]
  })
  return z.strictObject(Object.fromEntries(shape))
}

function schemaOf(name: SettingName): z.ZodType {
  const setting = settingsTable[name]
  if ('values' in setting) return z.enum(setting.values)
  return 'bounds' in setting ? z.int().min(setting.bounds.min).max(setting.bounds.max) : z.boolean()
}

const target = z.strictObject({
  kind: z.enum(targetKinds),
  // It stands in the path of a request: nothing there may lead to another one.
  id: z.string().regex(/^[-0-9a-z_]{1,64}$/, 'is not the ID of a server'),
  name: z.string(),
  crn: z.string(),
  region: text,
  account: text.optional(),
  zone: z.string(),
  vpc: z.strictObject({id: z.string(), name: z.string()}),
  status: z.string(),
})
const tags = z.array(text).min(1).optional()
const change = z
  .strictObject({target, before, set, etag: text.optional(), readAt: z.number().nonnegative(), tags})
  .superRefine(({target: {kind}, set: wanted}, context) => {
    for (const {name, word, isOfBareMetal} of settingList) {
      if (kind === 'instance' || isOfBareMetal || wanted[name] === undefined) continue
      const message = `sets the ${word}, which a bare metal server does not have`
      context.addIssue({code: 'custom', message, path: ['set', name]})
    }
  })
const planFile = z
  .strictObject({
    format: z.literal(format),
    account: text,
    assumes: text.optional(),
    createdAt: z.iso.datetime(),
    vpcmd: text,
    selection: z.string(),
    unread: z.array(z.string()).optional(),
    againstPolicy: z.record(z.string(), text).optional(),
    changes: z.array(change),
  })
  .superRefine(({changes}, context) => {
    const seen = new Set<string>()
    for (const [index, {target: each}] of changes.entries()) {
      const path = ['changes', index, 'target', 'id']
      if (seen.has(serverKey(each))) context.addIssue({code: 'custom', message: 'appears twice', path})
      seen.add(serverKey(each))
    }
  })

/** A plan as a file: JSON, a change a line, so that it can be read, compared, searched and printed. */
export function formatPlan({changes, ...head}: Plan): string {
  const lines = Object.entries({format, ...head}).map(([name, value]) => `  ${safeJson(name)}: ${safeJson(value)},\n`)
  const rows = changes.map(each => `    ${safeJson(each)}`).join(',\n')
  return `{\n${lines.join('')}  "changes": [${rows && `\n${rows}\n  `}]\n}\n`
}

/** Writes a plan for `metadata apply`. Throws VpcmdError when the file can't be written. */
export async function writePlan(host: OutputHost, file: string, plan: Plan): Promise<void> {
  await writeOutput(host, file, formatPlan(plan), 'plan_unwritable')
}

/** Reads a plan. `name` is the file's, for the errors. Throws a usage error with the line that is wrong. */
export function parsePlan(source: string, name: string): Plan {
  const value = parsedJson(source)
  if (value === undefined) {
    const why = source.trim() === '' ? 'it is empty' : 'it is not JSON'
    throw usageError(`${name}, line ${lineOfJsonError(source)}: ${why}.`, planAnew)
  }
  const result = planFile.safeParse(value)
  const double = doubleKeyIn(source)
  if (double) throw usageError(`${name}, line ${double.line}: ${double.key} appears twice.`, planAnew)
  if (result.success) {
    const {format: _, ...plan} = result.data
    return plan
  }
  const [issue] = result.error.issues
  const path = issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : (issue?.path ?? [])
  throw usageError(
    `${name}, line ${lineOfJsonPath(source, path)}: ${pathInWords(path, 'the plan')} is wrong: ${issue?.message ?? 'it is not a plan'}.`,
    planAnew,
  )
}
