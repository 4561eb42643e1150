import type { HeaderList } from '../../http/message/headers.ts'
import { movePath, type UrlMapping } from '../url-rewrite.ts'

/**
 * Adapts the upstream's cookies to the client's URL: removes a `Domain` that the client's host does not match, maps `Path`
 * to the route, and removes attributes that require TLS if the client uses plain HTTP.
 *
 * @param path Replaces the path of every cookie.
 */
export function rewriteCookies(headers: HeaderList, mapping: UrlMapping, path?: string): HeaderList {
  let changed: string[] | undefined
  for (let i = 0; i < headers.length; i += 2) {
    if ((headers[i] as string).toLowerCase() !== 'set-cookie') continue
    const value = headers[i + 1] as string
    const mapped = rewriteCookie(value, mapping, path)
    if (mapped === value) continue
    changed ??= [...headers]
    changed[i + 1] = mapped
  }
  return changed ?? headers
}

/** Rewrites one `Set-Cookie` value (RFC 6265 section 5.2). Other attributes keep their bytes. */
export function rewriteCookie(cookie: string, { client, upstream }: UrlMapping, path?: string): string {
  const [pair = '', ...attributes] = cookie.split(';')
  const name = (pair.split('=', 1)[0] as string).trim().toLowerCase()
  // These name prefixes require attributes (RFC 6265bis section 4.1.3); without them the client rejects the cookie.
  // `__Host-` and `__Host-Http-` require Secure and Path and forbid Domain; the others require Secure.
  if (name.startsWith('__host-')) return cookie
  const loosen = client.scheme === 'http' && !/^__(?:secure|http)-/.test(name)
  const isSecure = attributes.some((attribute) => nameOf(attribute) === 'secure') && !loosen
  const kept = attributes.flatMap((attribute) => {
    const value = attribute.slice(attribute.indexOf('=') + 1).trim()
    switch (nameOf(attribute)) {
      case 'domain':
        return isWithin(hostOf(client.authority), value) ? [attribute] : []
      case 'path':
        return path !== undefined ? [] : [withPath(attribute, value, upstream.prefix, client.prefix)]
      case 'secure':
        return loosen ? [] : [attribute]
      case 'samesite':
        // Browsers reject SameSite=None without Secure, and their default is Lax.
        return value.toLowerCase() === 'none' && !isSecure ? [attribute.replace(/none/i, 'Lax')] : [attribute]
      case 'partitioned':
        return isSecure ? [attribute] : []
      default:
        return [attribute]
    }
  })
  return [pair, ...kept, ...(path === undefined ? [] : [` Path=${path}`])].join(';')
}

function nameOf(attribute: string): string {
  return (attribute.split('=', 1)[0] as string).trim().toLowerCase()
}

function hostOf(authority: string): string {
  return authority.toLowerCase().replace(/:\d*$/, '')
}

/** Whether a host may set cookies for a domain: its own or a parent, but not a single label such as localhost. */
function isWithin(host: string, domain: string): boolean {
  const bare = domain.toLowerCase().replace(/^\./, '')
  if (!bare.includes('.')) return false
  // An IP address has no parent domain.
  return host === bare || (host.endsWith(`.${bare}`) && !/^[\d.]+$/.test(host))
}

function withPath(attribute: string, path: string, from: string, to: string): string {
  if (!path.startsWith('/') || from === to) return attribute
  const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  // The path is already the client's.
  if (to !== '' && (bare === to || bare.startsWith(`${to}/`))) return attribute
  // A cookie for the whole upstream becomes one for the whole route.
  const isAbove = bare === '/' || bare === from || from.startsWith(`${bare}/`)
  const mapped = isAbove ? (to === '' ? '/' : to) : movePath(path, from, to)
  return mapped === undefined ? attribute : `${attribute.slice(0, attribute.indexOf('=') + 1)}${mapped}`
}
