import { posix } from 'node:path'

/** The request-target (RFC 9112 section 3.2), split but not decoded. */
export interface RequestTarget {
  /** As received. */
  readonly raw: string
  readonly form: 'origin' | 'absolute' | 'authority' | 'asterisk'
  /** Scheme of an absolute form, or that a request of HTTP/2 names, in lower case; else undefined. */
  readonly scheme: string | undefined
  /** Authority of an absolute or authority form, not yet parsed, else undefined. */
  readonly authority: string | undefined
  /** Path as received, percent-encoded, starting with a slash; `*` for the asterisk form. */
  readonly path: string
  /** Query with its question mark, or the empty string; without what live reload added. */
  readonly query: string
}

/** What the browser client of live reload adds to an address, so that no cache knows it. The page knows nothing of it. */
const stamp = /([?&])serve8008=[0-9a-z]{9,}(&|(?=#|$))/

/** A URL, or its query, without the stamp of live reload: it concerns neither logs nor routes nor backends. */
export function withoutStamp(url: string): string {
  if (!url.includes('serve8008=')) return url
  return url.replace(stamp, (_, before: string, behind: string) => (behind === '' ? '' : before))
}

const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^]*)$/i

/** Splits a request-target. Never throws: what it means and whether it is allowed is the guard's. */
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
 * A path in the one spelling in which prefixes are compared: decoded once, slashes collapsed, dot
 * segments resolved. `/%61dmin`, `//admin` and `/x/../admin` must not escape a rule for `/admin`. Only
 * for comparing: the path that is looked up or forwarded is the one that was received.
 */
export function normalizePath(path: string): string {
  if (!/%|\/\/|\/\./.test(path)) return path
  try {
    return posix.normalize(decodeURIComponent(path))
  } catch {
    return path
  }
}
