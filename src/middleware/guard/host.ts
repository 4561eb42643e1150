import { ServeError } from '../../core/serve-error.ts'
import { parseAuthority, type Authority } from '../../http/message/authority.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import { isLoopback, unbracketed, unmapped } from '../../core/util/ip.ts'

/** Which names this server answers for. */
export interface HostOptions {
  /** The address or name that is listened on. */
  readonly host: string
  /** Names allowed by the user; `.example.test` covers every name below as well. */
  readonly allowHosts: readonly string[]
  /** Names of this machine, when the local network is served. */
  readonly ownNames: readonly string[]
  /** Hosts of routes; a name that begins with a dot stands for every name below it, without itself. */
  readonly routeHosts?: readonly string[]
}

/** Whether an authority, reached at one of our addresses, is ours. */
export type HostCheck = (authority: Authority, localAddress: string) => boolean

const wildcards = new Set(['0.0.0.0', '::'])

/** The authority in `Host`, parsed once for each spelling. */
export class HostReader {
  readonly #known = new Map<string, Authority>()

  /** @throws ServeError 400 unless there is exactly one valid Host (RFC 9112 section 3.2). */
  read(x: Exchange): Authority {
    const { names, raw } = x.headers
    const at = names.indexOf('host')
    if (at === -1) throw invalid('The request has no Host.')
    if (names.includes('host', at + 1)) throw invalid('The request has two Hosts.')
    const text = raw[2 * at + 1] as string
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const authority = parseAuthority(text)
    if (authority === undefined || authority.hostname === '') throw invalid('The Host is not a valid authority.')
    if (this.#known.size >= 256) this.#known.clear()
    this.#known.set(text, authority)
    return authority
  }
}

function invalid(message: string): ServeError {
  return new ServeError('E8008_HOST_INVALID', message, { close: true })
}

/**
 * Compiles the allow-list that defeats DNS rebinding: a page of `evil.test` whose name was made to
 * point at this machine still says `Host: evil.test`.
 *
 * Names are ours when they are loopback names, were listened on or were allowed. Addresses cannot
 * be rebound, so one is ours when the connection arrived at it, or when every address is listened
 * on by request; the unspecified address never is.
 */
export function createHostCheck(options: HostOptions): HostCheck {
  const listened = unbracketed(options.host.toLowerCase())
  const exact = new Set(['localhost', ...options.ownNames])
  const suffixes = ['.localhost']
  if (!wildcards.has(listened)) exact.add(listened)
  for (const allowed of options.allowHosts) {
    const name = allowed
      .toLowerCase()
      .replace(/\.$/, '')
      .replace(/^\[|\]$/g, '')
    if (name.startsWith('.')) suffixes.push(name)
    exact.add(name.startsWith('.') ? name.slice(1) : name)
  }
  for (const named of options.routeHosts ?? []) {
    if (named.startsWith('.')) suffixes.push(named)
    else exact.add(named)
  }
  const anyAddress = wildcards.has(listened)
  return (authority, localAddress) => {
    const { hostname, kind } = authority
    if (exact.has(hostname)) return true
    if (kind === 'name') return suffixes.some((suffix) => hostname.endsWith(suffix) && hostname.length > suffix.length)
    if (wildcards.has(hostname)) return false
    // A dual-stack socket shows IPv4 addresses as IPv6.
    // The cheapest question first: it is asked for every request.
    return anyAddress || hostname === unmapped(localAddress) || isLoopback(hostname)
  }
}

/** The refusal of a Host that is not ours, with the way to allow it. */
export function hostNotAllowed(authority: Authority): ServeError {
  const name = authority.kind === 'ipv6' ? `[${authority.hostname}]` : authority.hostname
  return new ServeError('E8008_HOST_NOT_ALLOWED', `This server does not answer for ${name}.`, {
    fix: { option: 'allowHost', value: [name] },
  })
}
