import type { ResolvedMatch, ResolvedUpstream } from '../../config/route-types.ts'
import { ServeError } from '../../core/serve-error.ts'

/** Makes the path that an upstream is asked for out of the one that was asked of us. */
export type RequestPath = (path: string) => string

/**
 * Compiles the replacement of a route's prefix. It works on the bytes as they came: what follows the prefix reaches
 * the upstream unchanged, with its double slashes and its percent-encoding.
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

/** The prefix that an upstream's own path replaces: the literal segments of a match. The root is `''`. */
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
 * Where the prefix ends in a path that spells it in its own way, such as `//api` or `/%61pi`. Empty and dot segments
 * do not count. Anything else in between, such as `/x/../api`, would put `..` behind the replaced prefix.
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
      if (decoded(segment) !== segments[found]) throw leaves()
      found++
    } else if (next === -1) throw leaves()
    at = end
  }
  return at
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw leaves()
  }
}

function leaves(): ServeError {
  return new ServeError('E8008_PATH_INVALID', 'The path does not begin with the prefix of its route.')
}
