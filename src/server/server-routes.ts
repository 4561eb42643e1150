import { isDeepStrictEqual } from 'node:util'
import { isPlainObject } from '../config/plain-object.ts'
import { quote } from '../config/diagnostic.ts'
import type { completeConfig, CompleteContext } from '../config/resolve/complete.ts'
import { kindOf } from '../config/kinds/registry.ts'
import { publicRoute } from '../config/public-config.ts'
import { routeId } from '../config/route-id.ts'
import { checkRouteFolders } from '../config/check-folders.ts'
import { routeWarnings } from '../config/start-warnings.ts'
import type { ResolvedRoute, RouteOptions } from '../config/route-types.ts'
import type { ResolvedConfig, ServeOptions } from '../config/types.ts'
import { ServeError } from '../core/serve-error.ts'
import type { Exchange, Handler } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import type { StaticFolder } from '../static/static.ts'
import { createProxy, type Proxy, type RouteProxy } from '../proxy/proxy.ts'
import type { Warning } from '../core/warning.ts'
import type { BoundListener } from './listeners/bound-listener.ts'
import type { RouteControl } from './types.ts'
import { findOwnUpstream } from '../config/resolve/own-upstream.ts'

/** What {@link ServerRoutes} needs. */
export interface ServerRoutesOptions {
  readonly config: ResolvedConfig
  /** Resolves the options of routes. */
  readonly resolve: typeof completeConfig
  readonly onWarning: (warning: Warning) => void
  /** Names of the listeners, for routes that name one. */
  readonly listenerNames: () => readonly string[]
  /** The route of the served folder, which is in no list. */
  readonly root: ResolvedRoute
  /** Opens the folder of a route. */
  readonly openFolder: (route: ResolvedRoute) => StaticFolder
  /** Makes a new pipeline with these routes. Throws where that fails, and the old one stays. */
  readonly rebuild: (routes: readonly ResolvedRoute[]) => void
  /** Called when the routes have changed. */
  readonly onChanged: () => void
}

/** What a route keeps open: connections to upstreams, or a folder with its cache. */
type Opened = RouteProxy | StaticFolder

/** The routes of a server, which may change while it runs; a request under way keeps its handler. */
export class ServerRoutes implements RouteControl {
  readonly #options: ServerRoutesOptions
  /** What routes keep open, by their ids. */
  #opened = new Map<string, Opened>()
  #proxy: Proxy | undefined
  #routes: readonly ResolvedRoute[]
  /** Whether warnings about routes are emitted: once the server listens. */
  #isAnnounced = false

  constructor(options: ServerRoutesOptions) {
    this.#options = options
    this.#routes = options.config.routes
  }

