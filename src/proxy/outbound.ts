import type { ResolvedMatch, ResolvedProxy, ResolvedUpstream } from '../config/route-types.ts'
import { ServeError } from '../errors/serve-error.ts'
import type { Exchange } from '../http/exchange.ts'
import { isFieldName, isFieldValue, type HeaderList } from '../http/headers.ts'
import { forwardingFields, isClaim, isLooping, isOthersClaim, viaField } from './forwarding-fields.ts'
import { fieldTokens, hopFields } from './hop-fields.ts'

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
export const ownFields: ReadonlySet<string> = new Set([
  'content-length',
  'host',
  'expect',
  'proxy',
  'max-forwards',
  'x-serve8008',
])

/** The part of the path that an upstream's own one stands for: the literal segments of a pattern. */
export function matchedPrefix({ kind, path }: ResolvedMatch): string {
  if (kind === 'pattern') return path.slice(0, path.indexOf('*')).replace(/\/$/, '')
  return path === '/' ? '' : path
}

/**
 * The fields for an upstream: the client's end-to-end ones in their order, case and number, then ours.
 *
 * @throws ServeError 508 for a message that has been here before.
 */
export function outboundFields(x: Exchange, upstream: ResolvedUpstream, options: OutboundOptions): string[] {
  const { match, proxy, isTrusted, pseudonym } = options
  const { headers } = x
  if (isLooping(headers.get('via'), pseudonym)) {
    throw new ServeError('E8008_UPSTREAM_LOOP', 'The request came back to this server.', {
      hint: 'one of the upstreams leads here again: look at its address',
    })
  }
  const trusted = isTrusted(x.peer.address)
  const { set, remove } = proxy.requestFields
  const replaced = set.length + remove.length === 0 ? undefined : namesOf(set, remove)
  const fields = ['Host', proxy.changeOrigin ? upstream.authority : (headers.get('host') ?? upstream.authority)]
  const { names, raw } = headers
  const nominated = names.includes('connection') ? fieldTokens(raw, 'connection') : []
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    if (hopFields.has(name) || nominated.includes(name) || ownFields.has(name)) continue
    // What a trusted peer claims goes into ours, once, or on as it is where we say nothing of it.
    if (replaced?.has(name) === true || (isClaim(name) && !(trusted && isOthersClaim(name)))) continue
    // The name and password of this server are not the upstream's business.
    if (name === 'authorization' && x.notes.user !== undefined) continue
    fields.push(raw[2 * i] as string, raw[2 * i + 1] as string)
  }
  // HTTP/2 frames its fields, so they could hold what splits a message of HTTP/1.1 (RFC 9113 section 10.3).
  if (x.version === '2') checkFields(x.method, fields)
  const hops = headers.get('max-forwards')
  if (hops !== undefined) fields.push('Max-Forwards', nextHops(hops))
  const prefix = upstream.prefix === undefined ? '' : matchedPrefix(match)
  for (const field of forwardingFields(x, trusted, prefix)) fields.push(field)
  fields.push(...viaField(x.version, pseudonym), ...set)
  if (proxy.upstreams[0]?.protocol.startsWith('h2') === true && fieldTokens(headers.raw, 'te').includes('trailers')) {
    fields.push('TE', 'trailers')
  }
  return fields
}

function checkFields(method: string, fields: HeaderList): void {
  const isValid = fields.every((text, i) => (i % 2 === 0 ? isFieldName(text) : isFieldValue(text)))
  if (isValid && isFieldName(method)) return
  throw new ServeError('E8008_MALFORMED', 'The request has a field that cannot be passed on.')
}

function namesOf(set: HeaderList, remove: readonly string[]): ReadonlySet<string> {
  return new Set([...remove, ...set.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())])
}

/** RFC 9110 section 7.6.2. */
function nextHops(hops: string): string {
  return /^\d{1,9}$/.test(hops) ? String(Math.max(0, Number(hops) - 1)) : hops
}
