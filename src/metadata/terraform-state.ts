import {z} from 'zod'
import {usageError} from '../errors.ts'
import {lineOfJsonError, pathInWords} from '../json-lines.ts'

/** An instance as Terraform has it. */
export interface TerraformInstance {
  /** Such as `module.web.ibm_is_instance.web[0]`. */
  address: string
  /**
   * Whether its configuration sets the metadata service; undefined where the file does not tell. A state does not: the block is
   * optional and computed, so that a state has it in any case (IBM-Cloud/terraform-provider-ibm, is_instance).
   */
  hasBlock: boolean | undefined
}

const resourceType = 'ibm_is_instance'
/** The arguments of the resource that set the service; the second one is the deprecated one. */
const blockNames = ['metadata_service', 'metadata_service_enabled']

const attributes = z.record(z.string(), z.unknown()).nullish()
const rawState = z.looseObject({
  version: z.literal(4),
  resources: z.array(
    z.looseObject({
      module: z.string().optional(),
      mode: z.string(),
      type: z.string(),
      name: z.string(),
      instances: z.array(z.looseObject({index_key: z.union([z.string(), z.number()]).optional(), attributes})),
    }),
  ),
})

const module = z.looseObject({
  resources: z
    .array(z.looseObject({address: z.string(), mode: z.string(), type: z.string(), values: attributes}))
    .optional(),
  get child_modules() {
    return z.array(module).optional()
  },
})
type Module = Partial<z.infer<typeof module>>
const values = z.looseObject({root_module: module}).optional()

const configuration = z.looseObject({
  resources: z
    .array(z.looseObject({address: z.string(), expressions: z.record(z.string(), z.unknown()).optional()}))
    .optional(),
  get module_calls() {
    return z.record(z.string(), z.looseObject({module: configuration.optional()})).optional()
  },
})
const shown = z.looseObject({
  format_version: z.string().regex(/^[01]\./, 'is a format that vpcmd does not know'),
  values,
  prior_state: z.looseObject({values}).optional(),
  configuration: z.looseObject({root_module: configuration}).optional(),
})

/**
 * The instances that Terraform manages, by ID: of what `terraform show -json` prints of a state or of a plan, or of a state
 * file of version 4. `file` is what errors call it. Throws a usage error for anything else; what the file holds, which may be
 * secret, is in no error.
 */
export function readTerraform(source: string, file: string): Map<string, TerraformInstance> {
  try {
    const document: unknown = JSON.parse(source)
    return Object(document).format_version === undefined ? ofRawState(document, file) : ofShown(document, file)
  } catch (error) {
    if (error instanceof SyntaxError) throw notRead(file, `line ${lineOfJsonError(source)} is not JSON`)
    // Nesting by the thousand ends in a full stack.
    if (error instanceof RangeError) throw notRead(file, 'it is nested too deeply')
    throw error
  }
}

function ofRawState(document: unknown, file: string): Map<string, TerraformInstance> {
  const found = new Map<string, TerraformInstance>()
  for (const {module, mode, type, name, instances} of parsed(rawState, document, file).resources) {
    if (mode !== 'managed' || type !== resourceType) continue
    for (const {index_key: key, attributes} of instances) {
      const index = key === undefined ? '' : `[${JSON.stringify(key)}]`
      const address = `${module === undefined ? '' : `${module}.`}${type}.${name}${index}`
      add(found, attributes?.id, {address, hasBlock: undefined})
    }
  }
  return found
}

function ofShown(document: unknown, file: string): Map<string, TerraformInstance> {
  const {values, prior_state: prior, configuration} = parsed(shown, document, file)
  const blocks = configuration && blocksIn(configuration.root_module, '', new Map())
  const found = new Map<string, TerraformInstance>()
  const take = ({resources = [], child_modules: children = []}: Module) => {
    for (const {address, mode, type, values} of resources) {
      if (mode !== 'managed' || type !== resourceType) continue
      add(found, values?.id, {address, hasBlock: blocks?.get(withoutIndexes(address))})
    }
    for (const child of children) take(child)
  }
  take((prior ? prior.values : values)?.root_module ?? {})
  return found
}

/** Whether each resource of a configuration sets the metadata service, by its address without indexes. */
function blocksIn(
  {resources = [], module_calls: calls = {}}: z.infer<typeof configuration>,
  within: string,
  blocks: Map<string, boolean>,
): Map<string, boolean> {
  for (const {address, expressions = {}} of resources) {
    // By Terraform's documentation it is absolute, by what Terraform prints it is within its module.
    const whole = address.startsWith('module.') ? withoutIndexes(address) : `${within}${address}`
    const isSet = blockNames.some(name => Object.hasOwn(expressions, name))
    blocks.set(whole, isSet)
  }
  for (const [name, {module}] of Object.entries(calls)) {
    if (module) blocksIn(module, `${within}module.${name}.`, blocks)
  }
  return blocks
}

function withoutIndexes(address: string): string {
  return address.replace(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, '')
}

function add(found: Map<string, TerraformInstance>, id: unknown, instance: TerraformInstance): void {
  // What is yet to be created has no ID.
  if (typeof id === 'string' && id !== '') found.set(id, instance)
}

function parsed<T>(schema: z.ZodType<T>, document: unknown, file: string): T {
  const {data, error} = schema.safeParse(document)
  if (!error) return data
  const [issue] = error.issues
  throw notRead(file, `${pathInWords(issue?.path ?? [], 'the document')} is not as Terraform writes it`)
}

function notRead(file: string, why: string): Error {
  return usageError(
    `No Terraform state from ${file}: ${why}.`,
    'It takes the output of terraform show -json, or a state file of version 4.',
  )
}
