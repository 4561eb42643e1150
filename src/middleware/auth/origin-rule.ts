import { ServeError } from '../../core/serve-error.ts'
import type { Exchange, Layer } from '../../http/message/exchange.ts'
import { parseAuthority } from '../../http/message/authority.ts'
import { formatHost } from '../../core/util/ip.ts'
import { printable } from '../../core/util/sanitize.ts'
import { hasOwnOrigin } from '../../http/message/origin.ts'
import { ownerHint, ruleRemark } from './rule-remark.ts'

/** Safe methods (RFC 9110 section 9.2.1), which pages of any site send without asking. */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Characters of an Origin that are shown. */
const longestOrigin = 200
/** An origin that is made to be pasted: it needs no quotes in a shell. */
const pasteable = /^[a-z][a-z0-9+.-]*:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d+)?$/i

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/**
 * Refuses changing requests and upgrades of pages of other origins with a 403 (`E8008_ORIGIN`): browsers let any page send
 * forms, and open WebSockets, to any server. Requests of programs, which send no `Origin`, pass.
 *
 * @param allowed Origins, schemes such as `package:`, and `same` for pages of this server. None: no page at all.
 * @param route The id of the route that the rule belongs to, for the log; undefined for the site.
 */
export function createOriginRule(allowed: readonly string[], route: string | undefined): Layer {
  const listed = new Set(allowed)
  const isSame = listed.delete('same')
  const rule = allowed.length === 0 ? ['none'] : allowed

  function isAllowed(x: Exchange): boolean {
    const origin = x.headers.get('origin')
    const site = x.headers.get('sec-fetch-site')
    // Sent by browsers alone, to trustworthy addresses, and out of reach of scripts. It still says which page it was where
    // a policy of the page (`no-referrer`) turned its Origin into "null", and where an extension removed it.
    if (origin === undefined) return site === undefined || site === 'none' || (isSame && site === 'same-origin')
    if (origin === 'null') return isSame && site === 'same-origin'
    if (listed.has(spelled(origin)) || listed.has(origin.replace(/:.*$/s, ':').toLowerCase())) return true
    // A page that came in clear text may have been changed on the way. The other way round a tunnel may have added TLS.
    return isSame && hasOwnOrigin(x) && !(x.peer.encrypted && /^http:/i.test(origin))
  }

  return (next) => (x) => {
    if ((safeMethods.has(x.method) && !x.headers.has('upgrade')) || isAllowed(x)) return next(x)
    const origin = x.headers.get('origin')?.slice(0, longestOrigin)
    const missing = origin !== undefined && pasteable.test(origin) ? origin : undefined
    const unknown = `from ${origin === undefined ? 'another site' : printable(origin, longestOrigin)}`
    x.notes.remark = ruleRemark({ option: 'origin', route, missing, unknown, rule })
    const request = safeMethods.has(x.method) ? 'upgrades' : x.method.slice(0, 40)
    const message = `Pages of ${origin ?? 'another site'} may not send ${request} to this address.`
    throw new ServeError('E8008_ORIGIN', message, { hint: ownerHint })
  }
}

/** An origin as the list has it: in lower case, without the default port and a final dot. */
function spelled(origin: string): string {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*:)\/\/(.+)$/i.exec(origin) ?? []
  const protocol = scheme.toLowerCase()
  const authority = defaultPorts[protocol] === undefined ? undefined : parseAuthority(rest)
  if (authority === undefined) return origin.toLowerCase()
  const { hostname, port } = authority
  return `${protocol}//${formatHost(hostname)}${port === undefined || port === defaultPorts[protocol] ? '' : `:${port}`}`
}
