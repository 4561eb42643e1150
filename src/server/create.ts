import { checkFolders } from '../config/check-folders.ts'
import { publicConfig } from '../config/public-config.ts'
import type { ServerConfig } from '../config/server-config.ts'
import { isCleartextHttp2, type completeConfig } from '../config/resolve/complete.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { ServeError } from '../core/serve-error.ts'
import { createWorkerReport } from '../middleware/stale-worker.ts'
import { createAdapter, type Adapter } from '../http/h1/server.ts'
import type { Exchange, Handler, Layer } from '../http/message/exchange.ts'
import type { Reply, Sent } from '../http/message/reply.ts'
import { accessRecord, createAccessLog, createFollowers, isAside, type Followers } from '../inspect/inspect.ts'
import type { Recording } from '../inspect/types.ts'
import { OpenFiles } from '../http/body/open-files.ts'
import { createAdmit } from './access.ts'
import { Site, sitesOf, type SiteHost } from './site.ts'
import { chooseSite, mountOfSocket, reloadSites, shareCache } from './sites.ts'
import { createRefusal } from './pipeline.ts'
import { createOwnedDashboard, isForDashboard, type OwnedDashboard } from './owned-dashboard.ts'
import type { ResolvedRoute } from '../config/route-types.ts'
import type { ShownError, Update } from '../live/types.ts'
import { certificateHosts } from './allowed-hosts.ts'
import { errorReply, guardedPhrase, programPhrase } from './error-boundary.ts'
import { Events } from './events.ts'
import { Listeners } from './listeners/listeners.ts'
import {
  adviseSoon,
  appWarning,
  cutWarning,
  describeListening,
  fullWarning,
  serverUrls,
  warningsAtStart,
} from './listening.ts'
import { logOptions, type ProgramOptions, type ServerUse } from './embedder-options.ts'
import type { PluginAccess, PluginHost } from './plugins.ts'
import { checkResponse, checkUpgrade } from './handler-arguments.ts'
import { createServerFetch, type ServerFetch } from './server-fetch.ts'
import { refuseOwnRoutes } from './server-routes.ts'
import { createListenerControl, createSiteControl } from './several-control.ts'
import type {
  ListenerControl,
  Listening,
  RequestListener,
  RouteControl,
  Server8008,
  ServerEvents,
  ServerUrls,
  SiteControl,
} from './types.ts'

/**
 * Makes a server from a resolved configuration, without its plugins.
 *
 * @internal
 */
export function createServerFrom(
  config: ResolvedConfig,
  program: ProgramOptions,
  resolve: typeof completeConfig,
  use: ServerUse = {},
): Server8008 {
  return new Serve8008(config, program, resolve, use)
}

/**
 * The host of the plugins of a server, which is made when it is asked for first: few servers have plugins.
 *
 * @internal
 */
export function pluginHost(server: Server8008, create: (access: PluginAccess) => PluginHost): PluginHost {
  return Serve8008.pluginHost(server as Serve8008, create)
}

function closedError(message: string): ServeError {
  return new ServeError('E8008_CLOSED', message, { hint: 'make a new server: createServer(options)' })
}

class Serve8008 implements Server8008 {
  readonly config: ServerConfig
  readonly sites: SiteControl
  readonly listeners: ListenerControl
  readonly handler: RequestListener
  readonly upgrade: Server8008['upgrade']
  readonly fetch: Server8008['fetch']
  readonly tryFetch: Server8008['tryFetch']
  readonly #config: ResolvedConfig
  readonly #events = new Events()
  readonly #layers: Layer[] = []
  readonly #listeners: Listeners
  #sites: readonly Site[] = []
  /** Removed sites that may have connections to upstreams. */
  readonly #retired: Site[] = []
  readonly #siteHost: SiteHost
  readonly #refuse: Handler
  /** Undefined where no user has started the server with the command. */
  readonly #dashboard: OwnedDashboard | undefined
  readonly #adapter: Adapter
  readonly #log: ReturnType<typeof createAccessLog> | undefined
  readonly #followers: Followers
  readonly #reportWorker = createWorkerReport((warning) => this.#events.emit('warning', warning))
  readonly #optionWarnings: ServerUse['warnings']
  readonly #fetch: ServerFetch
  #plugins: PluginHost | undefined
  #pipeline: Handler
  /** Requests wait for it. */
  #held: Promise<void> | undefined
  #starting: Promise<Listening> | undefined
  #listening: Listening | undefined
  #closing: Promise<void> | undefined

