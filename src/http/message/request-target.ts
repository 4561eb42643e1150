import { posix } from 'node:path'

/** The request-target (RFC 9112 section 3.2), split but not decoded. */
export interface RequestTarget {
  /** As received. */
  readonly raw: string
  readonly form: 'origin' | 'absolute' | 'authority' | 'asterisk'
  /** Scheme of an absolute form, or of an HTTP/2 request, in lower case; else undefined. */
  readonly scheme: string | undefined
  /** Authority of an absolute or authority form, not parsed; else undefined. */
  readonly authority: string | undefined
  /** Path as received, percent-encoded, with its leading slash; `*` for the asterisk form. */
  readonly path: string
  /** Query with its question mark, or the empty string; without the stamp of live reload. */
  readonly query: string
}

/** A parameter that the browser client of live reload adds to URLs, so that no cache has them. */
const stamp = /([?&])serve8008=[0-9a-z]{9,}(&|(?=#|$))/

/** A URL, or its query, without the stamp of live reload, which logs, routes and upstreams do not see. @internal */
export function withoutStamp(url: string): string {
  if (!url.includes('serve8008=')) return url
  return url.replace(stamp, (_, before: string, behind: string) => (behind === '' ? '' : before))
}

const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^]*)$/i

/** Splits a request-target. Never throws: the guard decides whether it is valid. @internal */
export function parseRequestTarget(method: string, raw: string): RequestTarget {
  if (raw.charCodeAt(0) === 47 /* slash */) {
    const mark = raw.indexOf('?')
    const path = mark === -1 ? raw : raw.slice(0, mark)
    const query = mark === -1 ? '' : withoutStamp(raw.slice(mark))
    return { raw, form: 'origin', scheme: undefined, authority: undefined, path, query }
  }
  if (method === 'CONNECT') {
    return { raw, form: 'authority', scheme: undefined, authority: raw, path: '/', query: '' }
  }
  const match = absolute.exec(raw)
  if (match !== null) {
    const [, scheme = '', authority = '', rest = ''] = match
    const local = rest.startsWith('/') ? rest : `/${rest}`
    return { raw, form: 'absolute', scheme: scheme.toLowerCase(), authority, ...splitQuery(local) }
  }
  return { raw, form: 'asterisk', scheme: undefined, authority: undefined, path: raw, query: '' }
}

function splitQuery(target: string): { path: string; query: string } {
  const mark = target.indexOf('?')
  return mark === -1
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: withoutStamp(target.slice(mark)) }
}

/**
 * Normalizes a path for comparison with prefixes: decoded once, slashes collapsed, dot segments resolved. `/%61dmin`,
 * `//admin` and `/x/../admin` must not escape a rule for `/admin`. Files and upstreams get the path as received.
 *
 * @internal
 */
export function normalizePath(path: string): string {
  if (!/%|\/\/|\/\./.test(path)) return path
  try {
    return posix.normalize(decodeURIComponent(path))
  } catch {
    return path
  }
}
