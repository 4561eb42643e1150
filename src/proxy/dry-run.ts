import type { Exchange } from '../http/message/exchange.ts'
import type { HeaderList } from '../http/message/headers.ts'
import { addressSet } from '../core/util/ip.ts'
import { createUpstream } from './upstream/upstream.ts'
import type { ProxyRoute } from './types.ts'

/** A request as an upstream would get it, without the fields that frame its content. */
export interface ForwardedRequest {
  readonly upstream: string
  readonly requestLine: string
  readonly fields: HeaderList
}

/** A dry run opens no connection. */
const noLimits = { replyHeaderBytes: 0, upstreamConnections: 0, upstreamShare: 100, queuedRequests: 0, queueMs: 0 }

/**
 * The requests that a route would send for an exchange, one for each of its upstreams. Sends nothing.
 *
 * @throws ServeError when the proxy would not forward the request.
 */
export function dryRun(route: ProxyRoute, x: Exchange, trust: readonly string[]): ForwardedRequest[] {
  const options = {
    ...route,
    isTrusted: addressSet(trust),
    pseudonym: 'serve8008',
    limits: noLimits,
    clientOf: () => '',
  }
  return route.proxy.upstreams.map((upstream) => {
    const { method, path, headers } = createUpstream(upstream, options).request(x, x.body)
    const version = upstream.protocol.startsWith('h2') ? 'HTTP/2' : 'HTTP/1.1'
    return { upstream: upstream.label, requestLine: `${method} ${path} ${version}`, fields: headers }
  })
}
