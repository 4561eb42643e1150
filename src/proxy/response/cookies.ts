import type { HeaderList } from '../../http/message/headers.ts'
import { movePath, type UrlMapping } from '../url-rewrite.ts'

/**
 * Makes a backend's cookies fit the client's address: a `Domain` that is not the client's goes, `Path` follows the
 * route, and what only works under TLS is taken back where the client speaks plain HTTP.
 */
export function rewriteCookies(headers: HeaderList, mapping: UrlMapping): HeaderList {
  let changed: string[] | undefined
  for (let i = 0; i < headers.length; i += 2) {
    if ((headers[i] as string).toLowerCase() !== 'set-cookie') continue
    const value = headers[i + 1] as string
    const mapped = rewriteCookie(value, mapping)
    if (mapped === value) continue
    changed ??= [...headers]
    changed[i + 1] = mapped
  }
  return changed ?? headers
}

/** One `Set-Cookie` value (RFC 6265 section 5.2). Attributes that stay keep their bytes. */
export function rewriteCookie(cookie: string, { client, upstream }: UrlMapping): string {
  const [pair = '', ...attributes] = cookie.split(';')
  const name = (pair.split('=', 1)[0] as string).trim().toLowerCase()
  // A name that begins so is a promise about the attributes (RFC 6265bis section 4.1.3): without them the client refuses
  // the cookie. `__Host-` and `__Host-Http-` are about Secure, Path and Domain, the others about Secure.
  if (name.startsWith('__host-')) return cookie
  const loosen = client.scheme === 'http' && !/^__(?:secure|http)-/.test(name)
  const isSecure = attributes.some((attribute) => nameOf(attribute) === 'secure') && !loosen
  const kept = attributes.flatMap((attribute) => {
    const value = attribute.slice(attribute.indexOf('=') + 1).trim()
    switch (nameOf(attribute)) {
      case 'domain':
        return isWithin(hostOf(client.authority), value) ? [attribute] : []
      case 'path':
        return [withPath(attribute, value, upstream.prefix, client.prefix)]
      case 'secure':
        return loosen ? [] : [attribute]
      case 'samesite':
        // Without Secure, None is refused, and Lax is what browsers then mean.
        return value.toLowerCase() === 'none' && !isSecure ? [attribute.replace(/none/i, 'Lax')] : [attribute]
      case 'partitioned':
        return isSecure ? [attribute] : []
      default:
        return [attribute]
    }
  })
  return [pair, ...kept].join(';')
}

function nameOf(attribute: string): string {
  return (attribute.split('=', 1)[0] as string).trim().toLowerCase()
}

function hostOf(authority: string): string {
  return authority.toLowerCase().replace(/:\d*$/, '')
}

/** Whether a host may set cookies for a domain: its own or one above it, and not a top-level one such as localhost. */
function isWithin(host: string, domain: string): boolean {
  const bare = domain.toLowerCase().replace(/^\./, '')
  if (!bare.includes('.')) return false
  // An address has nothing above it.
  return host === bare || (host.endsWith(`.${bare}`) && !/^[\d.]+$/.test(host))
}

function withPath(attribute: string, path: string, from: string, to: string): string {
  if (!path.startsWith('/') || from === to) return attribute
  const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  // Already the client's view of the path.
  if (to !== '' && (bare === to || bare.startsWith(`${to}/`))) return attribute
  // A cookie for all of the backend is one for all of the route.
  const isAbove = bare === '/' || bare === from || from.startsWith(`${bare}/`)
  const mapped = isAbove ? (to === '' ? '/' : to) : movePath(path, from, to)
  return mapped === undefined ? attribute : `${attribute.slice(0, attribute.indexOf('=') + 1)}${mapped}`
}
