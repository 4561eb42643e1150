import type { Socket } from 'node:net'
import { callbackify } from 'node:util'
import type { Pool } from 'undici'
import { formatHost } from '../../core/util/ip.ts'
import { createDial } from '../upstream/connect.ts'
import { Http1Exchange } from './exchange.ts'
import { openLine, type Dispatched } from './connection.ts'
import { safeMethods } from '../safe-methods.ts'
import type { OutboundRequest, Transport, TransportOptions } from '../types.ts'
import { loadClient, loadParserOf, loadPool } from './undici.ts'
import type { UpstreamError } from '../upstream/upstream-error.ts'

/** Milliseconds that an idle connection is kept: below the 5 s after which Node's servers close theirs. */
const keepAliveMs = 4000

/** Speaks HTTP/1.1 to an upstream through a pool of undici, which is loaded with the first request. */
export function createHttp1Transport(options: TransportOptions): Transport {
  const { upstream, timeouts, tls, limits } = options
  const dial = createDial({ upstream, connectMs: timeouts.connectMs, tls, alpn: ['http/1.1'], givesBack: true })
  const connect = callbackify(() => dial())
  let pool: Pool | undefined
  let opening: Promise<Pool> | undefined
  let isClosed = false
  /** For requests each of which needs a connection that has served no other. */
  let fresh: Promise<Pool> | undefined

  async function open(): Promise<Pool> {
    const [PoolOf, ClientOf, parserOf] = await Promise.all([loadPool(), loadClient(), loadParserOf()])
    return new PoolOf(`${upstream.protocol}//${formatHost(upstream.hostname)}:${upstream.port}`, {
      connect: (_, done) => connect(done as (error: Error | null, socket: Socket) => void),
      factory: (origin, settings) => openLine({ ClientOf, parserOf }, origin, settings),
      connections: limits.upstreamConnections,
      // One request after the other: what an upstream sends unasked must not answer the next one.
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: limits.replyHeaderBytes,
      // Ours is not up to a second late, and knows event streams and clients that do not read.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /** @param reset True where the connection is to end with the exchange. */
  function exchangeOn(pool: Pool, request: OutboundRequest, exchange: Http1Exchange, reset?: true) {
    const { method, path, body } = request
    // One name for all requests: else undici takes it from `Host`, and changes the connection when that changes.
    const { hostname: servername } = upstream
    const dispatched = { method: method as 'GET', path, headers: framed(request), body, servername, reset, exchange }
    return exchange.run((handler) => pool.dispatch(dispatched as Dispatched, handler))
  }

  async function opened(): Promise<Pool> {
    const mine = (opening ??= open())
    const made = await mine
    // Nobody has retired it meanwhile.
    if (opening === mine) pool = made
    return made
  }

  return {
    async send(request) {
      const exchange = new Http1Exchange(request, timeouts)
      try {
        return await exchangeOn(pool ?? (await opened()), request, exchange)
      } catch (error) {
        const again = exchange.isStale && !isClosed ? repeated(request, error as UpstreamError) : undefined
        if (again === undefined) throw error
        return await exchangeOn(await (fresh ??= open()), again, new Http1Exchange(again, timeouts), true)
      }
    },
    retire: async () => {
      // Whoever comes late after all gets a new one.
      const before = [opening, fresh]
      pool = opening = fresh = undefined
      await Promise.all(before.map(async (each) => (await each)?.close()))
    },
    close: async () => {
      isClosed = true
      await Promise.all([opening, fresh].map(async (each) => (await each)?.destroy()))
    },
  }
}

/**
 * The request as it may be sent once more, when the upstream had closed the connection just as it was used again: what
 * it has not seen, and what changes nothing (RFC 9110 section 9.2.2).
 */
function repeated(request: OutboundRequest, { wrote }: UpstreamError): OutboundRequest | undefined {
  if (request.body === null) return !wrote || safeMethods.has(request.method) ? request : undefined
  return wrote ? undefined : request.again?.()
}

/** Framing follows from what we send, never from what the client said (RFC 9112 section 6). */
function framed({ headers, body, length }: OutboundRequest): string[] {
  return body === null || length === undefined ? (headers as string[]) : [...headers, 'Content-Length', String(length)]
}
