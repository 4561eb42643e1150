import type { HeaderList } from '../../http/message/headers.ts'
import { isOwnPolicy } from '../../pages/template.ts'
import type { Exchange } from '../../http/message/exchange.ts'

/** The directives of a Content-Security-Policy: names in lower case, each with its sources. */
export type Policy = ReadonlyMap<string, readonly string[]>

/** Whether the policies of a page allow the client of live reload. */
export interface PolicyVerdict {
  /** Whether the script may run. */
  readonly isAllowed: boolean
  /** Nonce that the script needs; undefined for none. */
  readonly nonce: string | undefined
  /** The sources that the policies lack, for a message; undefined when they lack none. */
  readonly missing: string | undefined
}

/** Parses a comma-separated list of policies, from the field or from a `<meta>`. */
export function parsePolicies(value: string): Policy[] {
  return value
    .split(',')
    .map(parsePolicy)
    .filter((policy) => policy.size > 0)
}

function parsePolicy(text: string): Map<string, string[]> {
  const policy = new Map<string, string[]>()
  for (const directive of text.split(';')) {
    const [name, ...sources] = directive.trim().split(/[\t\n\f\r ]+/)
    const key = name?.toLowerCase() ?? ''
    // CSP Level 3 section 2.2.1: the first directive of a name counts.
    if (key !== '' && !policy.has(key)) policy.set(key, sources)
  }
  return policy
}

/** The policies that a reply enforces. Report-only policies block nothing. */
export function policiesOf(headers: HeaderList): Policy[] {
  const policies: Policy[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if (isPolicyField(headers[i] as string)) policies.push(...parsePolicies(headers[i + 1] as string))
  }
  return policies
}

/**
 * Adds the script, by a nonce, and its connections to the strict policies of serve8008's own pages. Returns a copy, or
 * the same list when it has no such policy.
 */
export function widenOwnPolicies(headers: HeaderList, nonce: string): HeaderList {
  let widened: string[] | undefined
  for (let i = 0; i < headers.length; i += 2) {
    if (!isPolicyField(headers[i] as string) || !isOwnPolicy(headers[i + 1] as string)) continue
    widened ??= [...headers]
    widened[i + 1] = widen(headers[i + 1] as string, nonce)
  }
  return widened ?? headers
}

function isPolicyField(name: string): boolean {
  return name.length === 23 && name.toLowerCase() === 'content-security-policy'
}

function widen(text: string, nonce: string): string {
  const policy = parsePolicy(text)
  const add = (name: string, source: string): void => {
    policy.set(name, [...(policy.get(name) ?? []).filter((other) => other !== "'none'"), source])
  }
  add('script-src', `'nonce-${nonce}'`)
  add('connect-src', "'self'")
  return Array.from(policy, ([name, sources]) => [name, ...sources].join(' ')).join('; ')
}

/** Checks all policies of a page; each one has to allow the script. @param script Path of the script. */
export function judgePolicies(policies: readonly Policy[], origin: PageOrigin, script: string): PolicyVerdict {
  const nonces = [undefined, ...policies.flatMap((policy) => noncesOf(scriptRule(policy)?.sources ?? []))]
  // A nonce does no harm to policies without one, and a policy with a nonce may accept nothing else.
  const found = nonces.findLastIndex((nonce) => policies.every((policy) => allowsScript(policy, nonce, origin, script)))
  const missing = policies.flatMap((policy) => [
    ...(found === -1 && !allowsScript(policy, nonces.at(-1), origin, script) ? [missingScript(policy)] : []),
    ...(allowsConnection(policy, origin) ? [] : ["connect-src 'self'"]),
  ])
  return {
    isAllowed: found !== -1,
    nonce: nonces[found],
    missing: missing.length === 0 ? undefined : [...new Set(missing)].join(' and '),
  }
}

/** Whether a policy of the header section sandboxes the page without scripts or without its origin: the client cannot work. */
export function isSandboxed(policies: readonly Policy[]): boolean {
  return policies.some((policy) => {
    const flags = policy.get('sandbox')?.map((flag) => flag.toLowerCase())
    return flags !== undefined && !(flags.includes('allow-scripts') && flags.includes('allow-same-origin'))
  })
}

interface Rule {
  readonly name: string
  readonly sources: readonly string[]
}

function ruleOf(policy: Policy, names: readonly string[]): Rule | undefined {
  const name = names.find((candidate) => policy.has(candidate))
  return name === undefined ? undefined : { name, sources: policy.get(name) ?? [] }
}

