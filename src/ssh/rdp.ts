/** The port of the Remote Desktop Protocol. */
export const rdpPort = 3389

/** The content of a file that opens a remote desktop: lines of `name:type:value`, as Remote Desktop Connection writes them. */
export function rdpFile(address: string, user: string): string {
  return [`full address:s:${address}:${rdpPort}`, `username:s:${user}`, 'prompt for credentials:i:1', ''].join('\r\n')
}
