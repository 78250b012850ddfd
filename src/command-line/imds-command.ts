import {Flags} from '@oclif/core'
import type {ServiceOptions} from '../inside/find-service.ts'
import type {MetadataService} from '../inside/metadata-service.ts'
import {BaseCommand, type OutputFlags} from './base-command.ts'
import {type ImdsFlags, openService, type Printout, serviceOptions, timeoutBounds} from './imds-verbs.ts'

type Flagged = ImdsFlags & OutputFlags

/** A command that asks the metadata service of the instance that it runs on, and no cloud. */
export abstract class ImdsCommand extends BaseCommand {
  static override baseFlags = {
    ...BaseCommand.baseFlags,
    // Most of these print no IDs; those that list some show the flag.
    quiet: Flags.boolean({...BaseCommand.baseFlags.quiet, hidden: true}),
    endpoint: Flags.string({
      helpValue: 'URL',
      summary: 'Where the service is, such as http://169.254.169.254; without it, it is looked for.',
      helpGroup: 'METADATA SERVICE',
    }),
    'ca-file': Flags.string({
      helpValue: 'FILE',
      summary: 'Trust the certificates of this PEM file, and no others.',
      helpGroup: 'METADATA SERVICE',
    }),
    timeout: Flags.integer({
      min: timeoutBounds.min,
      max: timeoutBounds.max,
      helpValue: 'SECONDS',
      summary: 'How long one request may take. Without it, 1.4 seconds to find the service and 10 after that.',
      helpGroup: 'METADATA SERVICE',
    }),
  }

  /** How to reach the service, by the flags. */
  protected async reach(flags: Flagged): Promise<ServiceOptions> {
    const options = await serviceOptions(flags)
    return {...options, log: flags.debug ? {note: text => this.note(text)} : undefined}
  }

  /** Finds the service. Throws a VpcmdError that says what is in its place. */
  protected async service(
    flags: Flagged,
    more: Pick<ServiceOptions, 'expiresIn' | 'nonce'> = {},
  ): Promise<MetadataService> {
    return openService({...(await this.reach(flags)), ...more}, this.secrets)
  }
}

/** One that prints bytes as they are, which no table holds. */
export abstract class PlainImdsCommand extends ImdsCommand {
  static override baseFlags = {
    ...ImdsCommand.baseFlags,
    output: Flags.string({
      char: 'o',
      summary: 'Print the same as JSON or YAML.',
      options: ['json', 'jsonl', 'yaml'],
      helpGroup: 'OUTPUT',
    }),
  }

  /** Prints bytes as they are, or the same in the format that the flags ask for. */
  protected async printOut(flags: OutputFlags, {text, json}: Printout): Promise<void> {
    if (this.formatOf(flags) === 'table') this.context.host.stdout.write(text)
    else await this.printRecord({...flags, quiet: false}, {entries: [], json, id: ''})
  }
}
