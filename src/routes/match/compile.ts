import type { ResolvedCondition, ResolvedMatch } from '../../config/route-types.ts'
import { cookieValue } from '../../http/message/cookie.ts'
import { pathParts, type PathPart, type Specificity } from './order.ts'

/** What of a request decides on its route. */
export interface RoutedRequest {
  readonly method: string
  /** Lower case, without a port; the empty string for none. */
  readonly hostname: string
  /** Query with its question mark, or the empty string. */
  readonly query: string
  /** The value of a field (name in lower case). */
  header(name: string): string | undefined
}

/** A match, ready to be asked. */
export interface CompiledMatch extends Specificity {
  /** Literal segments at the beginning: where a target's path takes the prefix's place, they must not be left. */
  readonly fixed: number
  matchesPath(segments: readonly string[]): boolean
  /** Why a request whose path matches does not match all the same; undefined where it does. */
  objection(request: RoutedRequest): string | undefined
}

/** Compiles a match. */
export function compileMatch(match: ResolvedMatch): CompiledMatch {
  const { host, methods } = match
  const parts = pathParts(match)
  const firstOther = parts.findIndex(({ kind }) => kind !== 'literal')
  const checks: ((request: RoutedRequest) => string | undefined)[] = []
  if (host !== undefined)
    checks.push((request) => (isHost(request.hostname, host) ? undefined : `host is not ${spelled(host)}`))
  if (methods.length > 0) {
    const text = `method is not ${methods.join(' or ')}`
    checks.push(({ method }) => (methods.includes(method) ? undefined : text))
  }
  for (const [name, expected] of match.headers) {
    checks.push((request) => judge(request.header(name), expected, `header ${name}`))
  }
  for (const [name, expected] of match.cookies) {
    checks.push((request) => judge(cookieValue(request.header('cookie'), name), expected, `cookie ${name}`))
  }
  for (const [name, expected] of match.query) {
    checks.push(({ query }) => judge(new URLSearchParams(query).get(name) ?? undefined, expected, `query ${name}`))
  }
  return {
    host,
    methods,
    parts,
    conditions: [...tagged('h', match.headers), ...tagged('c', match.cookies), ...tagged('q', match.query)],
    isFolder: false,
    fixed: firstOther,
    matchesPath: (segments) => matchesParts(parts, segments),
    objection(request) {
      for (const check of checks) {
        const why = check(request)
        if (why !== undefined) return why
      }
      return undefined
    },
  }
}

/** A header `a` and a cookie `a` are two conditions. */
function tagged(kind: string, conditions: readonly ResolvedCondition[]): ResolvedCondition[] {
  return conditions.map(([name, expected]) => [`${kind}:${name}`, expected])
}

/** A prefix `/api` holds `/api`, `/api/` and all below. */
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

function spelled(host: string): string {
  return host.startsWith('.') ? `*${host}` : host
}

/** Values are never told: they may be secrets. */
function judge(value: string | undefined, expected: string | boolean, what: string): string | undefined {
  if (expected === true) return value === undefined ? `${what} is absent` : undefined
  if (expected === false) return value === undefined ? undefined : `${what} is present`
  return value === expected ? undefined : value === undefined ? `${what} is absent` : `${what} has another value`
}
