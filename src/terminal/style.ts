// node:util's styleText is not used: from Node 22.13 on it looks at stdout and drops the colours of what goes to stderr.
const style = (on: number, off: number) => (text: string) => `\x1b[${on}m${text}\x1b[${off}m`

export const bold = style(1, 22)
export const dim = style(2, 22)
export const red = style(31, 39)
export const green = style(32, 39)
export const yellow = style(33, 39)
export const cyan = style(36, 39)

/** What an error begins with. */
export function errorLabel(color: boolean): string {
  return color ? red(bold('Error:')) : 'Error:'
}

/** Whether to print colours on a stream: on a terminal that is not dumb, unless NO_COLOR says no; FORCE_COLOR overrules all of these. */
export function colorsFor(stream: {isTTY?: boolean}, env: NodeJS.ProcessEnv): boolean {
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false'
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
}
