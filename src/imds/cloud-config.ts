const folder = '/var/lib/vpcmd'

/**
 * User data for cloud-init (canonical/cloud-init, doc/rtd/reference/modules: write_files and runcmd) that runs a script
 * of a POSIX shell at the first boot. What it prints goes to a file for root alone: cloud-init's own log is no place for
 * user data and passwords.
 */
export function cloudConfig(script: string): string {
  const indented = script.replace(/^(?=.)/gm, '      ')
  return `#cloud-config
write_files:
  - path: ${folder}/read-metadata.sh
    owner: root:root
    permissions: '0700'
    content: |
${indented}runcmd:
  - [sh, -c, 'umask 077; ${folder}/read-metadata.sh > ${folder}/metadata']
`
}
