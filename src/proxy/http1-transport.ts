import type { Socket } from 'node:net'
import { callbackify } from 'node:util'
import type { Client, Dispatcher, Pool } from 'undici'
import { formatHost } from '../util/ip.ts'
import { createDial } from './dial.ts'
import { Http1Exchange, type Line } from './http1-exchange.ts'
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

interface Dispatched extends Dispatcher.DispatchOptions {
  readonly exchange: Http1Exchange
}

/** One connection of the pool, which tells each exchange what it is sent on. */
function openLine(ClientOf: typeof Client, origin: URL, settings: object): Dispatcher {
  const { connect } = settings as { connect: Connect }
  const line: Line = { socket: undefined }
  const client = new ClientOf(origin, {
    ...settings,
    connect: (target: object, done: Parameters<Connect>[1]) =>
      connect(target, (...outcome) => {
        line.socket = outcome[1] ?? undefined
        done(...outcome)
      }),
  } as Client.Options)
  const dispatch = client.dispatch.bind(client)
  client.dispatch = (dispatched, handler) => {
    ;(dispatched as Dispatched).exchange.line = line
    return dispatch(dispatched, handler)
  }
  return client
}

type Connect = (target: object, done: (error: Error | null, socket: Line['socket'] | null) => void) => void

/** Framing follows from what we send, never from what the client said (RFC 9112 section 6). */
function framed({ headers, body, length }: OutboundRequest): string[] {
  return body === null || length === undefined ? (headers as string[]) : [...headers, 'Content-Length', String(length)]
}
