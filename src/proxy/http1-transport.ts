import type { Socket } from 'node:net'
import { callbackify } from 'node:util'
import type { Pool } from 'undici'
import { formatHost } from '../util/ip.ts'
import { createDial } from './dial.ts'
import { Http1Exchange } from './http1-exchange.ts'
import { openLine, type Dispatched } from './http1-line.ts'
import { maxHeaderBytes } from './response-head.ts'
import type { OutboundRequest, Transport, TransportOptions } from './types.ts'
import { loadClient, loadPool } from './undici.ts'

/** Connections to one upstream; each client connection needs one at most. */
const maxConnections = 4096
/** Milliseconds that an idle connection is kept: below the 5 s after which Node's servers close theirs. */
const keepAliveMs = 4000

/** Speaks HTTP/1.1 to an upstream through a pool of undici, which is loaded with the first request. */
export function createHttp1Transport(options: TransportOptions): Transport {
  const { upstream, timeouts, tls } = options
  const dial = createDial({ upstream, connectMs: timeouts.connectMs, tls, alpn: ['http/1.1'], givesBack: true })
  const connect = callbackify(() => dial())
  let pool: Pool | undefined
  let opening: Promise<Pool> | undefined

  async function open(): Promise<Pool> {
    const [PoolOf, ClientOf] = await Promise.all([loadPool(), loadClient()])
    pool = new PoolOf(`${upstream.protocol}//${formatHost(upstream.hostname)}:${upstream.port}`, {
      connect: (_, done) => connect(done as (error: Error | null, socket: Socket) => void),
      factory: (origin, settings) => openLine(ClientOf, origin, settings),
      connections: maxConnections,
      // One request after the other: what an upstream sends unasked must not answer the next one.
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: timeouts.headersMs,
      // Ours knows event streams, and clients that do not read.
      bodyTimeout: 0,
    })
    return pool
  }

  return {
    async send(request) {
      const current = pool ?? (await (opening ??= open()))
      const { method, path, body } = request
      // One name for all requests: else undici takes it from `Host`, and changes the connection when that changes.
      const { hostname: servername } = upstream
      const dispatched = { method: method as 'GET', path, headers: framed(request), body, servername }
      return new Http1Exchange(request, timeouts).run((exchange) =>
        current.dispatch({ ...dispatched, exchange } as Dispatched, exchange),
      )
    },
    retire: async () => {
      // Whoever comes late after all gets a new one.
      const before = opening
      pool = opening = undefined
      await (await before)?.close()
    },
    close: async () => (await opening)?.destroy(),
  }
}

/** Framing follows from what we send, never from what the client said (RFC 9112 section 6). */
function framed({ headers, body, length }: OutboundRequest): string[] {
  return body === null || length === undefined ? (headers as string[]) : [...headers, 'Content-Length', String(length)]
}
