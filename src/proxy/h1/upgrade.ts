import { request as sendRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ResolvedProxy, ResolvedUpstream } from '../../config/route-types.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import { createDial } from '../upstream/connect.ts'
import { joinSockets } from '../upgrade/tunnel.ts'
import { allowPaddedChunks, messageReply, passInterim } from './raw-response.ts'
import { readReason } from '../response/head.ts'
import type { OutboundRequest, Upgrade, UpgradeAnswer } from '../types.ts'
import { acceptedFields, upgradeRequestFields, wantedUpgrade } from '../upgrade/fields.ts'
import { UpstreamError, upstreamError } from '../upstream/upstream-error.ts'

/** What upgrades to one upstream need. */
export interface UpgradeOptions {
  readonly upstream: ResolvedUpstream
  readonly timeouts: Pick<ResolvedProxy['timeouts'], 'connectMs' | 'upgradeMs' | 'bodyIdleMs'>
  readonly tls: ResolvedProxy['tls']
  /** Bytes that the header section of an answer may have. */
  readonly replyHeaderBytes: number
}

/**
 * Carries WebSocket and other upgrades to one upstream. Nothing is said to the client before the upstream has
 * answered, so a refusal stays an ordinary reply, and each upgrade has a connection of its own, which no later
 * request can find in an unexpected state.
 */
export function createUpgrade(options: UpgradeOptions): Upgrade {
  const { upstream, timeouts, tls } = options
  const dial = createDial({ upstream, connectMs: timeouts.connectMs, tls, alpn: ['http/1.1'] })
  return async (x, outbound, signal) => {
    const wanted = wantedUpgrade(x)
    if (wanted === undefined) throw new UpstreamError('protocol', 'The request asks for no upgrade.', { wrote: false })
    const socket = await dial(signal)
    try {
      return await askForUpgrade(socket, { ...options, x, outbound, signal, wanted })
    } catch (error) {
      socket.destroy()
      throw upstreamError(error, 'reset', true)
    }
  }
}

interface Asking extends UpgradeOptions {
  readonly x: Exchange
  readonly outbound: OutboundRequest
  readonly signal: AbortSignal
  readonly wanted: string
}

function askForUpgrade(socket: Socket, asking: Asking): Promise<UpgradeAnswer> {
  const { outbound, replyHeaderBytes, signal, timeouts, upstream, x, wanted } = asking
  return new Promise((resolve, reject) => {
    const request = sendRequest({
      // Path and fields go out as they are given: an array is not sorted, joined or completed by Node.
      method: outbound.method,
      path: outbound.path,
      headers: upgradeRequestFields(x, outbound, wanted),
      setHost: false,
      insecureHTTPParser: false,
      maxHeaderSize: replyHeaderBytes,
      createConnection: () => socket,
    })
    // Node drops what is above its count without a word; the size is the bound.
    request.maxHeadersCount = 0
    allowPaddedChunks(request, replyHeaderBytes)
    const leave = (): void => fail(new UpstreamError('left', 'The client left.', { wrote: true }))
    const { upgradeMs } = timeouts
    const late = (): void => {
      const message = `${upstream.label} did not answer the upgrade within ${upgradeMs} ms.`
      fail(new UpstreamError('headers-timeout', message, { wrote: true }))
    }
    const timer = upgradeMs === 0 ? undefined : setTimeout(late, upgradeMs)
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', leave)
    }
    const fail = (error: unknown): void => {
      settle()
      request.destroy()
      socket.destroy()
      reject(upstreamError(error, 'reset', true))
    }
    const answer = (make: () => UpgradeAnswer): void => {
      settle()
      try {
        const made = make()
        // What the parser refuses of the same packet fails the request until then.
        queueMicrotask(() => resolve(made))
      } catch (error) {
        fail(error)
      }
    }
    request.on('error', fail)
    request.once('upgrade', (message, _, head) => answer(() => switched(message, socket, head, asking)))
    request.once('response', (message) =>
      answer(() => ({ ...messageReply(message, socket, outbound, timeouts.bodyIdleMs), relayed: true })),
    )
    passInterim(request, outbound, fail)
    signal.addEventListener('abort', leave)
    if (signal.aborted) return leave()
    request.end(x.body.whole)
  })
}

function switched(
  message: IncomingMessage,
  socket: Socket,
  head: Buffer,
  { x, signal, wanted }: Asking,
): UpgradeAnswer {
  const headers = acceptedFields(message.rawHeaders, wanted, x.headers.get('sec-websocket-key'))
  // Until somebody takes over, and if nobody does.
  const abandon = (): unknown => socket.destroy()
  socket.on('error', abandon)
  signal.addEventListener('abort', abandon)
  if (signal.aborted) abandon()
  return {
    status: 101,
    reason: readReason(message.statusMessage),
    headers,
    body: null,
    relayed: true,
    takeover: (client, fromClient) => {
      signal.removeEventListener('abort', abandon)
      return joinSockets(client, socket, { fromClient, fromUpstream: head })
    },
  }
}
