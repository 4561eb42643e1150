import { isIP } from 'node:net'
import { ServeError } from '../core/serve-error.ts'
import { unbracketed } from '../core/util/ip.ts'
import { printable } from '../core/util/sanitize.ts'

/** Where to listen. */
export interface ListenPlan {
  /** IP addresses, in the order in which they are bound. */
  readonly addresses: readonly string[]
  /** `all`: every address that this machine has. `first`: only the first that it has. */
  readonly take: 'all' | 'first'
}

/**
 * Turns a host into addresses. `localhost` and the names below it mean both loopback addresses, without a DNS query
 * (RFC 6761 section 6.3). Any other name is looked up.
 *
 * @param lan widens `localhost` to every address of this machine; has no effect on another host
 * @throws ServeError `E8008_ADDRESS` when a name has no address
 */
export async function resolveAddresses(host: string, lan: boolean): Promise<ListenPlan> {
  const name = unbracketed(host)
  if (/^(?:.+\.)?localhost\.?$/i.test(name)) {
    return lan ? { addresses: ['::', '0.0.0.0'], take: 'first' } : { addresses: ['127.0.0.1', '::1'], take: 'all' }
  }
  if (isIP(name) !== 0) return { addresses: [name], take: 'all' }
  return { addresses: await lookUp(name), take: 'all' }
}

async function lookUp(name: string): Promise<string[]> {
  let cause: unknown
  try {
    const { lookup } = await import('node:dns/promises')
    // Node resolves the empty name to no address, which would mean every address.
    const found = name === '' ? [] : await lookup(name, { all: true })
    if (found.length > 0) return [...new Set(found.map(({ address }) => address))]
  } catch (error) {
    cause = error
  }
  throw new ServeError('E8008_ADDRESS', `The host name '${printable(name, 255)}' has no address.`, {
    fix: { option: 'host', value: 'localhost' },
    cause,
  })
}
