import { constants, type ClientHttp2Stream } from 'node:http2'
import type { Exchange } from '../../http/message/exchange.ts'
import { webSocketAccept } from '../../http/message/websocket-accept.ts'
import { cancelStream } from '../../http/h2/reset.ts'
import { startTimeout } from '../response/await-head.ts'
import { http2Body } from './body.ts'
import { http2RequestFields, plainFields } from './fields.ts'
import type { Http2Session } from './session.ts'
import { openTunnel } from '../tunnel.ts'
import type { UpstreamRequest, TransportOptions, UpgradeAnswer } from '../types.ts'
import { wantedUpgrade } from '../upgrade-fields.ts'
import { clientLeftFault, UpstreamError, upstreamError } from '../upstream/upstream-error.ts'

/** A WebSocket that is being opened over HTTP/2. */
interface PendingWebSocket {
  readonly stream: ClientHttp2Stream
  /** The client's `Sec-WebSocket-Key`. HTTP/2 does not use it, so the proxy computes the accept value. */
  readonly key: string
  readonly signal: AbortSignal
  readonly options: TransportOptions
}

/**
 * Opens a WebSocket on an HTTP/2 stream (RFC 8441). Resolves as an HTTP/1.1 upgrade does, or with undefined if the upstream
 * does not support WebSockets over HTTP/2.
 */
export async function upgradeHttp2(
  session: Http2Session,
  options: TransportOptions,
  [x, outbound, signal]: readonly [Exchange, UpstreamRequest, AbortSignal],
): Promise<UpgradeAnswer | undefined> {
  const key = x.headers.get('sec-websocket-key')
  if (key === undefined || wantedUpgrade(x)?.toLowerCase() !== 'websocket') return undefined
  const open = await session.acquire(signal)
  if (open.remoteSettings.enableConnectProtocol !== true) {
    session.released(open)
    return undefined
  }
  const fields = http2RequestFields({ ...outbound, body: null }, options.upstream)
  delete fields['sec-websocket-key']
  const stream = open.request({ ...fields, ':method': 'CONNECT', ':protocol': 'websocket' }, { endStream: false })
  stream.on('error', () => {})
  session.follow(open, stream)
  return await answerOf({ stream, key, signal, options })
}

function answerOf(asking: PendingWebSocket): Promise<UpgradeAnswer> {
  const { stream, signal, options } = asking
  const { upgradeMs, bodyIdleMs } = options.timeouts
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      settle()
      cancelStream(stream)
      reject(upstreamError(error, 'reset', true))
    }
    const closed = (): void => fail(new Error('The stream was closed.'))
    const leave = (): void => fail(clientLeftFault(true))
    const late = (): void => fail(new UpstreamError('headers-timeout', 'No answer to the upgrade.', { wrote: true }))
    const timer = startTimeout(upgradeMs, late)
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', leave)
      stream.off('error', fail).off('close', closed)
    }
    signal.addEventListener('abort', leave)
    stream.once('error', fail).once('close', closed)
    stream.once('response', (headers, flags, raw?: string[]) => {
      settle()
      const status = Number(headers[':status'])
      const fields = plainFields(raw ?? [])
      if (status >= 200 && status <= 299) return resolve(opened(fields, asking))
      const isOver = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
      const body = isOver ? null : http2Body(stream, fields, bodyIdleMs)
      if (isOver) cancelStream(stream)
      resolve({ status, headers: fields, body, relayed: true })
    })
    if (signal.aborted) leave()
  })
}

function opened(fields: readonly string[], { stream, key, signal }: PendingWebSocket): UpgradeAnswer {
  // In case the client disconnects before the takeover.
  const abandon = (): void => cancelStream(stream)
  signal.addEventListener('abort', abandon)
  return {
    status: 101,
    headers: [...fields, 'Upgrade', 'websocket', 'Sec-WebSocket-Accept', webSocketAccept(key)],
    body: null,
    relayed: true,
    takeover: (client, fromClient) => {
      signal.removeEventListener('abort', abandon)
      // The tunnel forwards a reset through this method of TCP sockets.
      Object.assign(stream, { resetAndDestroy: abandon })
      return openTunnel(client, stream, { fromClient, fromUpstream: new Uint8Array() })
    },
  }
}
