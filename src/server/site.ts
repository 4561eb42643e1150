import type { ResolvedRoute } from '../config/route-types.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { createControl, type Control } from '../control/control.ts'
import type { OpenFiles } from '../http/body/open-files.ts'
import type { Handler, Layer } from '../http/message/exchange.ts'
import type { Live } from '../live/live.ts'
import type { LiveOptions } from '../live/options.ts'
import { createAllowedHosts } from './allowed-hosts.ts'
import type { Phrase } from './embedder-options.ts'
import type { Events } from './events.ts'
import type { Listeners } from './listeners/listeners.ts'
import { createPipeline } from './pipeline.ts'
import { openFolders, openLive, type OpenFolder } from './served-folders.ts'
import { refuseOwnRoutes, ServerRoutes } from './server-routes.ts'

/** What the sites of a server share. */
export interface SiteHost {
  readonly events: Events
  readonly openFiles: OpenFiles
  readonly listeners: Listeners
  /** Words the option that would prevent an error. */
  readonly phrase: Phrase
  /** The layers of the program. */
  readonly layers: () => readonly Layer[]
  /** Offers changed files to plugins. */
  readonly claim: LiveOptions['claim']
  /** Called when a site has another pipeline. */
  readonly onChanged: (site: Site) => void
}

/** A site: folders, routes and live reload behind one pipeline. */
export class Site {
  readonly config: ResolvedConfig
  readonly folders: readonly OpenFolder[]
  readonly live: Live | undefined
  readonly control: Control | undefined
  readonly routes: ServerRoutes
  readonly #host: SiteHost
  #handler: Handler

  constructor(config: ResolvedConfig, host: SiteHost) {
    const { events, listeners } = host
    this.config = config
    this.#host = host
    this.folders = openFolders(config, host.openFiles)
    const live = openLive(config, this.folders, events, host.claim)
    this.live = live
    this.control = live && createControl({ base: config.base, live: live.control })
    this.routes = new ServerRoutes({
      config,
      onWarning: (warning) => events.emit('warning', warning),
      rebuild: (routes) => {
        refuseOwnRoutes(routes, listeners.bound)
        this.#handler = this.assemble(host.layers(), routes)
      },
      onChanged: () => host.onChanged(this),
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
    const { events, listeners, phrase } = this.#host
    return createPipeline(
      {
        config,
        isOurs: createAllowedHosts(config, routes, listeners.isCertified),
        routes,
        forward: (route) => this.routes.forward(route),
        layers,
        opened: (x) => events.emit('request', x),
        onFault: (error) => events.emit('error', error),
        phrase,
        live,
        control,
        ...(config.tls === undefined ? {} : { httpsPorts: () => listeners.securePorts }),
      },
      this.folders,
    )
  }

  /** Ends what would not end by itself, such as event streams and WebSockets. */
  async drain(): Promise<void> {
    this.control?.close()
    await this.live?.close()
    this.routes.drain()
  }

  /** Closes connections to upstreams, and empties caches. */
  async close(): Promise<void> {
    await this.routes.close()
    for (const { files } of this.folders) files.close()
  }
}
