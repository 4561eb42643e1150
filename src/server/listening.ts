import type { ResolvedConfig } from '../config/types.ts'
import type { Suggestion } from '../core/serve-error.ts'
import type { Warning } from '../core/warning.ts'
import { isBadPort, networkUrls, type Bound } from '../net/net.ts'
import { singleFix, type ProjectAdvice } from '../static/static.ts'
import { formatHost, isLoopback } from '../core/util/ip.ts'
import { printable } from '../core/util/sanitize.ts'
import type { BoundHttps } from './listeners/https-listener.ts'
import type { Listening } from './types.ts'

interface Urls {
  readonly local: readonly string[]
  readonly network: readonly string[]
}

/** Where clients reach a server, from the addresses that it bound. */
export function describeListening(config: ResolvedConfig, plain: Bound, https: BoundHttps | undefined): Listening {
  const { host, socket, redirect } = config
  const { port, addresses, skipped } = plain
  const unsafe = socket === undefined ? urlsOf('http', config, plain) : { local: [`unix:${socket}`], network: [] }
  const secure = https?.bound
  const safe = https === undefined ? none : secureUrls(config, https)
  const urls = redirect === 'always' ? safe : joined(unsafe, safe)
  const url = urls.local[0] ?? ''
  return {
    url,
    urls,
    host,
    port,
    protocol: url.startsWith('https:') ? 'https' : 'http',
    addresses,
    skipped,
    tls: secure === undefined ? undefined : { port: secure.port, addresses: secure.addresses, skipped: secure.skipped },
  }
}

const none: Urls = { local: [], network: [] }

function joined(first: Urls, second: Urls): Urls {
  return { local: [...first.local, ...second.local], network: [...first.network, ...second.network] }
}

function urlsOf(protocol: 'http' | 'https', { host, base }: ResolvedConfig, { port, addresses }: Bound): Urls {
  const shown = port === (protocol === 'http' ? 80 : 443) ? '' : `:${port}`
  return {
    local: [`${protocol}://${localHost(host, addresses)}${shown}${base}`],
    network: addresses.some(isWildcard) ? networkUrls(protocol, port, base) : [],
  }
}

/** Only URLs whose host is in a certificate: for others browsers show a full-page warning. */
function secureUrls(config: ResolvedConfig, { bound, service: { certificates } }: BoundHttps): Urls {
  const { local, network } = urlsOf('https', config, bound)
  const isCovered = (url: string): boolean => certificates.covers(new URL(url).hostname)
  return { local: local.map((url) => (isCovered(url) ? url : renamed(url))), network: network.filter(isCovered) }

  function renamed(url: string): string {
    const host = certificates.firstName ?? bound.addresses.find((address) => certificates.covers(address))
    return host === undefined ? url : url.replace(/^https:\/\/(?:\[[^\]]*\]|[^:/]*)/, `https://${formatHost(host)}`)
  }
}

/** `localhost` where it reaches this server, since people expect it. */
function localHost(host: string, addresses: readonly string[]): string {
  const reached = addresses.some((address) => isWildcard(address) || address === '127.0.0.1' || address === '::1')
  return reached ? 'localhost' : formatHost(host)
}

function isWildcard(address: string): boolean {
  return address === '::' || address === '0.0.0.0'
}

/** The warning that closing cut replies. */
export function cutWarning(replies: number, closeMs: number): Warning {
  const what = replies === 1 ? '1 reply' : `${replies} replies`
  return { code: 'W8008_CUT', message: `Cut ${what} after ${closeMs / 1000} s.` }
}

/** The warning about served files that are seldom meant for clients. */
export function sensitiveFileWarnings(names: readonly string[]): Warning[] {
  const [first, second] = names
  if (first === undefined) return []
  const shown = [first, second].filter((name) => name !== undefined).map((name) => printable(name, 60))
  const more = names.length > 2 ? ` and ${names.length - 2} more` : ''
  return [
    {
      code: 'W8008_TELLING',
      message: `Served as they are: ${shown.join(', ')}${more}; move them elsewhere unless that is meant.`,
    },
  ]
}

/** The warning about the project in the served folder, where it needs a command. */
export function projectWarnings(advice: ProjectAdvice | undefined): Warning[] {
  if (advice?.command === undefined) return []
  return [{ code: 'W8008_PROJECT', message: advice.message, hint: advice.command }]
}

/** The warning that a path of a single-page app is 404. */
export function appWarning(): Warning {
  const message = 'This looks like a single-page app; its addresses are 404 unless its index.html answers them.'
  return { code: 'W8008_PROJECT', message, fix: singleFix }
}

/** The warning that clients are turned away. */
export function fullWarning(connections: number): Warning {
  return {
    code: 'W8008_CONNECTIONS',
    message: `All ${connections} connections are busy; further ones are closed without a reply.`,
    hint: `raise limits.connections (--limit connections=${2 * connections})`,
  }
}

/** Warnings about the addresses and ports of the server. @param hasPassword Whether clients need a password. */
export function listeningWarnings(listening: Listening, hasPassword: boolean): Warning[] {
  // Port 0 means a unix socket: the network does not reach it.
  const addresses = [...(listening.port === 0 ? [] : listening.addresses), ...(listening.tls?.addresses ?? [])]
  const warnings: Warning[] = []
  warnings.push(...badPort(listening.port, { option: 'port', value: 8008 }))
  warnings.push(...badPort(listening.tls?.port ?? 0, { option: 'tlsPort', value: 8443 }))
  if (addresses.some((address) => !isLoopback(address))) {
    warnings.push({
      code: 'W8008_EXPOSED',
      message: hasPassword
        ? 'Everyone on this network can reach this server. Over plain HTTP they can also read the password on its way.'
        : 'Everyone on this network can read what is served.',
      hint: 'leave out host and lan to serve this machine only',
    })
  }
  return warnings
}

function badPort(port: number, fix: Suggestion): Warning[] {
  if (port === 0 || !isBadPort(port)) return []
  return [{ code: 'W8008_BAD_PORT', message: `Browsers refuse to open port ${port}.`, fix }]
}
