import type { Socket } from 'node:net'
import type { ResolvedProxy, ResolvedUpstream } from '../../config/kinds/proxy-types.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import { createConnector } from '../upstream/connect.ts'
import { openTunnel } from '../tunnel.ts'
import type { UpstreamRequest, Upgrade, UpgradeAnswer, UpstreamReply } from '../types.ts'
import { acceptedFields, upgradeRequestFields, wantedUpgrade } from '../upgrade-fields.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'
import { Http1Connection } from './connection.ts'
import { UpstreamExchange } from './exchange.ts'

/** Options of {@link createHttp1Upgrade}. */
export interface Http1UpgradeOptions {
  readonly upstream: ResolvedUpstream
  readonly timeouts: ResolvedProxy['timeouts']
  readonly tls: ResolvedProxy['tls']
  /** Bytes that the header section of the response may have. */
  readonly replyHeaderBytes: number
}

/**
 * Forwards WebSocket and other upgrades to one upstream over HTTP/1.1. The client gets nothing before the upstream has
 * answered, so that a rejection is forwarded as an ordinary response. Each upgrade uses its own connection, whose state
 * cannot affect another request.
 */
export function createHttp1Upgrade(options: Http1UpgradeOptions): Upgrade {
  const { upstream, timeouts, tls, replyHeaderBytes } = options
  const connector = createConnector({ upstream, connectMs: timeouts.connectMs, tls, alpn: ['http/1.1'] })
  const { upgradeMs, bodyIdleMs } = timeouts
  const waits = { ...timeouts, headersMs: upgradeMs, bodyIdleMs, totalMs: 0 }
  return async (x, outbound, signal) => {
    const wanted = wantedUpgrade(x)
    if (wanted === undefined) throw new UpstreamError('protocol', 'The request asks for no upgrade.', { wrote: false })
    const socket = await connector({ signal })
    const connection = new Http1Connection(socket, { idle: () => socket.destroy(), closed: () => {} }, replyHeaderBytes)
    const read = (bytes: Buffer): void => void (connection.read(bytes) || socket.pause())
    socket.on('data', read)
    const request: UpstreamRequest = {
      ...outbound,
      headers: upgradeRequestFields(outbound.headers, wanted),
      whenGone: (leave) => whenAborted(signal, leave),
    }
    const exchange = new UpstreamExchange(request, waits, {
      assign: (user) => user.begin(connection, true),
      withdraw: () => {},
    })
    const reply = await exchange.run()
    if (reply.status !== 101) return { ...reply, relayed: true }
    socket.off('data', read)
    try {
      return switched({ reply, socket, head: connection.release(), x, signal, wanted })
    } catch (error) {
      socket.destroy()
      throw error
    }
  }
}

/** Calls back when the signal aborts, now if it has. Returns a function that unsubscribes. */
function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) callback()
  signal.addEventListener('abort', callback)
  return () => signal.removeEventListener('abort', callback)
}

interface Switched {
  readonly reply: UpstreamReply
  readonly socket: Socket
  /** Bytes of the new protocol that have arrived. */
  readonly head: Buffer
  readonly x: Exchange
  readonly signal: AbortSignal
  readonly wanted: string
}

/** @throws UpstreamError for a protocol that the client did not request */
function switched({ reply, socket, head, x, signal, wanted }: Switched): UpgradeAnswer {
  const headers = acceptedFields(reply.headers, wanted, x.headers.get('sec-websocket-key'))
  // In case the client disconnects before the takeover.
  const abandon = (): unknown => socket.destroy()
  socket.on('error', abandon)
  signal.addEventListener('abort', abandon)
  if (signal.aborted) abandon()
  return {
    ...reply,
    headers,
    relayed: true,
    takeover: (client, fromClient) => {
      signal.removeEventListener('abort', abandon)
      return openTunnel(client, socket, { fromClient, fromUpstream: head })
    },
  }
}
