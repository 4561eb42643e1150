import type { ResolvedMatch } from '../../config/route-types.ts'
import type { ResolvedProxy, ResolvedUpstream } from '../../config/kinds/proxy-types.ts'
import { ServeError } from '../../core/serve-error.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import { hopByHopFields } from '../../http/message/field-classes.ts'
import {
  getField,
  isToken,
  isFieldValue,
  plainSpelling,
  withoutField,
  type HeaderList,
} from '../../http/message/headers.ts'
import { isClaim, isOthersClaim } from './client-claims.ts'
import { matchedPrefix } from './path.ts'
import { forwardedHeaders, isLooping, viaField } from './forwarded-headers.ts'
import { fieldTokens } from '../hop-by-hop.ts'

/** Options of {@link createUpstreamHeaders}. */
export interface RequestHeadersOptions {
  readonly match: ResolvedMatch
  readonly proxy: ResolvedProxy
  /** Whether the `Forwarded` and similar fields of a peer address are trusted. */
  readonly isTrusted: (address: string) => boolean
  /** The name of this server in `Via`, in lower case and unique, to detect loops. */
  readonly pseudonym: string
}

/** Fields that the proxy writes (`Content-Length`, `Host`), answers (`Expect`) or drops (`Proxy`, against httpoxy). */
const replacedFields: ReadonlySet<string> = new Set([
  'content-length',
  'host',
  'expect',
  'proxy',
  'max-forwards',
  'x-serve8008',
])

/**
 * Whether a field (name in lower case) is hop-by-hop or written by the proxy, in any spelling: an upstream that reads
 * `Transfer_Encoding` as `Transfer-Encoding` would find other message boundaries than the proxy (request smuggling).
 */
export function isNeverForwarded(name: string): boolean {
  if (hopByHopFields.has(name) || replacedFields.has(name)) return true
  if (!/[_.]/.test(name)) return false
  const plain = plainSpelling(name)
  return hopByHopFields.has(plain) || replacedFields.has(plain)
}

/** Builds the header fields of requests to one upstream. */
export interface UpstreamHeaders {
  /** The value of `Host`: the route's own, the upstream's with `changeOrigin`, else the client's. */
  host(x: Exchange): string
  /**
   * The fields for the upstream: the client's end-to-end fields with their order, case and duplicates, then those of the
   * proxy. A field that the route sets replaces both.
   *
   * @throws ServeError 508 for a request that loops.
   */
  fields(x: Exchange): string[]
}

/** Compiles the field rules of a route for one of its upstreams. */
export function createUpstreamHeaders(upstream: ResolvedUpstream, options: RequestHeadersOptions): UpstreamHeaders {
  const { match, proxy, isTrusted, pseudonym } = options
  const { set } = proxy.requestFields
  const ownHost = getField(set, 'host') ?? (proxy.changeOrigin ? upstream.authority : undefined)
  const added = withoutField(set, 'host')
  const routeFields = routeFieldNames(proxy.requestFields)
  const isSetByRoute = routeFields.size === 0 ? () => false : (name: string) => routeFields.has(plainSpelling(name))
  const isPassed = passedClaims(proxy.passHeaders)
  const prefix = upstream.prefix === undefined ? '' : matchedPrefix(match)
  const takesTrailers = proxy.upstreams[0]?.protocol.startsWith('h2') === true

  const host = (x: Exchange): string => ownHost ?? x.headers.get('host') ?? upstream.authority

  function fields(x: Exchange): string[] {
    const { headers } = x
    if (isLooping(headers.get('via'), pseudonym)) {
      throw new ServeError(
        'E8008_UPSTREAM_LOOP',
        `The upstream ${upstream.label} forwards requests back to this server.`,
        {
          hint: 'correct the address of the upstream in the route',
        },
      )
    }
    const trusted = isTrusted(x.peer.address)
    const list = ['Host', host(x)]
    const { names, raw } = headers
    const nominated = names.includes('connection') ? nominatedFields(raw) : []
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string
      if (isNeverForwarded(name) || nominated.includes(name) || isSetByRoute(name)) continue
      // A trusted peer's claims are merged into the proxy's fields, or forwarded if the proxy sends no such field.
      if (isClaim(name) && !(isOthersClaim(name) && (trusted || isPassed(name)))) continue
      // Credentials for this server are not sent to the upstream.
      if (name === 'authorization' && x.notes.ownAuthorization === true) continue
      list.push(raw[2 * i] as string, raw[2 * i + 1] as string)
    }
    // HTTP/2 fields may hold bytes that split an HTTP/1.1 message (RFC 9113 section 10.3).
    if (x.version === '2') rejectInvalidFields(x.method, list)
    const hops = headers.get('max-forwards')
    if (hops !== undefined && !isSetByRoute('max-forwards')) list.push('Max-Forwards', nextHops(hops))
    const forwarded = forwardedHeaders(x, trusted, prefix)
    for (let i = 0; i < forwarded.length; i += 2) {
      if (routeFields.size === 0 || !isSetByRoute((forwarded[i] as string).toLowerCase()))
        list.push(forwarded[i] as string, forwarded[i + 1] as string)
    }
    list.push(...viaField(x.version, pseudonym), ...added)
    if (takesTrailers && fieldTokens(headers.raw, 'te').includes('trailers')) list.push('TE', 'trailers')
    return list
  }

  return { host, fields }
}

/** Some clients name their `Sec-WebSocket-*` fields in `Connection`; without this exception the upgrade loses them. */
function nominatedFields(raw: HeaderList): string[] {
  return fieldTokens(raw, 'connection').filter((name) => !name.startsWith('sec-websocket-'))
}

/** The names, in plain spelling, that a route sets or removes. */
export function routeFieldNames({ set, remove }: ResolvedProxy['requestFields']): ReadonlySet<string> {
  return new Set([...remove, ...set.filter((_, i) => i % 2 === 0)].map((name) => plainSpelling(name.toLowerCase())))
}

/** Compiles `passHeaders`: which client claims a route forwards. */
function passedClaims(passed: ResolvedProxy['passHeaders']): (name: string) => boolean {
  if (passed === true) return () => true
  const names = new Set(passed.map(plainSpelling))
  return names.size === 0 ? () => false : (name) => names.has(plainSpelling(name))
}

function rejectInvalidFields(method: string, fields: HeaderList): void {
  const isValid = fields.every((text, i) => (i % 2 === 0 ? isToken(text) : isFieldValue(text)))
  if (isValid && isToken(method)) return
  throw new ServeError('E8008_MALFORMED', 'The request has a field that HTTP/1.1 cannot carry.')
}

/** RFC 9110 section 7.6.2. */
function nextHops(hops: string): string {
  return /^\d{1,9}$/.test(hops) ? String(Math.max(0, Number(hops) - 1)) : hops
}
