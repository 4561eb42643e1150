import { ServeError } from '../../core/serve-error.ts'
import { parseAuthority, type Authority } from '../../http/message/authority.ts'
import type { Exchange, Peer } from '../../http/message/exchange.ts'
import { isLoopback, unbracketed, unmapped } from '../../core/util/ip.ts'

/** The names for which the server answers. */
export interface HostOptions {
  /** The address or name on which the server listens. */
  readonly host: string
  /** Names that the user allows; `.example.test` includes every name below it. */
  readonly allowHosts: readonly string[]
  /** Names of this computer, if the server is shared with the local network. */
  readonly ownNames: readonly string[]
  /** Hosts of routes; a name that begins with a dot means every name below it, but not the name itself. */
  readonly routeHosts?: readonly string[]
}

/** Whether the server answers for an authority on a connection. */
export type HostCheck = (authority: Authority, peer: Peer) => boolean

const wildcards = new Set(['0.0.0.0', '::'])

/** Parses `Host`, once for each spelling. */
export class HostReader {
  readonly #known = new Map<string, Authority>()

  /** @throws ServeError 400 unless there is exactly one valid Host (RFC 9112 section 3.2). */
  read(x: Exchange): Authority {
    const { names, raw } = x.headers
    const at = names.indexOf('host')
    if (at === -1) throw invalid('The request has no Host field.')
    if (names.includes('host', at + 1)) throw invalid('The request has more than one Host field.')
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
 * Compiles the allow-list against DNS rebinding: requests of a page of `evil.test` have `Host: evil.test`, even if that
 * name resolves to this computer.
 *
 * Allowed names are loopback names, the name on which the server listens, and those of the options. Addresses cannot be
 * rebound: one is allowed if the connection arrived at it, or if the server listens on all addresses. The unspecified
 * address is never allowed.
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
  return (authority, { localAddress }) => {
    const { hostname, kind } = authority
    if (exact.has(hostname)) return true
    if (kind === 'name') return suffixes.some((suffix) => hostname.endsWith(suffix) && hostname.length > suffix.length)
    if (wildcards.has(hostname)) return false
    // A dual-stack socket reports IPv4 addresses as IPv6. The cheapest test is first, since it runs for every request.
    return anyAddress || hostname === unmapped(localAddress) || isLoopback(hostname)
  }
}

/** The error for a Host that is not allowed, with the option that allows it. */
export function hostNotAllowed(authority: Authority): ServeError {
  const name = authority.kind === 'ipv6' ? `[${authority.hostname}]` : authority.hostname
  return new ServeError('E8008_HOST_NOT_ALLOWED', `This server does not answer for ${name}.`, {
    fix: { option: 'allowHost', value: [name] },
  })
}
