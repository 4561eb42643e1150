import { checkFolders } from '../config/check-folders.ts'
import { quote } from '../config/diagnostic.ts'
import { resolveAddedListener, resolveAddedSite } from '../config/resolve/added.ts'
import type { ListenerOptions } from '../config/value-types.ts'
import type { SiteOptions } from '../config/options/several.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { ServeError } from '../core/serve-error.ts'
import { describeListener, describeSite } from './listening.ts'
import { refuseOwnRoutes } from './server-routes.ts'
import { Site, type SiteHost } from './site.ts'
import type { ListenerAddress, SiteAddress } from './types.ts'

/** What changing the sites and listeners of a server needs. */
export interface SeveralAccess {
  readonly config: ResolvedConfig
  readonly host: SiteHost
  readonly sites: () => readonly Site[]
  /** From now on these sites answer. */
  readonly replace: (sites: readonly Site[]) => void
  /** Keeps a removed site until the server closes: it may have connections to upstreams. */
  readonly retire: (site: Site) => void
}

/** Adds a site. @throws ServeError */
export function addSite(options: SiteOptions, { config, host, sites, replace }: SeveralAccess): SiteAddress {
  const { listeners } = host
  const resolved = resolveAddedSite(options, { ...config, listeners: listeners.all }, sites())
  checkFolders({ ...resolved.config, sites: [{ ...resolved, config: resolved.config }], defaultSite: false })
  refuseOwnRoutes(resolved.config.routes, listeners.bound)
  const site = new Site(resolved, host)
  if (listeners.bound.length > 0) site.live?.start()
  replace([...sites(), site])
  return describeSite(site, listeners.bound)
}

/** Removes a site; exchanges under way are finished. Returns whether there was one. @throws ServeError for the last one */
export function removeSite(name: string, { sites, replace, retire }: SeveralAccess): boolean {
  const site = sites().find((each) => each.name === name)
  if (site === undefined) return false
  if (sites().length === 1) throw last('site', name)
  replace(sites().filter((each) => each !== site))
  if (site.routes.isForwarding) retire(site)
  void site.retire()
  return true
}

/** Adds a listener, and resolves once it is bound. @throws ServeError */
export async function addListener(
  options: ListenerOptions,
  { config, host, sites, replace }: SeveralAccess,
): Promise<ListenerAddress> {
  const { listeners } = host
  if (listeners.bound.length === 0) {
    throw new ServeError('E8008_CONFIG_INVALID', 'A listener can be added once the server listens.', {
      hint: 'call listen() first, or set the option listeners',
    })
  }
  const resolved = resolveAddedListener(options, { ...config, listeners: listeners.all })
  // The sites know it before its first connection comes.
  const bound = await listeners.add(resolved, () => replace(sites()))
  try {
    for (const { routes } of sites()) refuseOwnRoutes(routes.current, [bound])
  } catch (error) {
    await listeners.remove(resolved.name, () => replace(sites()))
    throw error
  }
  replace(sites())
  return describeListener(bound, sites())
}

/**
 * Removes a listener, and resolves once its connections are closed: after the exchanges under way, or `limits.closeMs`.
 *
 * @throws ServeError for the last one
 */
export async function removeListener(name: string, { host, sites, replace }: SeveralAccess): Promise<boolean> {
  const { listeners } = host
  if (!listeners.bound.some(({ config }) => config.name === name)) return false
  if (listeners.bound.length === 1) throw last('listener', name)
  await listeners.remove(name, () => replace(sites()))
  return true
}

function last(what: 'site' | 'listener', name: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', `${quote(name)} is the last ${what} of this server.`, {
    hint: `add another one first, or close the server: server.close()`,
  })
}
