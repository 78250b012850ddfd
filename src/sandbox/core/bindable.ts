import {BlockList, isIP} from 'node:net'

const bindable = new BlockList()
bindable.addSubnet('127.0.0.0', 8, 'ipv4')
bindable.addAddress('::1', 'ipv6')
bindable.addAddress('169.254.169.254', 'ipv4')

/**
 * Throws a plain Error for a host that a metadata service must not be bound to: it hands tokens to whoever asks, so only
 * this machine may reach it, at a loopback address, or at 169.254.169.254, which no router passes on.
 */
export function checkBindable(host: string): void {
  const family = isIP(host)
  if (family !== 0 && bindable.check(host, family === 6 ? 'ipv6' : 'ipv4')) return
  throw new Error(
    `A metadata service can't be bound to ${host}: others could reach it. It takes a loopback address (127.0.0.0/8 or ::1), or 169.254.169.254.`,
  )
}
