import { BlockList, isIP } from 'node:net'
import { unmapped } from '../util/ip.ts'

/**
 * Addresses that a name must not lead to: link-local ones, where clouds keep the credentials of a machine
 * (169.254.169.254, fd00:ec2::254), and unspecified ones, which are loopback in disguise.
 */
const forbidden = new BlockList()
forbidden.addSubnet('169.254.0.0', 16)
forbidden.addSubnet('0.0.0.0', 8)
forbidden.addAddress('255.255.255.255')
forbidden.addAddress('::', 'ipv6')
forbidden.addSubnet('fe80::', 10, 'ipv6')
forbidden.addAddress('fd00:ec2::254', 'ipv6')

/** Whether a resolved address may not be dialled. An address that is configured itself is not resolved, so not asked. */
export function isForbiddenAddress(address: string): boolean {
  const plain = unmapped(address.split('%', 1)[0] as string)
  const family = isIP(plain)
  return family !== 0 && forbidden.check(plain, family === 4 ? 'ipv4' : 'ipv6')
}
