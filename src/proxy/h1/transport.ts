import { createConnector } from '../upstream/connect.ts'
import { UpstreamExchange } from './exchange.ts'
import { Pool } from './pool.ts'
import { safeMethods } from '../safe-methods.ts'
import type { UpstreamRequest, Transport, TransportOptions } from '../types.ts'
import type { UpstreamError } from '../upstream/upstream-error.ts'

/** Sends requests to one upstream over HTTP/1.1, on connections that are kept for the next request. */
export function createHttp1Transport(options: TransportOptions): Transport {
  const { upstream, timeouts, tls, limits } = options
  const { connectMs } = timeouts
  const connector = createConnector({ upstream, connectMs, tls, alpn: ['http/1.1'] })
  const openPool = (): Pool => new Pool({ open: (read) => connector({ read }), limits })
  let pool = openPool()
  /** Pools that finish their exchanges. */
  const retired = new Set<Pool>()
  let isClosed = false

  return {
    send(request) {
      const exchange = new UpstreamExchange(request, timeouts, pool)
      return exchange.run().catch((error: UpstreamError) => {
        const again = exchange.isStale && !isClosed ? repeated(request, error) : undefined
        if (again === undefined) throw error
        return new UpstreamExchange(again, timeouts, pool).run(true)
      })
    },
    // A later request opens a new pool.
    retire: async () => {
      pool.retire()
      retired.add(pool)
      pool = openPool()
    },
    close: async () => {
      isClosed = true
      for (const each of [pool, ...retired]) each.close()
    },
  }
}

/**
 * The request for a retry after the upstream closed a reused connection: if no byte of it was sent, or if its method is
 * safe and it has no content (RFC 9110 section 9.2.2). Otherwise undefined.
 */
function repeated(request: UpstreamRequest, { wrote }: UpstreamError): UpstreamRequest | undefined {
  if (request.body === null) return !wrote || safeMethods.has(request.method) ? request : undefined
  return wrote ? undefined : request.again?.()
}
