import type { ResolvedMatch, ResolvedUpstream } from '../config/route-types.ts'
import { ServeError } from '../errors/serve-error.ts'

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
  const matched = match.kind === 'prefix' ? match.path : literalPart(match.path)
  if (matched === '/') return (path) => `${prefix}${path}`
  const segments = matched.split('/').length - 1
  return (path) => {
    const rest =
      path.startsWith(matched) && isBoundary(path, matched.length)
        ? path.slice(matched.length)
        : path.slice(endOfSegments(path, segments))
    return rest === '' ? whole : `${prefix}${rest}`
  }
}

/** The part of a pattern before its first wildcard, without a final slash. */
function literalPart(pattern: string): string {
  const star = pattern.indexOf('*')
  const literal = star === -1 ? pattern : pattern.slice(0, star)
  return literal.length > 1 && literal.endsWith('/') ? literal.slice(0, -1) : literal
}

function isBoundary(path: string, at: number): boolean {
  return at === path.length || path.charCodeAt(at) === 47 /* slash */
}

const dot = /^(?:\.|%2e)$/i
const dots = /^(?:\.|%2e){2}$/i

/**
 * Where the first segments end in a path that spells the prefix in its own way, such as `//api` or `/%61pi`. Empty
 * and dot segments do not count.
 */
function endOfSegments(path: string, count: number): number {
  let at = 0
  for (let left = count; left > 0;) {
    if (at >= path.length) break
    const next = path.indexOf('/', at + 1)
    const end = next === -1 ? path.length : next
    const segment = path.slice(at + 1, end)
    // Where `..` stands within the prefix, no part of the path is the prefix.
    if (dots.test(segment)) throw new ServeError('E8008_PATH_INVALID', 'The path leaves the prefix of its route.')
    if (segment !== '' && !dot.test(segment)) left--
    at = end
  }
  return at
}
