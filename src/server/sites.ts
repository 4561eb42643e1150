import { parseAuthority } from '../http/message/authority.ts'
import type { Exchange, Handler, Peer } from '../http/message/exchange.ts'
import type { RequestHeaders } from '../http/message/headers.ts'
import { noUpdate } from '../live/live.ts'
import type { Update } from '../live/types.ts'
import type { ResolvedConfig } from '../config/types.ts'
import type { Site } from './site.ts'

/** Most spellings of `Host` that are remembered for a listener. */
const mostSpellings = 256

/** What decides which site answers. */
interface Place {
  readonly hosts: readonly string[]
  readonly listeners: readonly string[] | undefined
}

/** The sites of one listener. */
interface HostTable<Each> {
  /** By name; undefined for a name that is only answered on other listeners. */
  readonly exact: ReadonlyMap<string, Each | undefined>
  /** Suffixes, the longest first. */
  readonly below: readonly (readonly [suffix: string, site: Each | undefined])[]
  /** Answers for all other names. */
  readonly rest: Each | undefined
  /** By `Host` as it was received. */
  readonly known: Map<string, Each | undefined>
}

/**
 * Chooses the site of each exchange by its listener and its `Host`. The guard of the site checks both again. A name that only
 * other listeners answer is refused, also where the default site would take it.
 *
 * @param refuse answers where no site does
 */
export function chooseSite(sites: readonly Site[], listeners: readonly string[], refuse: Handler): Handler {
  const [only] = sites
  if (sites.length === 1 && only !== undefined && only.hosts.length === 0 && only.listeners === undefined) {
    return only.handler
  }
  const siteOf = createSiteFinder(sites, listeners)
  return (x) => {
    const site = siteOf(x)
    if (site === undefined) {
      const reply = refuse(x)
      // Only in the log: a stranger must not learn the names of other listeners, nor which names they have.
      if (x.notes.refusal === 'E8008_HOST_NOT_ALLOWED') x.notes.remark = whyRefused(siteOf, listeners, x.headers)
      return reply
    }
    if (sites.length > 1 && (site.hosts.length > 0 || site.listeners !== undefined)) x.notes.site = site.name
    return site.handler(x)
  }
}

/** Finds the site that answers an exchange. */
type SiteFinder<Each> = (x: Pick<Exchange, 'headers'> & { readonly peer: Pick<Peer, 'listener'> }) => Each | undefined

/** Why no site takes a name, for the user of the server. The option `allowHost`, which the page suggests, would not help. */
export function whyRefused(siteOf: SiteFinder<Place>, listeners: readonly string[], headers: RequestHeaders): string {
  const names = listeners.filter((listener) => (siteOf({ headers, peer: { listener } })?.hosts.length ?? 0) > 0)
  return names.length > 0 ? `served on ${names.join(', ')} only` : 'no site here has this name'
}

/** Compiles which site answers an exchange; undefined where none does. */
export function createSiteFinder<Each extends Place>(
  sites: readonly Each[],
  listeners: readonly string[],
): SiteFinder<Each> {
  const tables = new Map(listeners.map((name) => [name, tableOf(sites, name)]))
  // Connections of embedding programs.
  const other = tableOf(sites, undefined)
  return ({ headers, peer: { listener } }) =>
    siteOf((listener === undefined ? undefined : tables.get(listener)) ?? other, headers)
}

/** @param listener undefined for any listener */
function tableOf<Each extends Place>(sites: readonly Each[], listener: string | undefined): HostTable<Each> {
  const isHere = (site: Each): boolean => listener === undefined || (site.listeners?.includes(listener) ?? true)
  const exact = new Map<string, Each | undefined>()
  // Sites of other listeners are written first, so those of this one replace them.
  for (const site of sites.toSorted((one, two) => Number(isHere(one)) - Number(isHere(two)))) {
    for (const host of site.hosts) exact.set(host, isHere(site) ? site : undefined)
  }
  const general = sites.filter((site) => site.hosts.length === 0 && isHere(site))
  return {
    exact,
    below: [...exact].filter(([host]) => host.startsWith('.')).toSorted(([one], [two]) => two.length - one.length),
    rest: general.find((site) => site.listeners !== undefined) ?? general[0],
    known: new Map(),
  }
}

function siteOf<Each>(table: HostTable<Each>, { names, raw }: RequestHeaders): Each | undefined {
  const at = names.indexOf('host')
  // The guard refuses it.
  if (at === -1) return table.rest
  const text = raw[2 * at + 1] as string
  const known = table.known.get(text)
  if (known !== undefined || table.known.has(text)) return known
  const site = find(table, text)
  if (table.known.size >= mostSpellings) table.known.clear()
  table.known.set(text, site)
  return site
}

function find<Each>({ exact, below, rest }: HostTable<Each>, host: string): Each | undefined {
  const authority = parseAuthority(host)
  if (authority === undefined || authority.hostname === '') return rest
  const { hostname, kind } = authority
  if (exact.has(hostname)) return exact.get(hostname)
  const suffix =
    kind === 'name' ? below.find(([each]) => hostname.endsWith(each) && hostname.length > each.length) : undefined
  return suffix === undefined ? rest : suffix[1]
}

/** Divides the memory for the content of files: the limit is for the whole server. */
export function shareCache({ limits }: Pick<ResolvedConfig, 'limits'>, sites: readonly Site[]): void {
  const folders = sites.flatMap(({ routes }) => routes.folders)
  for (const folder of folders) folder.resize(Math.floor(limits.cacheBytes / folders.length))
}

/** The mount of the WebSocket of a page that an embedding program serves; empty for every other URL, and at the top. */
export function mountOfSocket(sites: readonly Site[], url = ''): string {
  return sites.map(({ control }) => control?.mountOf(url) ?? '').find((mount) => mount !== '') ?? ''
}

/** Updates the open pages of every site. */
export function reloadSites(sites: readonly Site[], paths: readonly string[] | undefined): Update {
  const updates = sites.flatMap(({ live }) => live?.reload(paths) ?? [])
  const [first = noUpdate(paths)] = updates
  const pages = updates.reduce((sum, each) => sum + each.pages, 0)
  return { ...first, pages, ms: Math.max(first.ms, ...updates.map(({ ms }) => ms)) }
}
