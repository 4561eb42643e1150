import type { ResolvedMatch, ResolvedProxy, ResolvedUpstream } from '../../config/route-types.ts'
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
import { forwardingFields, isLooping, viaField } from './forwarded-headers.ts'
import { fieldTokens } from '../hop-by-hop.ts'

/** What decides how a request goes out. */
export interface OutboundOptions {
  readonly match: ResolvedMatch
  readonly proxy: ResolvedProxy
  /** Whether a peer's claims about its client are believed. */
  readonly isTrusted: (address: string) => boolean
  /** Our name in `Via`, in lower case; another one for each server, so that a circle is noticed. */
  readonly pseudonym: string
}

/** Fields that we make ourselves (`Content-Length`, `Host`), answer ourselves (`Expect`), or never pass on (httpoxy). */
const ownFields: ReadonlySet<string> = new Set([
  'content-length',
  'host',
  'expect',
  'proxy',
  'max-forwards',
  'x-serve8008',
])

/**
 * Whether a field (name in lower case) is about one connection or ours to make, in any spelling that a backend may take
 * for it: one that reads `Transfer_Encoding` as its dashed twin sees other messages on the connection than we send.
 */
export function isHopOrOwn(name: string): boolean {
  if (hopByHopFields.has(name) || ownFields.has(name)) return true
  if (!/[_.]/.test(name)) return false
  const plain = plainSpelling(name)
  return hopByHopFields.has(plain) || ownFields.has(plain)
}

/** How the requests of a route go to one of its upstreams. */
export interface Outbound {
  /** `Host` of the request: the configured one, the upstream's own name, or what the client asked for. */
  host(x: Exchange): string
  /**
   * The fields for the upstream: the client's end-to-end ones in their order, case and number, then ours. What the route
   * sets stands in place of either, once.
   *
   * @throws ServeError 508 for a message that has been here before.
   */
  fields(x: Exchange): string[]
}

/** Compiles what a route says about the fields for one of its upstreams. */
export function createOutbound(upstream: ResolvedUpstream, options: OutboundOptions): Outbound {
  const { match, proxy, isTrusted, pseudonym } = options
  const { set } = proxy.requestFields
  const ownHost = getField(set, 'host') ?? (proxy.changeOrigin ? upstream.authority : undefined)
  const added = withoutField(set, 'host')
  const settled = settledNames(proxy.requestFields)
  const isSettled = settled.size === 0 ? () => false : (name: string) => settled.has(plainSpelling(name))
  const isPassed = passedClaims(proxy.passHeaders)
  const prefix = upstream.prefix === undefined ? '' : matchedPrefix(match)
  const takesTrailers = proxy.upstreams[0]?.protocol.startsWith('h2') === true

  const host = (x: Exchange): string => ownHost ?? x.headers.get('host') ?? upstream.authority

  function fields(x: Exchange): string[] {
    const { headers } = x
    if (isLooping(headers.get('via'), pseudonym)) {
      throw new ServeError('E8008_UPSTREAM_LOOP', `The target ${upstream.label} leads back to this server.`, {
        hint: 'correct the address of the target',
      })
    }
    const trusted = isTrusted(x.peer.address)
    const list = ['Host', host(x)]
    const { names, raw } = headers
    const nominated = names.includes('connection') ? nominatedFields(raw) : []
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string
      if (isHopOrOwn(name) || nominated.includes(name) || isSettled(name)) continue
      // What a trusted peer claims goes into ours, once, or on as it is where we say nothing of it.
      if (isClaim(name) && !(isOthersClaim(name) && (trusted || isPassed(name)))) continue
      // The name and password of this server are not the upstream's business.
      if (name === 'authorization' && x.notes.user !== undefined) continue
      list.push(raw[2 * i] as string, raw[2 * i + 1] as string)
    }
    // HTTP/2 frames its fields, so they could hold what splits a message of HTTP/1.1 (RFC 9113 section 10.3).
    if (x.version === '2') checkFields(x.method, list)
    const hops = headers.get('max-forwards')
    if (hops !== undefined && !isSettled('max-forwards')) list.push('Max-Forwards', nextHops(hops))
    const told = forwardingFields(x, trusted, prefix)
    for (let i = 0; i < told.length; i += 2) {
      if (settled.size === 0 || !isSettled((told[i] as string).toLowerCase()))
        list.push(told[i] as string, told[i + 1] as string)
    }
    list.push(...viaField(x.version, pseudonym), ...added)
    if (takesTrailers && fieldTokens(headers.raw, 'te').includes('trailers')) list.push('TE', 'trailers')
    return list
  }

  return { host, fields }
}

/** Some clients name the fields of their WebSocket in `Connection`, and it would lose them on the way. */
function nominatedFields(raw: HeaderList): string[] {
  return fieldTokens(raw, 'connection').filter((name) => !name.startsWith('sec-websocket-'))
}

/** The names, as lenient backends read them, that a route sets or removes itself. */
export function settledNames({ set, remove }: ResolvedProxy['requestFields']): ReadonlySet<string> {
  return new Set([...remove, ...set.filter((_, i) => i % 2 === 0)].map((name) => plainSpelling(name.toLowerCase())))
}

/** Which claims of clients a route passes on. */
function passedClaims(passed: ResolvedProxy['passHeaders']): (name: string) => boolean {
  if (passed === true) return () => true
  const names = new Set(passed.map(plainSpelling))
  return names.size === 0 ? () => false : (name) => names.has(plainSpelling(name))
}

function checkFields(method: string, fields: HeaderList): void {
  const isValid = fields.every((text, i) => (i % 2 === 0 ? isToken(text) : isFieldValue(text)))
  if (isValid && isToken(method)) return
  throw new ServeError('E8008_MALFORMED', 'The request has a field that cannot be passed on.')
}

/** RFC 9110 section 7.6.2. */
function nextHops(hops: string): string {
  return /^\d{1,9}$/.test(hops) ? String(Math.max(0, Number(hops) - 1)) : hops
}
