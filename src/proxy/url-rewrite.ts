/** One side of a route, as the URLs of that side name it. */
export interface UrlSide {
  readonly scheme: 'http' | 'https'
  /** Host and port as in `Host`: the client's own, or the one that the backend is sent. */
  readonly authority: string
  /** Path below which the route lies, without a final slash; `''` for the root. */
  readonly prefix: string
}

/** How URLs of clients and of a backend belong together. */
export interface UrlMapping {
  readonly client: UrlSide
  /** `prefix` is what replaces the client's, and the client's own where paths stay as they are. */
  readonly upstream: UrlSide
  /** Other names of the backend: where it is dialled, beside the `Host` it is sent. */
  readonly aliases: readonly string[]
}

/** Scheme with its colon, authority, path, and the rest with its mark. Nothing is decoded, so nothing changes. */
const reference = /^([a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#\\]*))?([^?#]*)(.*)$/is

/**
 * A reference that the backend made, as the client must see it: those that point at the backend are led back through
 * the route. What points elsewhere, and what is relative, stays.
 */
export function toClientUrl(url: string, { client, upstream, aliases }: UrlMapping): string {
  const [, scheme = '', authority, path = '', rest = ''] = reference.exec(url) ?? []
  if (authority === undefined) {
    if (scheme !== '' || !path.startsWith('/') || client.prefix === upstream.prefix) return url
    // Already the client's view: some backends know the prefix (X-Forwarded-Prefix).
    if (client.prefix !== '' && isBelow(path, client.prefix)) return url
    const mapped = movePath(path, upstream.prefix, client.prefix)
    return mapped === undefined ? url : `${unambiguous(mapped)}${rest}`
  }
  const web = webScheme(scheme, upstream.scheme)
  if (web === undefined) return url
  const isOwn = [upstream.authority, ...aliases].some((name) => isSame(authority, web, name, upstream.scheme))
  // Its idea of the scheme, and so of the port that need not be said, may be wrong: TLS ends here.
  const isClient =
    isSame(authority, web, client.authority, client.scheme) ||
    authority.toLowerCase() === client.authority.toLowerCase()
  if (!isOwn && !isClient) return url
  // A backend that was sent the client's Host may have composed the URL from what it was told, or from its own path.
  const isKnown = isClient && client.prefix !== '' && isBelow(path, client.prefix)
  const isSamePath = client.prefix === upstream.prefix
  const mapped = isKnown || isSamePath ? path || '/' : movePath(path, upstream.prefix, client.prefix)
  if (mapped === undefined) return url
  return `${clientScheme(scheme, client.scheme)}//${client.authority}${mapped}${rest}`
}

/**
 * A reference that the client made to a place of this route, as the backend must see it. Undefined when it leads out
 * of the route: a backend that looks at the path alone would act where the route does not let the client go.
 */
export function toUpstreamUrl(url: string, { client, upstream }: UrlMapping): string | undefined {
  const [, scheme = '', authority, path = '', rest = ''] = reference.exec(url) ?? []
  const web = webScheme(scheme, client.scheme)
  const isOwn =
    authority === undefined
      ? scheme === ''
      : web !== undefined && isSame(authority, web, client.authority, client.scheme)
  const mapped = isOwn && !climbs(path) ? movePath(path, client.prefix, upstream.prefix) : undefined
  if (mapped === undefined || !mapped.startsWith('/')) return undefined
  if (authority === undefined) return `${unambiguous(mapped)}${rest}`
  return `${upstream.scheme}://${upstream.authority}${mapped}${rest}`
}

/** Whether a path may mean another place to whoever decodes and resolves it (dot segments, hidden slashes). */
function climbs(path: string): boolean {
  return /%2f|%5c|\\|%00/i.test(path) || path.split('/').some((segment) => /^(?:\.|%2e){2}(?:;|$)/i.test(segment))
}

/** A path moved from below one prefix to below another; undefined when it does not lie there. */
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

/** A path that begins with two slashes would name another host (RFC 3986 section 4.2), and browsers take `\` for `/`. */
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

/** Whether two authorities are one place. Credentials in one make it a different one. */
function isSame(a: string, schemeOfA: 'http' | 'https', b: string, schemeOfB: 'http' | 'https'): boolean {
  return comparable(a, schemeOfA) === comparable(b, schemeOfB)
}

function comparable(authority: string, scheme: 'http' | 'https'): string {
  const [, host = '', port = ''] = /^(.*?)(?::(\d*))?$/.exec(authority.toLowerCase()) ?? []
  const name = /^(?:127\.0\.0\.1|\[::1\])$/.test(host) ? 'localhost' : host.replace(/\.$/, '')
  return `${name}:${port === '' ? ports[scheme] : port}`
}
