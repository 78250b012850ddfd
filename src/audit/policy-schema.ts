import {z} from 'zod'
import {hopLimits, protocols} from '../metadata/settings.ts'
import {subjectKinds} from './policy.ts'

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
const hopLimitRange = must(`a whole number from ${hopLimits.min} to ${hopLimits.max}`)
const hops = z.int(hopLimitRange).min(hopLimits.min, hopLimitRange).max(hopLimits.max, hopLimitRange)
const hopLimitForms = `a whole number from ${hopLimits.min} to ${hopLimits.max}, or a range such as 1-2 or {min: 1, max: 2}`
const bounds = z
  .strictObject({min: hops.optional(), max: hops.optional()})
  .refine(given => Object.keys(given).length > 0, 'bounds nothing: name min or max')
  .transform(({min = hopLimits.min, max = hopLimits.max}) => ({min, max}))
const hopLimit = z
  .union(
    [
      hops.transform(value => ({min: value, max: value})),
      z
        .string()
        .regex(/^\d{1,2} *- *\d{1,2}$/)
        .transform((range): z.input<typeof bounds> => {
          const [min, max] = range.split('-').map(Number)
          return {min, max}
        })
        .pipe(bounds),
      bounds,
    ],
    must(hopLimitForms),
  )
  .refine(({min, max}) => min <= max, 'begins above where it ends')

export const selectorSchema = z.strictObject(
  {
    kind: kinds.optional(),
    region: texts.optional(),
    zone: texts.optional(),
    vpc: texts.optional(),
    resource_group: texts.optional(),
    name: texts.optional(),
    profile: texts.optional(),
    image: texts.optional(),
    status: texts.optional(),
  },
  must('a mapping such as {region: us-south}'),
)

export const requirementSchema = z
  .strictObject(
    {
      enabled: z.boolean(must('true or false')).optional(),
      protocol: z.enum(protocols, must(`one of ${protocols.join(', ')}`)).optional(),
      hop_limit: hopLimit.optional(),
      even_while_off: z.boolean(must('true or false')).optional(),
    },
    must('a mapping such as {protocol: https, hop_limit: 1}'),
  )
  .refine(
    ({enabled, protocol, hop_limit}) => enabled !== undefined || protocol !== undefined || hop_limit !== undefined,
    'requires nothing: name enabled, protocol or hop_limit',
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
  return `the text ${input.length > 40 ? `${input.slice(0, 40)}…` : input}`
}
