import {z} from 'zod'
import {type Bounds, settingList} from '../instances/settings.ts'
import {policyKeysInWords} from './policy.ts'
import {selectorTable} from './selectors.ts'
import {subjectKinds} from './subjects.ts'

const must = (what: string) => ({
  error: ({input}: {input?: unknown}) =>
    input === undefined ? `is missing: it must be ${what}` : `must be ${what}, not ${shown(input)}`,
})

const empty = 'must not be empty'
const text = z.string(must('text')).min(1, empty)
const texts = z.union([text.transform(one => [one]), z.array(text).min(1, empty)], must('text, or a list of texts'))
const kind = z.enum(subjectKinds, must(`one of ${subjectKinds.join(', ')}`))
const kinds = z.union(
  [kind.transform(one => [one]), z.array(kind).min(1, empty)],
  must(`one of ${subjectKinds.join(', ')}, or a list of them`),
)
/** A value, a range such as `1-2`, or a mapping with min and max. */
function boundsSchema({min: least, max: most}: Bounds): z.ZodType<Bounds> {
  const whole = must(`a whole number from ${least} to ${most}`)
  const value = z.int(whole).min(least, whole).max(most, whole)
  const bounds = z
    .strictObject({min: value.optional(), max: value.optional()})
    .refine(given => Object.keys(given).length > 0, 'bounds nothing: name min or max')
    .transform(({min = least, max = most}) => ({min, max}))
  const range = z
    .string()
    .regex(/^\d{1,2} *- *\d{1,2}$/)
    .transform((text): z.input<typeof bounds> => {
      const [min, max] = text.split('-').map(Number)
      return {min, max}
    })
    .pipe(bounds)
  return z
    .union(
      [value.transform(one => ({min: one, max: one})), range, bounds],
      must(`a whole number from ${least} to ${most}, or a range such as 1-2 or {min: 1, max: 2}`),
    )
    .refine(({min, max}) => min <= max, 'begins above where it ends')
}

const truth = z.boolean(must('true or false'))
const settingSchemas = settingList.map(({policyKey, values, bounds}) => {
  const schema = bounds ? boundsSchema(bounds) : values ? z.enum(values, must(`one of ${values.join(', ')}`)) : truth
  return [policyKey, schema.optional()]
})
const isRequiring = (given: Record<string, unknown>) =>
  settingList.some(({policyKey}) => given[policyKey] !== undefined)

export const requirementSchema = z
  .strictObject(
    {...Object.fromEntries(settingSchemas), even_while_off: truth.optional()},
    must('a mapping such as {protocol: https, hop_limit: 1}'),
  )
  .refine(isRequiring, `requires nothing: name ${policyKeysInWords('or')}`)

const selectors = Object.keys(selectorTable).map(key => [key, texts.optional()])

export const selectorSchema = z.strictObject(
  {kind: kinds.optional(), ...Object.fromEntries(selectors)},
  must('a mapping such as {region: us-south}'),
)

export const ruleSchema = z.strictObject(
  {name: text, match: selectorSchema.default({}), require: requirementSchema},
  must('a mapping with name, match and require'),
)

const day = z.string(must('a date such as 2027-03-31')).refine(isDay, 'is not a date such as 2027-03-31')

export const exemptionSchema = z.strictObject(
  {
    match: selectorSchema.refine(match => Object.keys(match).length > 0, 'matches everything: name what is exempt'),
    reason: text,
    expires: day,
  },
  must('a mapping with match, reason and expires'),
)

/** A policy as YAML holds it. Every message goes after the name of the place, as in `rules[0].require.enabled must be …`. */
export const policySchema = z.strictObject(
  {
    version: z.literal(1, must('1')),
    name: text.optional(),
    unmatched: z.enum(['report', 'deny'], must('report or deny')).default('report'),
    rules: z.array(ruleSchema, must('a list of rules')).min(1, 'must hold one rule at least'),
    exemptions: z.array(exemptionSchema, must('a list of exemptions')).default([]),
  },
  must('a mapping with version and rules'),
)

function isDay(written: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(written)) return false
  const date = new Date(`${written}T00:00:00Z`)
  // A day that does not exist, such as the 30th of February, becomes another one.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(written)
}

function shown(input: unknown): string {
  if (input === null) return 'nothing'
  if (Array.isArray(input)) return 'a list'
  if (typeof input === 'object') return 'a mapping'
  if (typeof input !== 'string') return `${input}`
  return `the text ${input.length > 40 ? `${input.slice(0, 40)}...` : input}`
}
