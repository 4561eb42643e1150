import type { ResolvedMatch } from '../config/route-types.ts'
import { pathParts } from './order.ts'

/**
 * The path that an upstream is asked for, byte for byte: as received, or with the target's own path in the place of the
 * matched one. The matched one is as many segments as the route has literals at its beginning; an exact route's is whole.
 */
export function upstreamPath(match: ResolvedMatch, prefix: string | undefined, path: string): string {
  if (prefix === undefined) return path
  if (match.kind === 'exact') return prefix === '' ? '/' : prefix
  let border = 0
  const fixed = pathParts(match).findIndex(({ kind }) => kind !== 'literal')
  for (let i = 0; i < fixed && border !== -1; i++) border = path.indexOf('/', border + 1)
  const rest = border === -1 ? '' : path.slice(border)
  return prefix + rest || '/'
}
