import { kindOf } from '../config/kinds/registry.ts'
import { missingPage } from '../config/start-warnings.ts'
import type { ResolvedConfig, ResolvedSite } from '../config/types.ts'
import type { Suggestion } from '../core/serve-error.ts'
import type { Warning } from '../core/warning.ts'
import { isBadPort, networkUrls } from '../net/net.ts'
import { singleFix } from '../static/static.ts'
import { formatHost, isLoopback } from '../core/util/ip.ts'
import { printable } from '../core/util/sanitize.ts'
import type { Events } from './events.ts'
import type { Site } from './site.ts'
import type { BoundListener } from './listeners/bound-listener.ts'
import type { ListenerAddress, Listening, ServerUrls, SiteAddress } from './types.ts'

type Urls = Listening['urls']

/** Where clients reach a server, from the addresses that its listeners bound. */
export function describeListening(
  config: ResolvedConfig,
  bound: readonly BoundListener[],
  sites: readonly ResolvedSite[],
): Listening {
  const listeners = bound.map((each) => describeListener(each, sites))
  const plain = listeners.filter(({ protocol }) => protocol === 'http')
  const secure = listeners.filter(({ protocol }) => protocol === 'https')
  const shown = config.redirect === 'always' ? secure : [...plain, ...secure]
  const urls: Urls = {
    local: shown.flatMap((each) => each.urls.local),
    network: shown.flatMap((each) => each.urls.network),
  }
  const url = urls.local[0] ?? ''
  const { port = 0, addresses = [], skipped = [] } = plain[0] ?? secure[0] ?? {}
  const [tls] = secure
  return {
    url,
    urls,
    host: config.host,
    port,
    protocol: url.startsWith('https:') ? 'https' : 'http',
    addresses,
    skipped,
    tls: tls && { port: tls.port, addresses: tls.addresses, skipped: tls.skipped },
    listeners,
    sites: sites.map((site) => describeSite(site, bound)),
  }
}

/** Where clients reach a server now. */
export function serverUrls(listening: Listening | undefined): ServerUrls {
  const { urls, sites } = listening ?? { urls: { local: [], network: [] }, sites: [] }
  return { ...urls, sites: Object.fromEntries(sites.map((site) => [site.name, site.urls])) }
}

/** Where clients reach one site. */
export function describeSite(site: ResolvedSite, bound: readonly BoundListener[]): SiteAddress {
  const { name, hosts } = site
  return { name, hosts, urls: bound.flatMap((each) => siteUrls(each, site).local) }
}

/** Where clients reach one listener: at the site for every name, else at the first one that it has. */
export function describeListener(listener: BoundListener, sites: readonly ResolvedSite[]): ListenerAddress {
  const { name, socket } = listener.config
  const { port, addresses, skipped } = listener.bound
  const protocol = listener.https === undefined ? 'http' : 'https'
  const here = sites.filter((site) => isOn(site, name))
  const [site] = here.toSorted((one, two) => one.hosts.length - two.hosts.length)
  const urls =
    socket !== undefined
      ? { local: [`unix:${socket}`], network: [] }
      : site === undefined
        ? { local: [], network: [] }
        : siteUrls(listener, site)
  return { name, protocol, port, addresses, skipped, urls }
}

function isOn({ listeners }: ResolvedSite, name: string): boolean {
  return listeners?.includes(name) ?? true
}

