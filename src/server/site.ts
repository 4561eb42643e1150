import { isDeepStrictEqual } from 'node:util'
import type { ResolvedRoute } from '../config/route-types.ts'
import type { completeConfig } from '../config/resolve/complete.ts'
import type { ResolvedConfig, ResolvedSite } from '../config/types.ts'
import { createControl, type Control } from '../control/control.ts'
import type { Owner } from '../control/owner-endpoints.ts'
import type { OpenFiles } from '../http/body/open-files.ts'
import type { HostCheck } from '../middleware/guard/guard.ts'
import type { Handler, Layer } from '../http/message/exchange.ts'
import type { Live } from '../live/live.ts'
import type { LiveOptions } from '../live/options.ts'
import { createSiteFolders, type SiteFolders } from '../routes/routes.ts'
import type { Admit } from './access.ts'
import { createAllowedHosts, createSiteHosts } from './allowed-hosts.ts'
import type { Phrase } from './embedder-options.ts'
import type { Events } from './events.ts'
import type { Listeners } from './listeners/listeners.ts'
import { createPipeline } from './pipeline.ts'
import { openFolder, openLive, rootRoute } from './served-folders.ts'
import { refuseOwnRoutes, ServerRoutes } from './server-routes.ts'

/** What the sites of a server share. */
export interface SiteHost {
  readonly events: Events
  readonly openFiles: OpenFiles
  /** Makes the layers of who may use a site. */
  readonly admit: Admit
  /** Resolves the options of routes. */
  readonly resolve: typeof completeConfig
  readonly listeners: Listeners
  /** Words the option that would prevent an error. */
  readonly phrase: Phrase
  /** The layers of the program. */
  readonly layers: () => readonly Layer[]
  readonly live: Pick<LiveOptions, 'claim' | 'isEmbedded' | 'pages' | 'reloadSites'>
  /** What the user may ask for who started the server with the command. */
  readonly owner: Owner | undefined
  /** Called when a site has another pipeline. */
  readonly onChanged: (site: Site) => void
}

/** Every site of a configuration, first that of the options beside `sites`. */
export function sitesOf(config: ResolvedConfig): readonly ResolvedSite[] {
  const others: readonly ResolvedSite[] = config.sites
  return config.defaultSite ? [{ name: 'default', hosts: [], listeners: undefined, config }, ...others] : others
}

/** A site: folders, routes and live reload behind one pipeline. */
export class Site {
  readonly name: string
  readonly hosts: readonly string[]
  /** Names of the listeners on which it answers; undefined for all. */
  readonly listeners: readonly string[] | undefined
  readonly config: ResolvedConfig
  readonly live: Live | undefined
  readonly control: Control | undefined
  readonly routes: ServerRoutes
  readonly #host: SiteHost
  readonly #root: ResolvedRoute
  #folders: SiteFolders
  #handler: Handler

  constructor({ name, hosts, listeners: on, config }: ResolvedSite, host: SiteHost) {
    const { events, listeners } = host
    this.name = name
    this.hosts = hosts
    this.listeners = on
    this.config = config
    this.#host = host
    this.#root = rootRoute(config)
    this.#folders = createSiteFolders([this.#root, ...config.routes])
    const live = openLive({
      ...host.live,
      config,
      events,
      advice: () => this.routes.folder(this.#root).advice(),
      folders: () => this.#folders.all.map(({ folder }) => folder),
      dependenciesOf: (path) => this.#folders.at(path).map(({ route }) => this.routes.folder(route).dependencies(path)),
    })
    this.live = live
    this.control = live && createControl({ base: config.base, live: live.control })
    const secretFiles = [...config.secretFiles]
    this.routes = new ServerRoutes({
      config,
      resolve: host.resolve,
      onWarning: (warning) => events.emit('warning', warning),
      listenerNames: () => listeners.all.map(({ name }) => name),
      root: this.#root,
      openFolder: (route) => openFolder(route, { ...config, secretFiles }, host.openFiles, () => this.#folders),
      rebuild: (routes) => {
        refuseOwnRoutes(routes, listeners.bound)
        // No folder serves the password file of a route that is added.
        secretFiles.push(...routes.flatMap(({ access }) => access?.authFile ?? []))
        this.#handler = this.assemble(host.layers(), routes)
      },
      onChanged: () => {
        host.onChanged(this)
        const before = this.#folders.all
        this.#folders = createSiteFolders([this.#root, ...this.routes.current])
        // Pages may come from another folder now.
        if (!isDeepStrictEqual(before, this.#folders.all)) live?.foldersChanged()
      },
    })
    this.#handler = this.assemble(host.layers())
  }

  /** The pipeline. */
  get handler(): Handler {
    return this.#handler
  }

  /** Replaces the pipeline. */
  set handler(handler: Handler) {
    this.#handler = handler
    this.#host.onChanged(this)
  }

  /** Makes a pipeline with these layers and routes. */
  assemble(layers: readonly Layer[], routes: readonly ResolvedRoute[] = this.routes.current): Handler {
    const { config, live, control } = this
    const { admit, events, listeners, owner, phrase } = this.#host
    return createPipeline({
      config,
      admit,
      isOurs: this.hosts.length > 0 ? createSiteHosts(this.hosts) : this.#anyHost(routes),
      routes,
      root: this.#root,
      forward: (route) => this.routes.forward(route),
      folder: (route) => this.routes.folder(route),
      layers,
      opened: (x) => events.emit('request', x),
      onFault: (error) => events.emit('error', error),
      phrase,
      live,
      control,
      owner,
      ...(listeners.hasTls ? { httpsPorts: () => listeners.portsOf(this.listeners) } : {}),
    })
  }

  /** The check of a site that answers for every name that no other site has. */
  #anyHost(routes: readonly ResolvedRoute[]): HostCheck {
    const { isCertified, all } = this.#host.listeners
    const listeners = all.filter(({ name }) => this.listeners?.includes(name) ?? true)
    return createAllowedHosts({ ...this.config, listeners }, routes, isCertified)
  }

  /** Ends what would not end by itself, such as event streams and WebSockets. */
  async drain(): Promise<void> {
    this.control?.close()
    await this.live?.close()
    this.routes.drain()
  }

  /** Ends live reload. Exchanges under way are finished. */
  async retire(): Promise<void> {
    this.control?.close()
    this.routes.retire()
    await this.live?.close()
  }

  /** Closes connections to upstreams, and empties caches. */
  async close(): Promise<void> {
    await this.routes.close()
  }
}
