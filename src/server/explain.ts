import type { ResolvedConfig } from '../config/types.ts'
import { hostNotAllowed } from '../guard/guard.ts'
import { parseAuthority } from '../http/authority.ts'
import { RequestHeaders } from '../http/headers.ts'
import { parseTarget } from '../http/target.ts'
import { explainRoute, type RouteExplanation } from '../routes/routes.ts'
import { foldersOf } from './folders.ts'
import { ourHosts } from './our-hosts.ts'

/** A request that need not be sent to be explained. */
export interface Question {
  readonly method: string
  /** A URL, or a path on this server. */
  readonly url: string
  /** Flat list of fields. */
  readonly headers: readonly string[]
}

/**
 * Tells which route would answer a request, why no other does, and what would be sent to an upstream.
 *
 * @param isCertified Whether a name is one of {@link certifiedNames}.
 * @returns undefined for a URL that names no host or path.
 * @throws ServeError `E8008_CONFIG_INVALID` for two routes that are equally specific.
 */
export function explainRequest(
  config: ResolvedConfig,
  question: Question,
  isCertified?: (name: string) => boolean,
): RouteExplanation | undefined {
  const { method } = question
  const url = question.url.replace(/#.*$/s, '')
  const target = parseTarget(method, url.startsWith('/') || url.includes('://') ? url : `http://${url}`)
  const headers = new RequestHeaders(question.headers)
  const port = config.ports[0] ?? 0
  const authority = headers.get('host') ?? target.authority ?? (port === 80 ? 'localhost' : `localhost:${port}`)
  const parsed = parseAuthority(authority)
  if (parsed === undefined || parsed.hostname === '' || /[\s\x00-\x1f\x7f]/.test(url)) return undefined
  const request = {
    method,
    authority,
    path: target.path,
    query: target.query,
    hostname: parsed.hostname,
    header: (name: string) => (name === 'host' ? authority : headers.get(name)),
  }
  const explanation = explainRoute(request, config.routes, foldersOf(config))
  const isOurs = ourHosts(config, config.routes, isCertified)
  if (isOurs(parsed, '127.0.0.1')) return explanation
  const { status, code, message } = hostNotAllowed(parsed)
  return { ...explanation, route: undefined, kind: 'refused', text: `${status} ${code}: ${message}`, forwards: [] }
}

/**
 * Compiles the routes, to see whether they can stand beside each other.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for two routes that are equally specific.
 */
export function checkRoutes(config: ResolvedConfig): void {
  explainRequest(config, { method: 'GET', url: '/', headers: [] })
}
