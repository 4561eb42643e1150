import type { Exchange } from '../http/message/exchange.ts'
import type { HeaderList } from '../http/message/headers.ts'
import { addressSet } from '../core/util/ip.ts'
import { createTarget } from './upstream/upstream.ts'
import type { ProxyRoute } from './types.ts'

/** A request as an upstream would get it, but for the framing of its content. */
export interface ForwardedRequest {
  readonly upstream: string
  readonly requestLine: string
  readonly fields: HeaderList
}

/** Nothing is connected. */
const noLimits = { replyHeaderBytes: 0, upstreamConnections: 0 }

/**
 * What a route would send, to each of its upstreams; of several one is chosen for each request. Nothing is sent.
 *
 * @throws ServeError for what is refused.
 */
export function previewRequests(route: ProxyRoute, x: Exchange, trust: readonly string[]): ForwardedRequest[] {
  const options = { ...route, isTrusted: addressSet(trust), pseudonym: 'serve8008', limits: noLimits }
  return route.proxy.upstreams.map((upstream) => {
    const { method, path, headers } = createTarget(upstream, options).request(x, x.body)
    const version = upstream.protocol.startsWith('h2') ? 'HTTP/2' : 'HTTP/1.1'
    return { upstream: upstream.label, requestLine: `${method} ${path} ${version}`, fields: headers }
  })
}
