import type { HeaderList } from '../../http/message/headers.ts'
import { isOwnPolicy } from '../../pages/template.ts'
import type { Exchange } from '../../http/message/exchange.ts'

/** The directives of a Content-Security-Policy: names in lower case, each with its sources. */
export type Policy = ReadonlyMap<string, readonly string[]>

/** What the policies of a page mean for the client of live reload. */
export interface PolicyVerdict {
  /** Whether the script may run, so that it makes sense to put it in. */
  readonly isAllowed: boolean
  /** Nonce that the script has to carry. */
  readonly nonce: string | undefined
  /** What the policies lack, in words; undefined when nothing is to be said. */
  readonly missing: string | undefined
}

/** Parses the value of the field, or of a `<meta>`: policies with commas between them. */
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
    // The first of a name counts (CSP Level 3 section 2.2.1).
    if (key !== '' && !policy.has(key)) policy.set(key, sources)
  }
  return policy
}

/** The policies that a reply enforces; those that only report are no obstacle. */
export function policiesOf(headers: HeaderList): Policy[] {
  const policies: Policy[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if (isPolicyField(headers[i] as string)) policies.push(...parsePolicies(headers[i + 1] as string))
  }
  return policies
}

/**
 * A copy in which the policies of our own pages, which allow next to nothing, allow the script by a nonce and its
 * connections. The same list when it has none.
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

/** Judges the policies of a page, all of which have to agree. @param script Path of the script. */
export function judgePolicies(policies: readonly Policy[], origin: PageOrigin, script: string): PolicyVerdict {
  const nonces = [undefined, ...policies.flatMap((policy) => noncesOf(scriptRule(policy)?.sources ?? []))]
  // A nonce is never in the way, and where the policy knows one it may be the only thing that counts.
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

/** Whether a policy of the header section takes scripts, or the page's origin, away: nothing could be reloaded. */
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

/** Only what may stand in an attribute as it is: it is copied into the page. */
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

/** Under `'strict-dynamic'` hosts mean nothing. */
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
  /** Empty where it is not known. */
  readonly host: string
  readonly port: number
}

/** The origin that a browser gives to the page of an exchange. */
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
 * Whether a source of a Content-Security-Policy matches an address of a page's own origin (CSP Level 3 section 6.7.2).
 *
 * @param path Path of the address; undefined for any.
 */
export function matchesOwnOrigin(source: string, origin: PageOrigin, path: string | undefined): boolean {
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
  // Paths are told apart by case, and one that ends with a slash stands for all below it.
  const prefix = match[4] === undefined ? '/' : source.slice(match[0].length - match[4].length, match[0].length)
  return path === undefined || (prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix)
}

/** A source also matches the secure form of its scheme, and `ws` the http that it begins with. */
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
