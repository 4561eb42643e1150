import type { Exchange, Handler } from '../http/message/exchange.ts'
import type { ForwardedRequest } from './dry-run.ts'
import type { Limits } from '../config/options/limits.ts'
import type { Warning } from '../core/warning.ts'
import type { Forwarder } from './forward.ts'
import type { ProxyRoute, UpstreamLimits } from './types.ts'
import { addressSet } from '../core/util/ip.ts'

/** Settings that all routes share. */
export interface ProxySettings {
  /** Addresses and ranges of peers whose `Forwarded` and `X-Forwarded-*` fields are trusted. */
  readonly trust: readonly string[]
  readonly limits: UpstreamLimits & Pick<Limits, 'rewriteBytes'>
  readonly onWarning: (warning: Warning) => void
}

/** Forwards the requests of one route. */
export interface RouteProxy {
  readonly handle: Handler
  /** Closes the connections of a removed route: idle ones now, busy ones after their exchange. Tunnels stay open. */
  retire(): void
}

/** The reverse proxy of one server. */
export interface Proxy {
  /** Opens a route. Its connections to upstreams are reused by later requests. */
  open(route: ProxyRoute): RouteProxy
  /** Gracefully ends exchanges that do not end by themselves, such as event streams and WebSockets. */
  drain(): void
  /** Closes every connection to an upstream, busy or not. */
  close(): Promise<void>
}

/** Creates the proxy of one server. Loads the forwarding code with the first request, to keep start-up short. */
export function createProxy({ trust, limits, onWarning }: ProxySettings): Proxy {
  const isTrusted = addressSet(trust)
  // Unique for each server: a request whose Via names it has looped.
  const pseudonym = `serve8008-${Math.random().toString(36).slice(2, 10)}`
  const opened = new Set<Promise<Forwarder>>()
  let isDraining = false

  async function open(route: ProxyRoute): Promise<Forwarder> {
    const { createForwarder } = await import('./forward.ts')
    const { createClientAddress } = await import('../http/message/client-address.ts')
    const { id, proxy } = route
    const bodies =
      proxy.rewriteBody.length === 0
        ? undefined
        : (await import('./response/rewrite-body.ts')).createBodyRewriter({
            id,
            places: proxy.rewriteBody,
            rewriteBytes: limits.rewriteBytes,
            onWarning,
          })
    const clientOf = createClientAddress(trust)
    const forward = createForwarder({ ...route, isTrusted, pseudonym, limits, onWarning, bodies, clientOf })
    if (isDraining) forward.drain()
    return forward
  }

  /** Applies a function to every forwarder that was opened. */
  async function all(act: (forward: Forwarder) => unknown): Promise<void> {
    await Promise.all([...opened].map(async (forward) => act(await forward)))
  }

  return {
    open(route) {
      let forward: Forwarder | undefined
      let opening: Promise<Forwarder> | undefined
      const begin = (): Promise<Forwarder> => {
        if (opening === undefined) opened.add((opening = open(route)))
        return opening
      }
      // Checks begin now, so that the first request goes to a healthy upstream.
      if (route.proxy.health !== undefined) void begin()
      return {
        handle: (x) => forward?.handle(x) ?? begin().then((ready) => (forward = ready).handle(x)),
        retire: () => void opening?.then((ready) => ready.retire()),
      }
    },
    drain() {
      isDraining = true
      void all((forward) => forward.drain())
    },
    close: () => all((forward) => forward.close()),
  }
}

/** Loads the function that lists the requests which a route would send. */
export async function loadDryRun(): Promise<
  (route: ProxyRoute, x: Exchange, trust: readonly string[]) => readonly ForwardedRequest[]
> {
  return (await import('./dry-run.ts')).dryRun
}
