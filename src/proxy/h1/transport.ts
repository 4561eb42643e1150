import type { Socket } from 'node:net'
import { callbackify } from 'node:util'
import type { Pool } from 'undici'
import { formatHost } from '../../core/util/ip.ts'
import { createConnector } from '../upstream/connect.ts'
import { UpstreamExchange } from './exchange.ts'
import { openConnection, type Dispatched } from './connection.ts'
import { safeMethods } from '../safe-methods.ts'
import type { UpstreamRequest, Transport, TransportOptions } from '../types.ts'
import { loadClient, loadParserOf, loadPool } from './undici.ts'
import type { UpstreamError } from '../upstream/upstream-error.ts'

/** Milliseconds that an idle connection stays open: less than the 5 s after which Node's servers close it. */
const keepAliveMs = 4000

/** Sends requests over HTTP/1.1 through a pool of undici, which is loaded with the first request. */
export function createHttp1Transport(options: TransportOptions): Transport {
  const { upstream, timeouts, tls, limits } = options
  const connector = createConnector({
    upstream,
    connectMs: timeouts.connectMs,
    tls,
    alpn: ['http/1.1'],
    poolsReads: true,
  })
  const connect = callbackify(() => connector())
  let pool: Pool | undefined
  let opening: Promise<Pool> | undefined
  let isClosed = false
  /** A second pool for retries: each of its connections serves one request only. */
  let fresh: Promise<Pool> | undefined

  async function open(): Promise<Pool> {
    const [PoolOf, ClientOf, parserOf] = await Promise.all([loadPool(), loadClient(), loadParserOf()])
    return new PoolOf(`${upstream.protocol}//${formatHost(upstream.hostname)}:${upstream.port}`, {
      connect: (_, done) => connect(done as (error: Error | null, socket: Socket) => void),
      factory: (origin, settings) => openConnection({ ClientOf, parserOf }, origin, settings),
      connections: limits.upstreamConnections,
      // No pipelining: an extra response of the upstream must not answer the next request.
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: limits.replyHeaderBytes,
      // The timeouts of UpstreamExchange are precise to the millisecond, and exempt event streams and slow clients.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /** @param reset Whether the connection closes after the exchange. */
  function exchangeOn(pool: Pool, request: UpstreamRequest, exchange: UpstreamExchange, reset?: true) {
    const { method, path, body } = request
    // A constant name: by default undici takes it from `Host`, and opens a new connection when that changes.
    const { hostname: servername } = upstream
    const dispatched = {
      method: method as 'GET',
      path,
      headers: withContentLength(request),
      body,
      servername,
      reset,
      exchange,
    }
    return exchange.run((handler) => pool.dispatch(dispatched as Dispatched, handler))
  }

  async function opened(): Promise<Pool> {
    const mine = (opening ??= open())
    const made = await mine
    // Unless retire() replaced it meanwhile.
    if (opening === mine) pool = made
    return made
  }

  return {
    async send(request) {
      const exchange = new UpstreamExchange(request, timeouts)
      try {
        return await exchangeOn(pool ?? (await opened()), request, exchange)
      } catch (error) {
        const again = exchange.isStale && !isClosed ? repeated(request, error as UpstreamError) : undefined
        if (again === undefined) throw error
        return await exchangeOn(await (fresh ??= open()), again, new UpstreamExchange(again, timeouts), true)
      }
    },
    retire: async () => {
      // A later request opens a new pool.
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
 * The request for a retry after the upstream closed a reused connection: if no byte of it was sent, or if its method is
 * safe and it has no content (RFC 9110 section 9.2.2). Otherwise undefined.
 */
function repeated(request: UpstreamRequest, { wrote }: UpstreamError): UpstreamRequest | undefined {
  if (request.body === null) return !wrote || safeMethods.has(request.method) ? request : undefined
  return wrote ? undefined : request.again?.()
}

/** Framing depends on what the proxy sends, not on the client's framing (RFC 9112 section 6). */
function withContentLength({ headers, body, length }: UpstreamRequest): string[] {
  return body === null || length === undefined ? (headers as string[]) : [...headers, 'Content-Length', String(length)]
}
