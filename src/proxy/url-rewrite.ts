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
  /** Other authorities of the upstream: the address that the proxy connects to, if `Host` differs. */
  readonly aliases: readonly string[]
}

/** Scheme with its colon, authority, path, and query or fragment with its mark. Nothing is decoded. */
const reference = /^([a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#\\]*))?([^?#]*)(.*)$/is

/**
 * Maps a URL reference of the upstream to the client's view: a reference to the upstream becomes one to this route.
 * References to other hosts and relative references stay as they are.
 */
export function toClientUrl(url: string, { client, upstream, aliases }: UrlMapping): string {
  const [, scheme = '', authority, path = '', rest = ''] = reference.exec(url) ?? []
  if (authority === undefined) {
    if (scheme !== '' || !path.startsWith('/') || client.prefix === upstream.prefix) return url
    // Already the client's view: some upstreams prepend the prefix themselves (X-Forwarded-Prefix).
    if (client.prefix !== '' && isBelow(path, client.prefix)) return url
    const mapped = movePath(path, upstream.prefix, client.prefix)
    return mapped === undefined ? url : `${unambiguous(mapped)}${rest}`
  }
  const web = webScheme(scheme, upstream.scheme)
  if (web === undefined) return url
  const isOwn = [upstream.authority, ...aliases].some((name) => isSameAuthority(authority, web, name, upstream.scheme))
  // This proxy terminates TLS, so the upstream may name the wrong scheme, and with it another default port.
  const isClient =
    isSameAuthority(authority, web, client.authority, client.scheme) ||
    authority.toLowerCase() === client.authority.toLowerCase()
  if (!isOwn && !isClient) return url
  // An upstream that gets the client's Host may build URLs from the client's path, or from its own.
  const isKnown = isClient && client.prefix !== '' && isBelow(path, client.prefix)
  const isSamePath = client.prefix === upstream.prefix
  const mapped = isKnown || isSamePath ? path || '/' : movePath(path, upstream.prefix, client.prefix)
  if (mapped === undefined) return url
  return `${clientScheme(scheme, client.scheme)}//${client.authority}${mapped}${rest}`
}

/**
 * Maps a URL reference of the client to the upstream's view. Undefined if it leaves the route: an upstream that reads
 * only the path would act on resources that the route does not expose.
 */
export function toUpstreamUrl(url: string, { client, upstream }: UrlMapping): string | undefined {
  const [, scheme = '', authority, path = '', rest = ''] = reference.exec(url) ?? []
  const web = webScheme(scheme, client.scheme)
  const isOwn =
    authority === undefined
      ? scheme === ''
      : web !== undefined && isSameAuthority(authority, web, client.authority, client.scheme)
  const mapped = isOwn && !mayLeaveRoute(path) ? movePath(path, client.prefix, upstream.prefix) : undefined
  if (mapped === undefined || !mapped.startsWith('/')) return undefined
  if (authority === undefined) return `${unambiguous(mapped)}${rest}`
  return `${upstream.scheme}://${upstream.authority}${mapped}${rest}`
}

/** Whether a server that decodes the path and resolves dot segments or encoded slashes may read another path. */
function mayLeaveRoute(path: string): boolean {
  return /%2f|%5c|\\|%00/i.test(path) || path.split('/').some((segment) => /^(?:\.|%2e){2}(?:;|$)/i.test(segment))
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

const ports = { http: '80', https: '443' } as const

/** Whether two authorities name the same origin. Credentials in one make them differ. */
function isSameAuthority(a: string, schemeOfA: 'http' | 'https', b: string, schemeOfB: 'http' | 'https'): boolean {
  return comparable(a, schemeOfA) === comparable(b, schemeOfB)
}

function comparable(authority: string, scheme: 'http' | 'https'): string {
  const [, host = '', port = ''] = /^(.*?)(?::(\d*))?$/.exec(authority.toLowerCase()) ?? []
  const name = /^(?:127\.0\.0\.1|\[::1\])$/.test(host) ? 'localhost' : host.replace(/\.$/, '')
  return `${name}:${port === '' ? ports[scheme] : port}`
}
