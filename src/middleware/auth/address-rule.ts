import { isIP } from 'node:net'
import { ServeError } from '../../core/serve-error.ts'
import { addressSet } from '../../core/util/ip.ts'
import type { Layer } from '../../http/message/exchange.ts'
import type { ClientAddress } from '../../http/message/client-address.ts'
import { ownerHint, ruleRemark } from './rule-remark.ts'

/** Names for networks: this machine, and private networks (RFC 1918, RFC 3927, RFC 4193, RFC 4291 section 2.5.6). */
const networks: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', 'fc00::/7', 'fe80::/10'],
}

/**
 * Admits the clients of some addresses only; others get a 403 (`E8008_CLIENT`). The log has the rule, and strangers do not
 * learn from the reply which addresses get in. A peer without an address (a unix socket,
 * which is for its owner only, or `fetch()` of the program) counts as loopback.
 *
 * @param allow Addresses, networks such as `10.0.0.0/8`, and the names `loopback` and `private`.
 * @param route The id of the route that the rule belongs to, for the log; undefined for the site.
 */
export function createAddressRule(allow: readonly string[], route: string | undefined, clientOf: ClientAddress): Layer {
  const isListed = addressSet(allow.flatMap((entry) => networks[entry] ?? entry))
  const isLocal = allow.includes('loopback')
  return (next) => (x) => {
    const address = clientOf(x)
    if (address === '' ? isLocal : address !== undefined && isListed(address)) return next(x)
    const known = address === '' ? 'loopback' : address
    x.notes.remark = ruleRemark({ option: 'allow', route, missing: known, unknown: 'no known address', rule: allow })
    const named = known === undefined || isIP(known) === 0 ? 'A client without a known address' : known
    throw new ServeError('E8008_CLIENT', `${named} may not use this address.`, { hint: ownerHint })
  }
}
