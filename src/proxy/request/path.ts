import type { ResolvedMatch } from '../../config/route-types.ts'
import type { ResolvedUpstream } from '../../config/kinds/proxy-types.ts'
import { ServeError } from '../../core/serve-error.ts'

/** Maps the path of the client's request to the path of the upstream's request. */
export type RequestPath = (path: string) => string

/**
 * Compiles the replacement of a route's prefix. It works on the bytes as received: the rest of the path reaches the
 * upstream unchanged, with its double slashes and its percent-encoding.
 */
export function createRequestPath(match: ResolvedMatch, upstream: ResolvedUpstream): RequestPath {
  const { prefix } = upstream
  if (prefix === undefined) return (path) => path
  const whole = prefix === '' ? '/' : prefix
  if (match.kind === 'exact') return () => whole
  const matched = matchedPrefix(match)
  if (matched === '') return (path) => `${prefix}${path}`
  const segments = matched.slice(1).split('/').map(decoded)
  return (path) => {
    const rest =
      path.startsWith(matched) && isBoundary(path, matched.length)
        ? path.slice(matched.length)
        : path.slice(endOfPrefix(path, segments))
    return rest === '' ? whole : `${prefix}${rest}`
  }
}

/** The prefix that the path of an upstream URL replaces: the literal segments of a match. The root is `''`. */
export function matchedPrefix({ kind, path }: Pick<ResolvedMatch, 'kind' | 'path'>): string {
  if (kind === 'exact' && path !== '/') return path
  const [literal = ''] = path.split('*', 1)
  return literal.replace(/\/$/, '')
}

function isBoundary(path: string, at: number): boolean {
  return at === path.length || path.charCodeAt(at) === 47 /* slash */
}

const dot = /^(?:\.|%2e)$/i

/**
 * Index at which the prefix ends in a path that spells it differently, such as `//api` or `/%61pi`. Empty segments and
 * single dots are skipped. Any other segment, as in `/x/../api`, would leave `..` after the replaced prefix.
 *
 * @throws ServeError `E8008_PATH_INVALID`
 */
function endOfPrefix(path: string, segments: readonly string[]): number {
  let at = 0
  for (let found = 0; found < segments.length;) {
    const next = path.indexOf('/', at + 1)
    const end = next === -1 ? path.length : next
    const segment = path.slice(at + 1, end)
    if (segment !== '' && !dot.test(segment)) {
      if (decoded(segment) !== segments[found]) throw notBelowPrefix()
      found++
    } else if (next === -1) throw notBelowPrefix()
    at = end
  }
  return at
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw notBelowPrefix()
  }
}

function notBelowPrefix(): ServeError {
  return new ServeError('E8008_PATH_INVALID', 'The path does not begin with the prefix of its route.')
}
