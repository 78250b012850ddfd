import type {ServiceOptions} from '../imds/find-service.ts'
import type {MetadataService} from '../imds/metadata-service.ts'
import type {Context} from './context.ts'
import type {OutputFlags, OutputOptions} from './flags/output.ts'
import {type ImdsFlags, openService, type Printout, serviceOptions} from './imds-verbs.ts'
import {printRecord} from './output.ts'

/** How to reach the service, by the flags and the environment, with a log for --debug. Throws as `serviceOptions` does. */
export async function readService(context: Context, flags: ImdsFlags & OutputFlags): Promise<ServiceOptions> {
  const options = await serviceOptions(flags, context.host)
  return {...options, log: flags.debug ? {note: text => context.note(text)} : undefined}
}

/** Finds the service by the flags. Throws a VpcmdError that says what is in its place. */
export async function serviceOf(
  context: Context,
  flags: ImdsFlags & OutputFlags,
  more: Pick<ServiceOptions, 'expiresIn' | 'nonce'> = {},
): Promise<MetadataService> {
  context.show(() => ({verb: 'Waiting for the metadata service', facts: []}), 'minor')
  return openService({...(await readService(context, flags)), ...more}, context.host.secrets, context.env)
}

/** Prints bytes as they are, or the same in the format that is asked for. */
export async function printBytes(context: Context, out: OutputOptions, {text, json}: Printout): Promise<void> {
  if (out.format === 'table') context.print(text)
  else await printRecord(context, {...out, quiet: false}, {entries: [], json, id: ''})
}
