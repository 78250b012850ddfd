import bash from './scripts/vpcmd.bash?raw'
import fish from './scripts/vpcmd.fish?raw'
import powershell from './scripts/vpcmd.ps1?raw'
import zsh from './scripts/vpcmd.zsh?raw'

/** What each shell runs to complete vpcmd. */
export const completionScripts = {bash, zsh, fish, powershell}
