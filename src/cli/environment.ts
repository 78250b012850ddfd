/** Whether VPCMD_SANDBOX names the sandbox. */
export function namesSandbox({VPCMD_SANDBOX = ''}: NodeJS.ProcessEnv): boolean {
  return /^(1|true|y|yes)$/i.test(VPCMD_SANDBOX)
}

/** The variable by which nothing may be asked, although there may be a terminal: VPCMD_NO_INPUT or CI; undefined for none. */
export function variableAgainstInput(env: NodeJS.ProcessEnv): string | undefined {
  return ['VPCMD_NO_INPUT', 'CI'].find(name => !['', '0', 'false', undefined].includes(env[name]?.toLowerCase()))
}
