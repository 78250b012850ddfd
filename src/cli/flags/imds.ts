import {Flags} from '@oclif/core'
import {valueFormatNames} from '../../terminal/formats.ts'
import {timeoutBounds} from '../imds-verbs.ts'
import {inGroup} from './declare.ts'
import {outputFlag, outputFlags} from './output.ts'

/** The flags of every command that asks the metadata service of the instance that it runs on; `serviceOptions` reads them. */
export const imdsFlags = {
  // Most of these print no IDs; those that list some show the flag.
  quiet: Flags.boolean({...outputFlags.quiet, hidden: true}),
  ...inGroup('METADATA SERVICE', {
    endpoint: Flags.string({
      helpValue: 'URL',
      summary: 'Where the service is, such as http://169.254.169.254; without it, it is looked for.',
    }),
    'ca-file': Flags.string({
      helpValue: 'FILE',
      summary: 'Trust the certificates of this PEM file, and no others.',
    }),
    timeout: Flags.integer({
      ...timeoutBounds,
      helpValue: 'SECONDS',
      summary: 'How long one request may take. Without it, 1.4 seconds to find the service and 10 after that.',
    }),
  }),
}

/** The same for those that print bytes as they are, which no table holds. */
export const plainImdsFlags = {
  ...imdsFlags,
  output: outputFlag([...valueFormatNames], 'Print the same as JSON or YAML.'),
}
