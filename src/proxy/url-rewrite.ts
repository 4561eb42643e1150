import { parseAuthority } from '../http/message/authority.ts'
import { leavesPrefix, matchingPath } from '../http/message/matching-path.ts'

/** One side of a route (client or upstream), as its URLs name it. */
export interface UrlSide {
  readonly scheme: 'http' | 'https'
  /** Host and port: of the client's `Host`, or of the `Host` that the upstream gets. */
  readonly authority: string
  /** Path prefix of the route, without a final slash; `''` for the root. */
  readonly prefix: string
}

/** How URLs of the client map to URLs of the upstream, and back. */
export interface UrlMapping {
  readonly client: UrlSide
  /** `prefix` replaces the client's; it equals the client's if the route keeps paths. */
  readonly upstream: UrlSide
  /** Other authorities of the upstream. One without a port has the default port of the URL's scheme. */
  readonly aliases: readonly string[]
  /** Path and query of the request, as the client wrote them. */
  readonly target?: string
}

/** Scheme with its colon, authority, path, and query or fragment with its mark. Nothing is decoded. */
const reference = /^([a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#\\]*))?([^?#]*)(.*)$/is

/**
 * Maps a URL reference of the upstream to the client's view: a reference to the upstream becomes one to this route.
 * References to other hosts and relative references stay as they are.
 */
export function toClientUrl(url: string, mapping: UrlMapping): string {
  const { client, upstream } = mapping
  const [, scheme = '', authority, path = '', rest = ''] = reference.exec(url) ?? []
  if (authority === undefined) {
    if (scheme !== '' || !path.startsWith('/') || client.prefix === upstream.prefix) return url
    // Already the client's view: some upstreams prepend the prefix themselves (X-Forwarded-Prefix).
    if (client.prefix !== '' && isBelow(path, client.prefix)) return url
    const mapped = movePath(path, upstream.prefix, client.prefix)
    return mapped === undefined ? url : `${unambiguous(mapped)}${rest}`
  }
  const side = sideOf(authority, webScheme(scheme, upstream.scheme), mapping)
  if (side === undefined) return url
  // An upstream that gets the client's Host may build URLs from the client's path, or from its own.
  const isKnown = side === client && client.prefix !== '' && isBelow(path, client.prefix)
  const isSamePath = client.prefix === upstream.prefix
  const mapped = isKnown || isSamePath ? path || '/' : movePath(path, upstream.prefix, client.prefix)
  if (mapped === undefined) return url
  return `${clientScheme(scheme, client.scheme)}//${client.authority}${mapped}${rest}`
}

/**
 * Maps a URL reference of the client to the upstream's view. A URL by a name of the upstream, which clients read in its
 * content, has the upstream's path already. Undefined if the reference leaves the route: an upstream that reads only the
 * path would act on resources that the route does not expose.
 */
export function toUpstreamUrl(url: string, mapping: UrlMapping): string | undefined {
  const { client, upstream } = mapping
  const [, scheme = '', authority, path = '', rest = ''] = reference.exec(url) ?? []
  if (authority === undefined && scheme !== '') return undefined
  const side = authority === undefined ? client : sideOf(authority, webScheme(scheme, client.scheme), mapping)
  if (side === undefined || mayLeave(path, side.prefix)) return undefined
  const mapped = movePath(path, side.prefix, upstream.prefix)
  if (mapped === undefined || !mapped.startsWith('/')) return undefined
  if (authority === undefined) return `${unambiguous(mapped)}${rest}`
  return `${upstream.scheme}://${upstream.authority}${mapped}${rest}`
}

/**
 * Whether a server that decodes the path and resolves dot segments may leave the prefix. The bytes of a request-target
 * have the same rule. Parsers of URLs remove tabs, which hides dot segments, and read `\` as `/` (URL standard section 4.4).
 */
function mayLeave(path: string, prefix: string): boolean {
  if (/[\\\x00-\x1f\x7f]/.test(path)) return true
  const parsed = matchingPath(path)
  return parsed.hasNul || leavesPrefix(parsed, prefix.split('/').length - 1)
}

/** Replaces the prefix of a path; undefined if the path does not begin with it. */
export function movePath(path: string, from: string, to: string): string | undefined {
  if (!isBelow(path, from)) return undefined
  const moved = to + path.slice(from.length)
  return moved === '' ? '/' : moved
}

function isBelow(path: string, prefix: string): boolean {
  return (
    path.startsWith(prefix) && (prefix === '' ? true : path.length === prefix.length || path[prefix.length] === '/')
  )
}

/** A path that begins with `//` would name another host (RFC 3986 section 4.2), and browsers read `\` as `/`. */
function unambiguous(path: string): string {
  return /^\/[/\\]/.test(path) ? `/.${path}` : path
}

function webScheme(scheme: string, otherwise: 'http' | 'https'): 'http' | 'https' | undefined {
  const name = scheme.toLowerCase()
  if (name === '') return otherwise
  if (name === 'http:' || name === 'ws:') return 'http'
  return name === 'https:' || name === 'wss:' ? 'https' : undefined
}

function clientScheme(scheme: string, client: 'http' | 'https'): string {
  if (scheme === '') return ''
  return /^ws/i.test(scheme) ? client.replace('http', 'ws') + ':' : `${client}:`
}

/** The side that an authority names; undefined for another server, and for a scheme other than those of HTTP. */
function sideOf(
  authority: string,
  scheme: 'http' | 'https' | undefined,
  { client, upstream, aliases }: UrlMapping,
): UrlSide | undefined {
  if (scheme === undefined) return undefined
  const origin = originOf(authority, scheme)
  if (origin === undefined) return undefined
  // TLS may end in front of this proxy or in it: the other party then names the wrong scheme, and another default port.
  if (authority.toLowerCase() === client.authority.toLowerCase()) return client
  if (origin === originOf(client.authority, client.scheme)) return client
  if (origin === originOf(upstream.authority, upstream.scheme)) return upstream
  return aliases.some((alias) => origin === originOf(alias, scheme)) ? upstream : undefined
}

const ports = { http: 80, https: 443 } as const

/** Host and port in one form. Undefined for an invalid authority, also for one with credentials. */
function originOf(authority: string, scheme: 'http' | 'https'): string | undefined {
  const { hostname, port = ports[scheme] } = parseAuthority(authority) ?? {}
  if (hostname === undefined || hostname === '') return undefined
  return `${hostname === '127.0.0.1' || hostname === '::1' ? 'localhost' : hostname} ${port}`
}
