import {Flags} from '@oclif/core'
import {type DataFormat, dataFormatNames} from '../../terminal/formats.ts'
import {colorModes} from '../../terminal/style.ts'

const helpGroup = 'OUTPUT'

/** The flags of every command. */
export const outputFlags = {
  output: Flags.string({
    char: 'o',
    summary: 'How to print the result.',
    options: ['table', ...dataFormatNames],
    helpGroup,
  }),
  // Before json: oclif draws the usage in this order, and would leave a hole in it.
  quiet: Flags.boolean({char: 'q', summary: 'Print IDs only.', exclusive: ['output', 'json'], helpGroup}),
  json: Flags.boolean({summary: 'The same as --output json.', exclusive: ['output'], helpGroup}),
  color: Flags.string({
    options: [...colorModes],
    helpValue: 'WHEN',
    summary: 'When to color text: auto, always or never.',
    helpGroup,
  }),
  'no-pager': Flags.boolean({summary: 'Do not pipe long output on a terminal into a pager.', helpGroup}),
  'no-input': Flags.boolean({summary: 'Ask nothing; also with CI or VPCMD_NO_INPUT set.', helpGroup}),
  debug: Flags.boolean({summary: 'Print each request on stderr, without secrets.', helpGroup}),
}

export interface OutputFlags {
  output?: string
  json?: boolean
  quiet?: boolean
  debug?: boolean
}

export interface OutputOptions {
  format: DataFormat | 'table'
  /** IDs only. */
  quiet: boolean
}

/** How to print, by the flags. */
export function readOutput(flags: OutputFlags): OutputOptions {
  const format = flags.json ? 'json' : (dataFormatNames.find(each => each === flags.output) ?? 'table')
  return {format, quiet: flags.quiet ?? false}
}
