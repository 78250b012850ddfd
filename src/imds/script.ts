import {endpointsFor, generations, linkLocalAddress} from './endpoints.ts'
import addRoute from './scripts/add-route.ps1?raw'
import cloudConfigTemplate from './scripts/cloud-config.yaml?raw'
import powershellAnswer from './scripts/print-answer.ps1?raw'
import shellAnswer from './scripts/print-answer.sh?raw'
import powershellDocument from './scripts/print-document.ps1?raw'
import shellDocument from './scripts/print-document.sh?raw'
import powershellUserData from './scripts/print-user-data.ps1?raw'
import shellUserData from './scripts/print-user-data.sh?raw'
import powershellStart from './scripts/read-metadata.ps1?raw'
import shellStart from './scripts/read-metadata.sh?raw'

export const scriptShells = ['sh', 'powershell'] as const

export interface ScriptOptions {
  shell: (typeof scriptShells)[number]
  /** Paths of the metadata API as parseMetadataPath gives them: exactly one for `answer`, none for `user-data`. */
  paths: string[]
  /** Where the service is, as parseEndpoint gives it; without it, the script tries the known endpoints in turn. */
  endpoint?: string
  /** The protocol to try first where there is no endpoint; the other one costs seconds of silence. */
  protocol?: string
  /**
   * What the script prints; `document` by default: one JSON object with a member for each path, the path as its name and
   * the service's answer as its value (`{"instance":{…},"instance/initialization":{…}}`). `answer` prints the answer
   * for the one path, `user-data` the bytes of the user data.
   */
  output?: 'document' | 'answer' | 'user-data'
}

const languages = {
  sh: {
    quote: (text: string) => `'${text.replaceAll("'", `'\\''`)}'`,
    separator: ' ',
    start: shellStart,
    print: {document: shellDocument, answer: shellAnswer, 'user-data': shellUserData},
  },
  // For Windows PowerShell 5.1 and PowerShell 7.
  powershell: {
    quote: (text: string) => `'${text.replaceAll("'", "''")}'`,
    separator: ', ',
    start: powershellStart,
    print: {document: powershellDocument, answer: powershellAnswer, 'user-data': powershellUserData},
  },
}

/**
 * A script that gets an identity token and reads paths of the metadata API, with a POSIX shell and curl or with PowerShell
 * alone. It prints all or nothing to stdout: on failure it writes a line to stderr and exits with 1, or 4 where there is
 * no user data. No process has the token in its arguments. The JSON is as the service gave it: binary user data stays
 * escaped in it. On Windows the script adds the route that Windows lacks (ibm-cloud-docs/vpc, imd-windows-configuration).
 */
export function metadataScript({shell, paths, endpoint, protocol, output = 'document'}: ScriptOptions): string {
  const {quote, separator, start, print} = languages[shell]
  const list = (texts: string[]) => texts.map(quote).join(separator)
  return fill(start + print[output], {
    ENDPOINTS: list(endpoint === undefined ? endpointsFor(protocol) : [endpoint]),
    TOKEN_PATHS: list(generations.map(({token, version}) => `${token}?version=${version}`)),
    ADD_ROUTE: endpoint === undefined ? fill(addRoute, {ADDRESS: linkLocalAddress}).trimEnd() : '',
    PATHS: list(paths),
  })
}

/**
 * User data for cloud-init (canonical/cloud-init, doc/rtd/reference/modules: write_files and runcmd) that runs a script of a
 * POSIX shell at the first boot. The output goes to a file for root alone: user data and passwords must not end up in
 * cloud-init's own log.
 */
export function cloudConfig(script: string): string {
  return fill(cloudConfigTemplate, {SCRIPT: script.trimEnd().replace(/^(?=.)/gm, '      ')})
}

/** Fills the placeholders of a template, such as `@PATHS@`, in one pass: a value is never read as a placeholder. */
function fill(template: string, values: Record<string, string>): string {
  return template.replace(/@([A-Z_]+)@/g, (placeholder, name: string) => values[name] ?? placeholder)
}