  add(route: RouteOptions): string {
    const [resolved] = this.#resolve({ routes: [route] }, { keyNames: new Map([['routes.0', 'route']]) })
    const { match, action } = resolved as ResolvedRoute
    const known = new Map(this.#routes.map((each) => [each.id, each]))
    const id = route.id ?? routeId(match, known)
    // A folder stands behind another route of the same match.
    const isRival = (each: ResolvedRoute): boolean =>
      isDeepStrictEqual(each.match, match) && kindOf(each.action).isFolder === kindOf(action).isFolder
    const rival = known.get(id) ?? this.#routes.find(isRival)
    if (rival !== undefined) {
      throw new ServeError('E8008_CONFIG_INVALID', `There is a route ${quote(rival.id)} already.`, {
        hint: `remove it first: server.routes.remove(${quote(rival.id)})`,
      })
    }
    this.#apply([...this.#routes, Object.freeze({ ...(resolved as ResolvedRoute), id })])
    return id
  }

  remove(id: string): boolean {
    if (typeof id !== 'string') {
      throw new ServeError('E8008_CONFIG_INVALID', `remove() takes the id of a route, and got ${quote(id)}.`, {
        hint: 'server.routes.list() has them',
      })
    }
    const kept = this.#routes.filter((route) => route.id !== id)
    if (kept.length === this.#routes.length) return false
    this.#apply(kept)
    return true
  }

  replace(options: Pick<ServeOptions, 'proxy' | 'routes' | 'mounts'>): void {
    this.#apply(this.#resolve(options))
  }

  list(): readonly ResolvedRoute[] {
    return this.#routes.map(publicRoute)
  }

  /** The routes with their credentials, for the pipeline. */
  get current(): readonly ResolvedRoute[] {
    return this.#routes
  }

  /** The handler of a route that forwards. */
  forward(route: ResolvedRoute): Handler {
    return this.#open(route, () => this.#connect(route)).handle
  }

  /** The folder of a route that serves one. */
  folder(route: ResolvedRoute): StaticFolder {
    return this.#open(route, () => this.#options.openFolder(route)) as StaticFolder
  }

  /** The open folders, the served one first. */
  get folders(): StaticFolder[] {
    return [...this.#opened.values()].filter((opened) => 'advice' in opened)
  }

  /** The warnings about routes. From now on those about routes that are added or changed are emitted. */
  announce(): Warning[] {
    this.#isAnnounced = true
    return this.#routes.flatMap(routeWarnings)
  }

  /** Ends forwarded exchanges that would not end by themselves, such as WebSockets. */
  drain(): void {
    this.#proxy?.drain()
  }

  /** Empties caches, and closes idle connections to upstreams, the others after their exchange. Tunnels stay open until {@link drain}. */
  retire(): void {
    for (const opened of this.#opened.values()) opened.retire()
  }

  /** Whether a route forwards or did. */
  get isForwarding(): boolean {
    return this.#proxy !== undefined
  }

  /** Closes connections to upstreams, and empties caches. */
  async close(): Promise<void> {
    this.retire()
    await this.#proxy?.close()
  }

  #resolve(
    options: Pick<ServeOptions, 'proxy' | 'routes' | 'mounts'>,
    context?: CompleteContext,
  ): readonly ResolvedRoute[] {
    const { base, timeoutMs } = this.#options.config
    const own = { base, timeout: timeoutMs / 1000, listeners: undefined, sites: undefined }
    // A whole configuration is allowed, but no unknown option: a misspelt `routes` would remove every route.
    const all = isPlainObject(options) ? { ...(options as ServeOptions), ...own } : options
    return this.#options.resolve(all, { ...context, listenerNames: this.#options.listenerNames() }).routes
  }

  #apply(changed: readonly ResolvedRoute[]): void {
    const old = new Map(this.#routes.map((route) => [route.id, route]))
    const before = this.#opened
    // An unchanged route keeps its connections, the state of its upstreams, and its cache.
    const same = changed.filter((route) => isDeepStrictEqual(old.get(route.id), route))
    const kept = new Set([this.#options.root, ...same].map(({ id }) => id))
    const added = changed.filter(({ id }) => !kept.has(id))
    checkRouteFolders(added)
    this.#opened = new Map([...before].filter(([id]) => kept.has(id)))
    try {
      this.#options.rebuild(changed)
    } catch (error) {
      retireAll(this.#opened, before)
      this.#opened = before
      throw error
    }
    this.#routes = changed
    retireAll(before, this.#opened)
    this.#options.onChanged()
    if (this.#isAnnounced) added.flatMap(routeWarnings).forEach(this.#options.onWarning)
  }

  #open(route: ResolvedRoute, make: () => Opened): Opened {
    const opened = this.#opened.get(route.id) ?? make()
    this.#opened.set(route.id, opened)
    return opened
  }

  #connect({ id, match, action }: ResolvedRoute): Opened {
    if (action.kind !== 'proxy') throw new Error('not a route that forwards')
    const { config, onWarning } = this.#options
    this.#proxy ??= createProxy({ trust: config.trust, limits: config.limits, onWarning })
    const way = this.#proxy.open({ id, match, proxy: action.proxy })
    return action.proxy.live ? { ...way, handle: injectable(way.handle) } : way
  }
}

/** Retires what the other map does not have. */
function retireAll(opened: ReadonlyMap<string, Opened>, kept: ReadonlyMap<string, Opened>): void {
  for (const [id, each] of opened) if (kept.get(id) !== each) each.retire()
}

/** Marks the replies of a route: live reload may inject its client into pages. */
function injectable(handle: Handler): Handler {
  const marked = (reply: Reply): Reply => ({ ...reply, injectable: true })
  return (x: Exchange) => {
    const reply = handle(x)
    return reply instanceof Promise ? reply.then(marked) : marked(reply)
  }
}

/**
 * Refuses routes whose target is the server itself, as far as its addresses show.
 *
 * @throws ServeError `E8008_CONFIG_INVALID`
 */
export function refuseOwnRoutes(routes: readonly ResolvedRoute[], listeners: readonly BoundListener[]): void {
  const found = listeners
    .map(({ config: { socket }, bound: { port, addresses } }) =>
      findOwnUpstream(routes, { ports: [port], addresses: socket === undefined ? addresses : [], socket }),
    )
    .find((each) => each !== undefined)
  if (found === undefined) return
  const { route, upstream } = found
  throw new ServeError('E8008_CONFIG_INVALID', `The upstream ${upstream.label} of ${route.id} is this server itself.`, {
    hint: 'correct the port of the upstream, or serve on another port',
  })
}
