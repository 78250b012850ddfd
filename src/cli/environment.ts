/** Whether VPCMD_SANDBOX names the sandbox. */
export function namesSandbox({VPCMD_SANDBOX = ''}: NodeJS.ProcessEnv): boolean {
  return /^(1|true|y|yes)$/i.test(VPCMD_SANDBOX)
}

/** The arguments before `--`: what comes after it is not for vpcmd. */
export function ownWords(argv: readonly string[]): string[] {
  return argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined)
}

/**
 * Has `--color` and `--no-pager` among the arguments, as typed, hold as VPCMD_COLOR and VPCMD_PAGER do: also for what is
 * printed before they are parsed, such as what is wrong with them.
 */
export function heedTerminalFlags(argv: readonly string[], env: NodeJS.ProcessEnv): void {
  const own = ownWords(argv)
  for (const [index, arg] of own.entries()) {
    const color = arg === '--color' ? own[index + 1] : /^--color=(.*)$/.exec(arg)?.[1]
    if (color !== undefined) env.VPCMD_COLOR = color
    if (arg === '--no-pager' || arg === '--no-input') env.VPCMD_PAGER = ''
  }
}

/** The variable by which nothing may be asked, although there may be a terminal: VPCMD_NO_INPUT or CI; undefined for none. */
export function variableAgainstInput(env: NodeJS.ProcessEnv): string | undefined {
  return ['VPCMD_NO_INPUT', 'CI'].find(name => !['', '0', 'false', undefined].includes(env[name]?.toLowerCase()))
}