function scriptRule(policy: Policy): Rule | undefined {
  return ruleOf(policy, ['script-src-elem', 'script-src', 'default-src'])
}

/** Matches only characters that need no escape in an attribute, because the nonce is copied into the page. */
const nonceSource = /^'nonce-([\w+/=-]+)'$/i

function noncesOf(sources: readonly string[]): string[] {
  return sources.flatMap((source) => nonceSource.exec(source)?.[1] ?? [])
}

function allowsScript(policy: Policy, nonce: string | undefined, origin: PageOrigin, script: string): boolean {
  const rule = scriptRule(policy)
  if (rule === undefined) return true
  if (nonce !== undefined && noncesOf(rule.sources).includes(nonce)) return true
  if (isStrict(rule)) return false
  return rule.sources.some((source) => matchesOwnOrigin(source, origin, script))
}

/** With `'strict-dynamic'` browsers ignore host sources. */
function isStrict({ sources }: Rule): boolean {
  return sources.some((source) => source.toLowerCase() === "'strict-dynamic'")
}

function missingScript(policy: Policy): string {
  const rule = scriptRule(policy)
  if (rule !== undefined && isStrict(rule)) return 'script-src with a nonce'
  return `${rule?.name === 'script-src-elem' ? rule.name : 'script-src'} 'self'`
}

function allowsConnection(policy: Policy, origin: PageOrigin): boolean {
  const rule = ruleOf(policy, ['connect-src', 'default-src'])
  return rule === undefined || rule.sources.some((source) => matchesOwnOrigin(source, origin, undefined))
}

/** The origin of a page. */
export interface PageOrigin {
  readonly scheme: 'http' | 'https'
  /** Empty when the request has no authority. */
  readonly host: string
  readonly port: number
}

/** The origin that a browser computes for the page of an exchange. */
export function pageOrigin(x: Exchange): PageOrigin {
  const { authority, peer } = x
  const scheme = peer.encrypted ? 'https' : 'http'
  if (authority === undefined) return { scheme, host: '', port: defaultPort(scheme) }
  const { hostname, port = defaultPort(scheme), kind } = authority
  return { scheme, host: kind === 'ipv6' ? `[${hostname}]` : hostname, port }
}

const schemeSource = /^([a-z][a-z0-9+.-]*):$/
const hostSource = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\[[^\]]*\]|[^/:]+)(?::(\d+|\*))?(\/[^?#]*)?/

/**
 * Whether a source of a Content-Security-Policy matches a URL of the page's own origin (CSP Level 3 section 6.7.2).
 *
 * @param path Path of the URL; undefined for any.
 */
function matchesOwnOrigin(source: string, origin: PageOrigin, path: string | undefined): boolean {
  const lower = source.toLowerCase()
  if (lower === "'self'" || lower === '*') return true
  if (lower.startsWith("'")) return false
  const scheme = schemeSource.exec(lower)?.[1]
  if (scheme !== undefined) return matchesScheme(scheme, origin)
  const match = hostSource.exec(lower)
  if (match === null) return false
  const [, ownScheme, host = '', port] = match
  if (ownScheme !== undefined && !matchesScheme(ownScheme, origin)) return false
  if (!matchesHost(host, origin.host) || !matchesPort(port, origin)) return false
  // Paths are case-sensitive. A path that ends with a slash matches every path below it.
  const prefix = match[4] === undefined ? '/' : source.slice(match[0].length - match[4].length, match[0].length)
  return path === undefined || (prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix)
}

/** A scheme also matches its secure form. `ws` also matches `http`, with which its handshake starts. */
function matchesScheme(scheme: string, origin: PageOrigin): boolean {
  return scheme === 'http' || scheme === 'ws' || (origin.scheme === 'https' && (scheme === 'https' || scheme === 'wss'))
}

function matchesHost(pattern: string, host: string): boolean {
  if (pattern === '*') return true
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : pattern === host
}

function matchesPort(port: string | undefined, origin: PageOrigin): boolean {
  if (port === '*') return true
  const wanted = port === undefined ? defaultPort(origin.scheme) : Number(port)
  return wanted === origin.port || (wanted === 80 && origin.port === 443 && origin.scheme === 'https')
}

function defaultPort(scheme: PageOrigin['scheme']): number {
  return scheme === 'https' ? 443 : 80
}
