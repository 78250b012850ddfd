/** What vpcmd prints beside letters. */
export interface Symbols {
  /** After what was cut off. */
  ellipsis: string
  /** Before what is done. */
  done: string
  /** Before what is to be known, and before what failed. */
  notice: string
  failed: string
  bar: {full: string; empty: string}
  /** What turns while something is under way. */
  spinner: readonly string[]
}

const unicode: Symbols = {
  ellipsis: '…',
  done: '✓',
  notice: '!',
  failed: '✗',
  bar: {full: '█', empty: '░'},
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
}

const ascii: Symbols = {
  ellipsis: '...',
  done: 'ok',
  notice: '!',
  failed: 'x',
  bar: {full: '#', empty: '.'},
  spinner: ['|', '/', '-', '\\'],
}

/**
 * The symbols that the locale can show: ASCII where LC_ALL, LC_CTYPE and LANG, the first that is set, name another encoding
 * than UTF-8. Where none is set that is so, too, but on macOS and Windows, which show UTF-8 all the same.
 */
export function symbolsFor(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Symbols {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG
  const isUnicode = locale ? /utf-?8/i.test(locale) : platform === 'darwin' || platform === 'win32'
  return isUnicode ? unicode : ascii
}
