// node:util's styleText is not used: from Node 22.13 on it looks at stdout and drops the colours of what goes to stderr.
const style = (on: string, off: number) => (text: string) => `\x1b[${on}m${text}\x1b[${off}m`

export const bold = style('1', 22)
export const dim = style('2', 22)

// Of the fixed 256 colours, those with a contrast of about 4 to 1 or more on both black and white: of the first 16, which
// each terminal has its own of, yellow and cyan can hardly be read on white, nor blue on black.
export const red = style('38;5;160', 39)
export const green = style('38;5;28', 39)
export const yellow = style('38;5;130', 39)
export const cyan = style('38;5;31', 39)

/** What an error begins with. */
export function errorLabel(color: boolean): string {
  return color ? red(bold('Error:')) : 'Error:'
}

/** When to print colours, as `--color` and VPCMD_COLOR say. */
export const colorModes = ['auto', 'always', 'never'] as const

/**
 * Whether to print colours on a stream: what VPCMD_COLOR says (`--color` sets it); else what FORCE_COLOR or CLICOLOR_FORCE
 * says; else on a terminal that is not dumb, unless NO_COLOR or CLICOLOR=0 says no.
 */
export function colorsFor(stream: {isTTY?: boolean}, env: NodeJS.ProcessEnv): boolean {
  if (env.VPCMD_COLOR === 'always' || env.VPCMD_COLOR === 'never') return env.VPCMD_COLOR === 'always'
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false'
  if (env.CLICOLOR_FORCE && env.CLICOLOR_FORCE !== '0') return true
  return stream.isTTY === true && !env.NO_COLOR && env.CLICOLOR !== '0' && env.TERM !== 'dumb'
}

type Style = (text: string) => string

/** A style that gives words a colour each, and leaves anything else as it is. */
export function colouring(words: [style: Style, words: string[]][]): Style {
  const styles = new Map(words.flatMap(([style, those]) => those.map(word => [word, style] as const)))
  return text => styles.get(text)?.(text) ?? text
}

/** The status of a server in its colour: what is well, what is on its way, what is not. */
export const statusStyle = colouring([
  [green, ['running']],
  [red, ['failed']],
  [yellow, ['deleting', 'paused', 'pausing', 'pending', 'restarting', 'resuming', 'starting', 'stopping']],
])
