import type { Exchange, Handler } from '../http/message/exchange.ts'
import type { ForwardedRequest } from './dry-run.ts'
import type { Warning } from '../core/warning.ts'
import type { Forward } from './forward.ts'
import type { ProxyRoute, UpstreamLimits } from './types.ts'
import { addressSet } from '../core/util/ip.ts'

/** What all routes share. */
export interface ProxySettings {
  /** Addresses and ranges of peers whose forwarding fields are believed. */
  readonly trust: readonly string[]
  readonly limits: UpstreamLimits
  readonly onWarning: (warning: Warning) => void
}

/** The way of one route to its upstreams. */
export interface ProxyWay {
  readonly handle: Handler
  /** The route is gone: its connections end, those with an exchange after it, and upgraded ones by themselves. */
  retire(): void
}

/** The way to what is behind us. Its parts are loaded with the first request that needs them. */
export interface Proxy {
  /** Opens the way of one route; the connections that it makes are kept for the next request. */
  open(route: ProxyRoute): ProxyWay
  /** Ends what would never end by itself, such as event streams and WebSockets, in good order. */
  drain(): void
  /** Ends every connection to an upstream, busy or not. */
  close(): Promise<void>
}

/** Makes the proxy of one server. What forwards is loaded with the first request: the start of a server does not wait. */
export function createProxy({ trust, limits, onWarning }: ProxySettings): Proxy {
  const isTrusted = addressSet(trust)
  // Another one for each server, so that a request that comes back is known.
  const pseudonym = `serve8008-${Math.random().toString(36).slice(2, 10)}`
  const opened = new Set<Promise<Forward>>()
  let isDraining = false

  async function open(route: ProxyRoute): Promise<Forward> {
    const { createForward } = await import('./forward.ts')
    if (!route.proxy.tls.verify) onWarning(unverified(route.name))
    const forward = createForward({ ...route, isTrusted, pseudonym, limits, onWarning })
    if (isDraining) forward.drain()
    return forward
  }

  /** Acts on all ways that were used. */
  async function all(act: (forward: Forward) => unknown): Promise<void> {
    await Promise.all([...opened].map(async (forward) => act(await forward)))
  }

  return {
    open(route) {
      let forward: Forward | undefined
      let opening: Promise<Forward> | undefined
      const begin = (): Promise<Forward> => {
        if (opening === undefined) opened.add((opening = open(route)))
        return opening
      }
      // The first request is to know already which upstreams are well.
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

/** Loads what tells the requests that a route would send. */
export async function loadPreview(): Promise<
  (route: ProxyRoute, x: Exchange, trust: readonly string[]) => readonly ForwardedRequest[]
> {
  return (await import('./dry-run.ts')).previewRequests
}

function unverified(name: string): Warning {
  return {
    code: 'W8008_UNVERIFIED',
    message: `The route ${name} does not verify the certificates of its upstreams.`,
    hint: 'name their authority with `tls.ca` of the route instead',
  }
}
