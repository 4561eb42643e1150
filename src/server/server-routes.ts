import { isDeepStrictEqual } from 'node:util'
import { isPlainObject } from '../config/plain-object.ts'
import { quote } from '../config/diagnostic.ts'
import type { completeConfig, CompleteContext } from '../config/resolve/complete.ts'
import { publicRoute } from '../config/public-config.ts'
import { routeName } from '../config/resolve/routes.ts'
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
  readonly #handlers = new Map<ResolvedRoute, RouteProxy>()
  #proxy: Proxy | undefined
  #routes: readonly ResolvedRoute[]

  constructor(options: ServerRoutesOptions) {
    this.#options = options
    this.#routes = options.config.routes
  }

  add(route: RouteOptions): void {
    const [resolved] = this.#resolve({ routes: [route] }, { keyNames: new Map([['routes.0', 'route']]) })
    if (resolved === undefined) return
    const added = route.name === undefined ? { ...resolved, name: routeName(resolved.match) } : resolved
    if (this.#routes.some(({ name }) => name === added.name)) {
      throw new ServeError('E8008_CONFIG_INVALID', `There is a route ${JSON.stringify(added.name)} already.`, {
        hint: 'remove it first: server.routes.remove(name)',
      })
    }
    this.#apply([...this.#routes, Object.freeze(added)])
  }

  remove(name: string): boolean {
    if (typeof name !== 'string') {
      throw new ServeError('E8008_CONFIG_INVALID', `remove() takes the name of a route, and got ${quote(name)}.`, {
        hint: 'server.routes.list() names them',
      })
    }
    const kept = this.#routes.filter((route) => route.name !== name)
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
    const way = this.#handlers.get(route) ?? this.#open(route)
    this.#handlers.set(route, way)
    return way.handle
  }

  /** Ends forwarded exchanges that would not end by themselves, such as WebSockets. */
  drain(): void {
    this.#proxy?.drain()
  }

  /** Closes idle connections to upstreams, the others after their exchange. Tunnels stay open until {@link drain}. */
  retire(): void {
    for (const way of this.#handlers.values()) way.retire()
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
    // An unchanged route stays the same object: its handler keeps connections and the state of its upstreams.
    const old = new Map(this.#routes.map((route) => [route.name, route]))
    const routes = changed.map((route) => {
      const known = old.get(route.name)
      return isDeepStrictEqual(known, route) ? (known as ResolvedRoute) : route
    })
    this.#options.rebuild(routes)
    this.#routes = routes
    for (const [route, way] of this.#handlers) {
      if (routes.includes(route)) continue
      this.#handlers.delete(route)
      way.retire()
    }
    this.#options.onChanged()
  }

  #open({ name, match, action }: ResolvedRoute): RouteProxy {
    if (action.kind !== 'proxy') throw new Error('not a route that forwards')
    const { config, onWarning } = this.#options
    this.#proxy ??= createProxy({ trust: config.trust, limits: config.limits, onWarning })
    const way = this.#proxy.open({ name, match, proxy: action.proxy })
    return action.proxy.live ? { ...way, handle: injectable(way.handle) } : way
  }
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
  throw new ServeError(
    'E8008_CONFIG_INVALID',
    `The upstream ${upstream.label} of ${route.name} is this server itself.`,
    {
      hint: 'correct the port of the upstream, or serve on another port',
    },
  )
}
