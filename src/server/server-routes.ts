import { isDeepStrictEqual } from 'node:util'
import { isPlainObject } from '../config/plain-object.ts'
import { quote } from '../config/diagnostic.ts'
import type { completeConfig, CompleteContext } from '../config/resolve/complete.ts'
import { publicRoute } from '../config/public-config.ts'
import { routeId } from '../config/route-id.ts'
import type { ResolvedRoute, RouteOptions } from '../config/route-types.ts'
import type { ResolvedConfig, ServeOptions } from '../config/types.ts'
import { ServeError } from '../core/serve-error.ts'
import type { Exchange, Handler } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
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
  /** Makes a new pipeline with these routes. Throws where that fails, and the old one stays. */
  readonly rebuild: (routes: readonly ResolvedRoute[]) => void
  /** Called when the routes have changed. */
  readonly onChanged: () => void
}

/** The routes of a server, which may change while it runs; a request under way keeps its handler. */
export class ServerRoutes implements RouteControl {
  readonly #options: ServerRoutesOptions
  /** The connections of the routes that forward, by their ids. */
  #ways = new Map<string, RouteProxy>()
  #proxy: Proxy | undefined
  #routes: readonly ResolvedRoute[]

  constructor(options: ServerRoutesOptions) {
    this.#options = options
    this.#routes = options.config.routes
  }

  add(route: RouteOptions): string {
    const [resolved] = this.#resolve({ routes: [route] }, { keyNames: new Map([['routes.0', 'route']]) })
    const { match } = resolved as ResolvedRoute
    const known = new Map(this.#routes.map((each) => [each.id, each]))
    const id = route.id ?? routeId(match, known)
    const rival = known.get(id) ?? this.#routes.find((each) => isDeepStrictEqual(each.match, match))
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

  replace(options: Pick<ServeOptions, 'proxy' | 'routes'>): void {
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
    const way = this.#ways.get(route.id) ?? this.#open(route)
    this.#ways.set(route.id, way)
    return way.handle
  }

  /** Ends forwarded exchanges that would not end by themselves, such as WebSockets. */
  drain(): void {
    this.#proxy?.drain()
  }

  /** Closes idle connections to upstreams, the others after their exchange. Tunnels stay open until {@link drain}. */
  retire(): void {
    for (const way of this.#ways.values()) way.retire()
  }

  /** Whether a route forwards or did. */
  get isForwarding(): boolean {
    return this.#proxy !== undefined
  }

  async close(): Promise<void> {
    await this.#proxy?.close()
  }

  #resolve(options: Pick<ServeOptions, 'proxy' | 'routes'>, context?: CompleteContext): readonly ResolvedRoute[] {
    const { base, timeoutMs } = this.#options.config
    const own = { base, timeout: timeoutMs / 1000, listeners: undefined, sites: undefined }
    // A whole configuration is allowed, but no unknown option: a misspelt `routes` would remove every route.
    const all = isPlainObject(options) ? { ...(options as ServeOptions), ...own } : options
    return this.#options.resolve(all, context).routes
  }

  #apply(changed: readonly ResolvedRoute[]): void {
    const old = new Map(this.#routes.map((route) => [route.id, route]))
    const before = this.#ways
    // An unchanged route keeps its connections and the state of its upstreams.
    const kept = new Set(changed.filter((route) => isDeepStrictEqual(old.get(route.id), route)).map(({ id }) => id))
    this.#ways = new Map([...before].filter(([id]) => kept.has(id)))
    try {
      this.#options.rebuild(changed)
    } catch (error) {
      retireAll(this.#ways, before)
      this.#ways = before
      throw error
    }
    this.#routes = changed
    retireAll(before, this.#ways)
    this.#options.onChanged()
  }

  #open({ id, match, action }: ResolvedRoute): RouteProxy {
    if (action.kind !== 'proxy') throw new Error('not a route that forwards')
    const { config, onWarning } = this.#options
    this.#proxy ??= createProxy({ trust: config.trust, limits: config.limits, onWarning })
    const way = this.#proxy.open({ id, match, proxy: action.proxy })
    return action.proxy.live ? { ...way, handle: injectable(way.handle) } : way
  }
}

/** Retires what the other map does not have. */
function retireAll(ways: ReadonlyMap<string, RouteProxy>, kept: ReadonlyMap<string, RouteProxy>): void {
  for (const [id, way] of ways) if (kept.get(id) !== way) way.retire()
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
