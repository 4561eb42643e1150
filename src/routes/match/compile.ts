import type { ResolvedCondition, ResolvedMatch } from '../../config/route-types.ts'
import { cookieValue } from '../../http/message/cookie.ts'
import { pathParts, type PathPart, type Specificity } from './order.ts'

/** The parts of a request that conditions test. */
export interface RoutedRequest {
  readonly method: string
  /** Name of the listener that it came by; undefined for a request of an embedding program. */
  readonly listener: string | undefined
  /** Host name in lower case, without a port; `''` if the request has none. */
  readonly hostname: string
  /** Query with its question mark, or `''`. */
  readonly query: string
  /** The value of a field (name in lower case). */
  header(name: string): string | undefined
}

/** A compiled match. */
export interface CompiledMatch extends Specificity {
  /** Number of literal segments at the beginning, which an upstream's path may replace. */
  readonly fixed: number
  matchesPath(segments: readonly string[]): boolean
  /** Why a request with a matching path fails another condition; undefined if it matches. */
  mismatch(request: RoutedRequest): string | undefined
}

export function compileMatch(match: ResolvedMatch): CompiledMatch {
  const { host, listeners, methods } = match
  const parts = pathParts(match)
  const firstOther = parts.findIndex(({ kind }) => kind !== 'literal')
  const checks: ((request: RoutedRequest) => string | undefined)[] = []
  if (host !== undefined)
    checks.push((request) => (isHost(request.hostname, host) ? undefined : `host is not ${hostText(host)}`))
  if (listeners.length > 0) {
    const text = `listener is not ${listeners.join(' or ')}`
    checks.push(({ listener }) => (listener !== undefined && listeners.includes(listener) ? undefined : text))
  }
  if (methods.length > 0) {
    const text = `method is not ${methods.join(' or ')}`
    // HEAD asks for the head of what GET would send (RFC 9110 section 9.3.2): `curl -I` and link checkers ask so.
    const takes = new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)
    checks.push(({ method }) => (takes.has(method) ? undefined : text))
  }
  for (const [name, expected] of match.headers) {
    checks.push((request) => conditionFailure(request.header(name), expected, `header ${name}`))
  }
  for (const [name, expected] of match.cookies) {
    checks.push((request) => conditionFailure(cookieValue(request.header('cookie'), name), expected, `cookie ${name}`))
  }
  for (const [name, expected] of match.query) {
    checks.push(({ query }) =>
      conditionFailure(new URLSearchParams(query).get(name) ?? undefined, expected, `query ${name}`),
    )
  }
  return {
    host,
    listeners,
    methods,
    parts,
    conditions: [...tagged('h', match.headers), ...tagged('c', match.cookies), ...tagged('q', match.query)],
    isFolder: false,
    fixed: firstOther,
    matchesPath: (segments) => matchesParts(parts, segments),
    mismatch(request) {
      for (const check of checks) {
        const why = check(request)
        if (why !== undefined) return why
      }
      return undefined
    },
  }
}

/** Marks the kind of each condition: a header `a` and a cookie `a` differ. */
function tagged(kind: string, conditions: readonly ResolvedCondition[]): ResolvedCondition[] {
  return conditions.map(([name, expected]) => [`${kind}:${name}`, expected])
}

/** The prefix `/api` matches `/api`, `/api/` and every path below. */
function matchesParts(parts: readonly PathPart[], segments: readonly string[]): boolean {
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as PathPart
    const segment = segments[i]
    if (part.kind === 'rest') return true
    if (part.kind === 'end') return segment === undefined
    if (part.kind === 'literal' ? segment !== part.text : segment === undefined || segment === '') return false
  }
  return false
}

function isHost(hostname: string, host: string): boolean {
  return host.startsWith('.') ? hostname.endsWith(host) && hostname.length > host.length : hostname === host
}

function hostText(host: string): string {
  return host.startsWith('.') ? `*${host}` : host
}

/** Why a condition fails. The text never has a value, which may be a secret. */
function conditionFailure(value: string | undefined, expected: string | boolean, what: string): string | undefined {
  if (expected === true) return value === undefined ? `${what} is absent` : undefined
  if (expected === false) return value === undefined ? undefined : `${what} is present`
  return value === expected ? undefined : value === undefined ? `${what} is absent` : `${what} has another value`
}