  constructor(config: ResolvedConfig, program: ProgramOptions, resolve: typeof completeConfig, use: ServerUse) {
    const { isEmbedded = false, owner, warnings } = use
    this.#optionWarnings = warnings
    this.config = publicConfig(config)
    this.#config = config
    const guard = (write: () => void): void => this.#events.guard('The function "write"', write)
    this.#log = config.log === 'none' ? undefined : createAccessLog(logOptions(config, program, guard))
    const followers = (this.#followers = createFollowers(config.limits))
    this.#adapter = createAdapter({
      handler: (x) => {
        followers.begin(x)
        return this.#handle(x)
      },
      limits: config.limits,
      isShared: () => this.#layers.length === 0,
      onFull: () => this.#events.warnOnce(fullWarning(config.limits.connections)),
      refuse: (error) => errorReply(error, undefined),
      onFault: (error) => this.#events.emit('error', error),
      done: (x, reply, sent) => {
        followers.end(x, reply, sent)
        // A client requested a path of a single-page app that only the option `single` would serve.
        if (x.notes.missesApp === true) this.#events.warnOnce(appWarning())
        if (x.notes.staleWorker === true) this.#reportWorker(x.target.path)
        if (x.notes.own === true && reply.status < 400) return
        if (this.#log !== undefined || this.#events.has('reply')) this.#record(x, reply, sent)
      },
    })
    this.#listeners = new Listeners({
      config,
      adapter: this.#adapter,
      authorityFolder: program.authorityFolder,
      hosts: () => certificateHosts({ ...config, listeners: this.#listeners.all }, this.#named()),
      onWarning: (warning) => this.#events.emit('warning', warning),
      onReplaced: (files) => this.#events.emit('certificate', files),
    })
    const phrase = guardedPhrase(program.phrase ?? programPhrase, this.#events)
    this.#siteHost = {
      events: this.#events,
      resolve,
      openFiles: new OpenFiles(config.limits.openFiles),
      admit: createAdmit(config, this.#events),
      listeners: this.#listeners,
      phrase,
      layers: () => this.#layers,
      live: {
        isEmbedded,
        claim: (paths) => this.#plugins?.change(paths),
        pages: { open: 0, most: config.limits.livePages },
        reloadSites: (paths) => reloadSites(this.#sites, paths),
      },
      owner: owner && {
        token: () => owner.token,
        stream: followers.stream,
        dashboard: () => (this.#dashboard as OwnedDashboard).link(),
      },
      onChanged: () => this.#change(),
    }
    const guarded = {
      config,
      opened: (x: Exchange) => this.#events.emit('request', x),
      onFault: (error: ServeError) => this.#events.emit('error', error),
      phrase,
    }
    this.#refuse = createRefusal(guarded)
    this.#dashboard =
      owner &&
      createOwnedDashboard(guarded, {
        stream: followers.stream,
        sites: () => this.#sites,
        urls: () => this.urls,
        reload: () => reloadSites(this.#sites, undefined).pages,
      })
    this.#sites = sitesOf(config).map((each) => new Site(each, this.#siteHost))
    this.#pipeline = this.#choose()
    shareCache(this.#config, this.#sites)
    const access = {
      ...{ config, host: this.#siteHost, sites: () => this.#sites },
      replace: (sites: readonly Site[]) => this.#replace(sites),
      retire: (site: Site) => void this.#retired.push(site),
    }
    this.sites = createSiteControl(access, () => this.#refuseClosed())
    this.listeners = createListenerControl(access, () => this.#refuseClosed())
    this.#fetch = createServerFetch((x) => this.#handle(x), config.limits.bodyBytes)
    this.fetch = this.#fetch.fetch
    this.tryFetch = this.#fetch.tryFetch
    const { handle, upgrade } = this.#adapter
    this.handler = (request, response, next) => {
      checkResponse(response)
      handle(request, response, next)
    }
    this.upgrade = (request, socket, head) => {
      checkUpgrade(request, socket)
      upgrade(request, socket, head, mountOfSocket(this.#sites, request.url))
    }
    const { signal } = program
    if (signal?.aborted === true) this.#closing = Promise.resolve()
    else signal?.addEventListener('abort', () => void this.close(), { once: true })
  }

  get routes(): RouteControl {
    return this.#main.routes
  }

  get url(): string | undefined {
    return this.#listening?.url
  }

  get urls(): ServerUrls {
    return serverUrls(this.#listening)
  }

  get port(): number | undefined {
    return this.#listening?.port
  }

  get tlsPort(): number | undefined {
    return this.#listening?.tls?.port
  }

  async listen(...given: readonly unknown[]): Promise<Listening> {
    if (given.length > 0) (await import('./check-arguments.ts')).refuseArguments(given)
    this.#refuseClosed()
    this.#starting ??= this.#start()
    try {
      return await this.#starting
    } catch (error) {
      this.#starting = undefined
      throw error
    }
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw closedError('The server was closed.')
  }

  async #start(): Promise<Listening> {
    await this.#plugins?.ready
    checkFolders(this.#config)
    // Before the first address is bound: pages that reconnect must find live reload.
    for (const { live } of this.#sites) live?.start()
    try {
      await this.#listeners.start()
      if (this.#closing !== undefined) throw closedError('The server was closed while it started.')
      for (const { routes } of this.#sites) refuseOwnRoutes(routes.current, this.#listeners.bound)
    } catch (error) {
      for (const { live } of this.#sites) live?.stop()
      await this.#listeners.abandon()
      throw error
    }
    const listening = describeListening(this.#config, this.#listeners.bound, this.#sites)
    this.#listening = listening
    // Routes may have been added before the start.
    this.#change()
    this.#events.emit('listening', listening)
    const warnings = [...warningsAtStart(listening, this.#sites), ...((await this.#optionWarnings?.()) ?? [])]
    for (const warning of warnings) this.#events.emit('warning', warning)
    adviseSoon(this.#main, this.#events)
    return listening
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop()
    return this.#closing
  }

  async #stop(): Promise<void> {
    // A start under way sees `#closing` and frees its port; only then are the ports free.
    await this.#starting?.catch(() => {})
    const sites = [...this.#sites, ...this.#retired]
    this.#followers.endStreams()
    // From now on each reply ends its connection.
    this.#adapter.drain()
    await Promise.all(sites.map((site) => site.drain()))
    const cut = await this.#listeners.stop()
    // After the replies under way: upstreams still send them.
    await Promise.all(sites.map((site) => site.close()))
    await this.#fetch.close()
    await this.#plugins?.close()
    this.#followers.close()
    this.#log?.flush()
    this.#listening = undefined
    if (cut > 0) this.#events.emit('warning', cutWarning(cut, this.#config.limits.closeMs))
    this.#events.emit('close')
  }

  get token(): string | undefined {
    return this.#main.control?.token
  }

  async reload(paths?: readonly string[]): Promise<Update> {
    return reloadSites(this.#sites, paths)
  }

  async record(...given: readonly unknown[]): Promise<Recording> {
    if (given.length > 0) (await import('./check-arguments.ts')).refuseRecordArguments(given)
    this.#refuseClosed()
    return this.#followers.record()
  }

  notify(message: string): void {
    for (const { live } of this.#sites) live?.notify(message)
  }

  showError(error?: ShownError): void {
    for (const { live } of this.#sites) live?.showError(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  use(layer: Layer): Server8008 {
    const layers = [...this.#layers, layer]
    const handlers = this.#sites.map((site) => site.assemble(layers))
    this.#layers.push(layer)
    this.#sites.forEach((site, i) => (site.handler = handlers[i] as Handler))
    return this
  }

  on<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): Server8008 {
    this.#events.on(name, listener)
    return this
  }

  off<Name extends keyof ServerEvents>(name: Name, listener: (...args: ServerEvents[Name]) => void): Server8008 {
    this.#events.off(name, listener)
    return this
  }

  static pluginHost(server: Serve8008, create: (access: PluginAccess) => PluginHost): PluginHost {
    server.#plugins ??= create({
      server,
      removeLayers: (removed) => {
        server.#layers.splice(0, Infinity, ...server.#layers.filter((layer) => !removed.includes(layer)))
        for (const site of server.#sites) site.handler = site.assemble(server.#layers)
      },
      hold: (until) => void (server.#held = until),
      report: (error) => server.#events.emit('error', error),
    })
    return server.#plugins
  }

  #handle(x: Exchange): Reply | Promise<Reply> {
    if (this.#dashboard !== undefined && isForDashboard(x)) return this.#dashboard.handle(x)
    return this.#held === undefined ? this.#pipeline(x) : this.#held.then(() => this.#pipeline(x))
  }

  /** The default site, else the first one. */
  get #main(): Site {
    return this.#sites[0] as Site
  }

  /** Names and routes of the sites, for certificates. */
  #named(): { hosts: readonly string[]; routes: readonly ResolvedRoute[] }[] {
    return this.#sites.map(({ hosts, routes }) => ({ hosts, routes: routes.current }))
  }

  /** From now on these sites answer, on the current listeners. */
  #replace(sites: readonly Site[]): void {
    this.#sites = sites
    for (const site of sites) site.handler = site.assemble(this.#layers)
    const { bound } = this.#listeners
    if (this.#listening !== undefined) this.#listening = describeListening(this.#config, bound, sites)
  }

  #choose(): Handler {
    const names = this.#listeners.all.map(({ name }) => name)
    return chooseSite(this.#sites, names, this.#refuse)
  }

  /** Follows the pipelines of the sites. */
  #change(): void {
    this.#pipeline = this.#choose()
    shareCache(this.#config, this.#sites)
    this.#listeners.certify()
    const isClear = this.#sites.some(({ routes }) => routes.current.some(isCleartextHttp2))
    if (this.#config.h2cFollows && isClear) this.#listeners.takeHttp2()
  }

  #record(x: Exchange, reply: Reply, sent: Sent): void {
    const entry = accessRecord(x, reply, sent)
    if (this.#config.log !== 'pretty' || !isAside(x, reply)) this.#log?.log(entry)
    this.#events.emit('reply', entry)
  }
}