/** The URLs of a site on a listener. */
function siteUrls({ config, bound, https }: BoundListener, { hosts, ...site }: ResolvedSite): Urls {
  const { port, addresses } = bound
  if (!isOn({ hosts, ...site }, config.name) || config.socket !== undefined) return { local: [], network: [] }
  const { base } = site.config
  const protocol = https === undefined ? 'http' : 'https'
  const shown = port === (protocol === 'http' ? 80 : 443) ? '' : `:${port}`
  if (hosts.length > 0) {
    const names = hosts.filter((host) => !host.startsWith('.') && https?.certificates.covers(host) !== false)
    return { local: names.map((host) => `${protocol}://${formatHost(host)}${shown}${base}`), network: [] }
  }
  const local = `${protocol}://${localHost(config.host, addresses)}${shown}${base}`
  const network = addresses.some(isWildcard) ? networkUrls(protocol, port, base) : []
  if (https === undefined) return { local: [local], network }
  // Only URLs whose host is in a certificate: for others browsers show a full-page warning.
  const { certificates } = https
  const isCovered = (url: string): boolean => certificates.covers(new URL(url).hostname)
  return { local: [isCovered(local) ? local : renamed(local)], network: network.filter(isCovered) }

  function renamed(url: string): string {
    const host = certificates.firstName ?? addresses.find((address) => certificates.covers(address))
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

/** What the person who started a server should know of its addresses, routes and folders. */
export function warningsAtStart(listening: Listening, sites: readonly Site[]): Warning[] {
  const folders = sites.flatMap(({ routes }) => routes.folders)
  return [
    ...listeningWarnings(
      listening,
      sites.map(({ config }) => config),
    ),
    ...sites.flatMap(({ config, routes }) => [...missingPage(config), ...routes.announce()]),
    ...sensitiveFileWarnings(folders.flatMap((folder) => folder.sensitiveFiles())),
  ]
}

/** The warning about served files that are seldom meant for clients. */
function sensitiveFileWarnings(names: readonly string[]): Warning[] {
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

/** Milliseconds after the start at which the folder is read for advice on its project. */
const adviseMs = 100

/** Warns about what the served project needs. Delayed, since reading the folder would slow down the first reply. */
export function adviseSoon({ routes }: Pick<Site, 'routes'>, events: Events): void {
  // A proxy at `/` serves another program's pages.
  const isElsewhere = routes.current.some(
    ({ match, action }) => kindOf(action).isForwarded && match.path === '/' && match.host === undefined,
  )
  if (isElsewhere) return
  let isClosed = false
  const timer = setTimeout(() => {
    void Promise.resolve(routes.folders[0]?.advice()).then((advice) => {
      if (isClosed || advice?.command === undefined) return
      events.emit('warning', { code: 'W8008_PROJECT', message: advice.message, hint: advice.command })
    })
  }, adviseMs).unref()
  events.on('close', () => {
    isClosed = true
    clearTimeout(timer)
  })
}

/** The name that the network is told, and what is announced; empty where nothing is. */
export async function announcedBy(
  { advertise }: Pick<ResolvedConfig, 'advertise'>,
  { listeners }: Listening,
): Promise<readonly string[]> {
  if (advertise === undefined) return []
  const bound = listeners.map((each) => ({ config: { tls: each.protocol === 'https' }, bound: each }))
  return (await import('../advertise/advertise.ts')).announcedServices(advertise, bound)
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

/** Warnings about the addresses and ports of the server. @param sites Those of the sites. */
export function listeningWarnings(
  { listeners }: Listening,
  sites: readonly Pick<ResolvedConfig, 'auth' | 'authFile' | 'allow'>[],
): Warning[] {
  // Port 0 means a unix socket: the network does not reach it.
  const open = listeners.filter(({ port, addresses }) => port !== 0 && !addresses.every(isLoopback))
  const warnings = listeners.flatMap(({ port, protocol }) =>
    badPort(port, protocol === 'http' ? { option: 'port', value: 8008 } : { option: 'tlsPort', value: 8443 }),
  )
  if (open.length > 0) {
    const hasPassword = sites.every(({ auth, authFile }) => (auth ?? authFile) !== undefined)
    const isLimited = sites.every(({ allow }) => allow !== undefined)
    const isPlain = open.some(({ protocol }) => protocol === 'http')
    const who = isLimited ? 'Clients on this network that the option allow names' : 'Everyone on this network'
    warnings.push({
      code: 'W8008_EXPOSED',
      message: hasPassword
        ? `${who} can reach this server.${isPlain ? ' Over plain HTTP the password can be read on its way.' : ''}`
        : `${who} can read what is served.`,
      hint: 'leave out lan, and each host that others reach, to serve this machine only',
    })
  }
  return warnings
}

function badPort(port: number, fix: Suggestion): Warning[] {
  if (port === 0 || !isBadPort(port)) return []
  return [{ code: 'W8008_BAD_PORT', message: `Browsers refuse to open port ${port}.`, fix }]
}
