import {type Settings, settingNames} from '../instances/settings.ts'
import type {PlannedChange} from './plan.ts'

/**
 * Changes as the blocks of `ibm_is_instance` that go with them, whole, in the form of `terraform fmt`; each under the address
 * of its resource, where that is known, and the instance's name and ID. The arguments are called as in the API
 * (IBM-Cloud/terraform-provider-ibm, website/docs/r/is_instance.html.markdown).
 */
export function toHcl(changes: readonly PlannedChange[], addressOf: (id: string) => string | undefined): string {
  const blocks = changes.map(({target: {id, name}, before, set}) => {
    const address = addressOf(id)
    const called = `${name} (${id})`
    // No text can leave the line of a comment.
    const comment = (address === undefined ? called : `${address}: ${called}`).replace(controls, ' ')
    return `# ${comment}\n${block({...before, ...set})}`
  })
  return blocks.join('\n')
}

function block(settings: Settings): string {
  const known = settingNames.filter(name => settings[name] !== undefined)
  const width = Math.max(...known.map(name => name.length))
  const lines = known.map(name => `  ${name.padEnd(width)} = ${literal(settings[name])}\n`)
  return `metadata_service {\n${lines.join('')}}\n`
}

const controls = /[\p{Cc}\u2028\u2029]/gu

function literal(value: unknown): string {
  return typeof value === 'string' ? hclString(value) : String(value)
}

/** Text as a quoted template of HCL, in which nothing is evaluated (hashicorp/hcl, hclsyntax/spec.md, Template Expressions). */
export function hclString(text: string): string {
  const escaped = text
    .replace(/[\\"]/g, '\\$&')
    .replace(controls, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[$%](?=\{)/g, '$&$&')
  return `"${escaped}"`
}
