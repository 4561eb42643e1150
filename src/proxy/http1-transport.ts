import type { Pool } from 'undici'
import { createDial } from './dial.ts'
import { IncomingReply } from './incoming-reply.ts'
import type { Transport, TransportOptions } from './types.ts'
import { loadPool } from './undici.ts'

/** Bytes of a reply's header section. */
const headerBytes = 64 * 1024
/** Milliseconds that an idle connection is kept: below the 5 s after which Node's servers close theirs. */
const keepAliveMs = 4000

/** HTTP/1.1 through a pool of undici, which is loaded with the first request. */
export function createHttp1Transport(options: TransportOptions): Transport {
  const { upstream, timeouts, tls } = options
  const dial = createDial({ upstream, connectMs: timeouts.connectMs, tls, alpn: ['http/1.1'] })
  const bounds = { bodyIdleMs: timeouts.bodyIdleMs, totalMs: timeouts.totalMs }
  let pool: Pool | undefined
  let opening: Promise<Pool> | undefined

  async function open(): Promise<Pool> {
    const PoolClass = await loadPool()
    pool = new PoolClass(`${upstream.protocol}//${upstream.authority}`, {
      // One request after the other on a connection: what an upstream sends unasked must not answer the next one.
      pipelining: 1,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: 60_000,
      headersTimeout: timeouts.headersMs,
      // Ours knows event streams, and clients that do not read.
      bodyTimeout: 0,
      maxHeaderSize: headerBytes,
      connect: (_, callback) => {
        dial().then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        )
      },
    })
    return pool
  }

  return {
    async send(request) {
      const current = pool ?? (await (opening ??= open()))
      const { method, path, headers, body, length } = request
      const reply = new IncomingReply(request, bounds)
      const framed = length === undefined || body === null ? headers : [...headers, 'Content-Length', String(length)]
      current.dispatch({ method: method as 'GET', path, headers: framed as string[], body }, reply)
      return reply.received
    },
    async close() {
      await (await opening)?.destroy()
    },
  }
}
