import {exitCodes, VpcmdError} from './errors.ts'

/**
 * The error for what was thrown by mistake: that it is a bug, how to report it, and how to see what was changed. `where`
 * says what vpcmd was at, such as ` while it changed X`; `look` is the command that shows what holds now.
 */
export function unexpectedError(where: string, thrown: unknown, look?: string): VpcmdError {
  return new VpcmdError({
    code: 'unexpected',
    message: `Unexpected error${where}: ${reasonOf(thrown)}. This is a bug in vpcmd.`,
    hint: `${look ?? `If it was changing servers, see what it has done: vpcmd metadata history`}. Report the bug with the output of vpcmd --version and of the same command with --debug.`,
    exitCode: exitCodes.failed,
  })
}

function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
  return text.replace(/\.$/, '')
}
