import type { ResolvedMatch, ResolvedProxy } from '../config/route-types.ts'
import type { Handler } from '../http/exchange.ts'
import { createForward, type Forward } from './forward.ts'
import { addressSet } from '../util/ip.ts'

/** What all routes share. */
export interface ProxySettings {
  /** Addresses and ranges of peers whose forwarding fields are believed. */
  readonly trust: readonly string[]
}

/** One route that forwards. */
export interface ProxyRoute {
  /** As people know it: `/api`, `api.localhost`. */
  readonly name: string
  readonly match: ResolvedMatch
  readonly proxy: ResolvedProxy
}

/** The way to what is behind us. Its parts are loaded with the first request that needs them. */
export interface Proxy {
  /** A handler for one route; the connections that it opens are kept for the next request. */
  handler(route: ProxyRoute): Handler
  /** Ends every connection to an upstream, busy or not. */
  close(): Promise<void>
}

/** Makes the proxy of one server. */
export function createProxy({ trust }: ProxySettings): Proxy {
  const isTrusted = addressSet(trust)
  const pseudonym = `serve8008-${Math.random().toString(36).slice(2, 10)}`
  const routes = new Set<Forward>()
  return {
    handler(route) {
      const forward = createForward({ ...route, isTrusted, pseudonym })
      routes.add(forward)
      return forward.handle
    },
    async close() {
      await Promise.all([...routes].map((forward) => forward.close()))
    },
  }
}
