import { request as sendRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ResolvedProxy, ResolvedUpstream } from '../../config/kinds/proxy-types.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import { startTimeout } from '../response/await-head.ts'
import { createConnector } from '../upstream/connect.ts'
import { openTunnel } from '../tunnel.ts'
import { allowPaddedChunks, rawResponse, forwardInterim } from './raw-response.ts'
import { readReason } from '../response/head.ts'
import type { UpstreamRequest, Upgrade, UpgradeAnswer } from '../types.ts'
import { acceptedFields, upgradeRequestFields, wantedUpgrade } from '../upgrade-fields.ts'
import { clientLeftFault, UpstreamError, upstreamError } from '../upstream/upstream-error.ts'

/** Options of {@link createHttp1Upgrade}. */
export interface Http1UpgradeOptions {
  readonly upstream: ResolvedUpstream
  readonly timeouts: Pick<ResolvedProxy['timeouts'], 'connectMs' | 'upgradeMs' | 'bodyIdleMs'>
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
  const { upstream, timeouts, tls } = options
  const connector = createConnector({ upstream, connectMs: timeouts.connectMs, tls, alpn: ['http/1.1'] })
  return async (x, outbound, signal) => {
    const wanted = wantedUpgrade(x)
    if (wanted === undefined) throw new UpstreamError('protocol', 'The request asks for no upgrade.', { wrote: false })
    const socket = await connector(signal)
    try {
      return await askForUpgrade(socket, { ...options, x, outbound, signal, wanted })
    } catch (error) {
      socket.destroy()
      throw upstreamError(error, 'reset', true)
    }
  }
}

interface PendingUpgrade extends Http1UpgradeOptions {
  readonly x: Exchange
  readonly outbound: UpstreamRequest
  readonly signal: AbortSignal
  readonly wanted: string
}

function askForUpgrade(socket: Socket, asking: PendingUpgrade): Promise<UpgradeAnswer> {
  const { outbound, replyHeaderBytes, signal, timeouts, upstream, wanted } = asking
  return new Promise((resolve, reject) => {
    const request = sendRequest({
      // Node sends an array of fields unchanged: not sorted, joined or completed.
      method: outbound.method,
      path: outbound.path,
      headers: upgradeRequestFields(outbound, wanted),
      setHost: false,
      insecureHTTPParser: false,
      maxHeaderSize: replyHeaderBytes,
      createConnection: () => socket,
    })
    // Node silently drops fields above its default count. maxHeaderSize is the limit here.
    request.maxHeadersCount = 0
    allowPaddedChunks(request, replyHeaderBytes)
    const leave = (): void => fail(clientLeftFault(true))
    const { upgradeMs } = timeouts
    const late = (): void => {
      const message = `${upstream.label} did not answer the upgrade within ${upgradeMs} ms.`
      fail(new UpstreamError('headers-timeout', message, { wrote: true }))
    }
    const timer = startTimeout(upgradeMs, late)
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
        // A parse error in the rest of the packet must still fail the request.
        queueMicrotask(() => resolve(made))
      } catch (error) {
        fail(error)
      }
    }
    request.on('error', fail)
    request.once('upgrade', (message, _, head) => answer(() => switched(message, socket, head, asking)))
    request.once('response', (message) =>
      answer(() => ({ ...rawResponse(message, socket, outbound, timeouts.bodyIdleMs), relayed: true })),
    )
    forwardInterim(request, outbound, fail)
    signal.addEventListener('abort', leave)
    if (signal.aborted) return leave()
    if (outbound.body === null) request.end()
    else outbound.body.pipe(request)
  })
}

function switched(
  message: IncomingMessage,
  socket: Socket,
  head: Buffer,
  { x, signal, wanted }: PendingUpgrade,
): UpgradeAnswer {
  const headers = acceptedFields(message.rawHeaders, wanted, x.headers.get('sec-websocket-key'))
  // In case the client disconnects before the takeover.
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
      return openTunnel(client, socket, { fromClient, fromUpstream: head })
    },
  }
}
