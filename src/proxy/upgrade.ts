import { request as sendRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { ResolvedProxy, ResolvedUpstream } from '../config/route-types.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Reply } from '../http/reply.ts'
import { createDial } from './dial.ts'
import { withoutHopFields } from './hop-fields.ts'
import { joinSockets } from './join-sockets.ts'
import { messageSource } from './message-source.ts'
import type { OutboundRequest } from './types.ts'
import { acceptedFields, upgradeRequestFields, wantedUpgrade } from './upgrade-fields.ts'
import { UpstreamError } from './upstream-error.ts'
import { upstreamError } from './upstream-fault.ts'

/** What upgrades to one upstream need. */
export interface UpgradeOptions {
  readonly upstream: ResolvedUpstream
  readonly timeouts: Pick<ResolvedProxy['timeouts'], 'connectMs' | 'upgradeMs' | 'bodyIdleMs'>
  readonly tls: ResolvedProxy['tls']
}

/** Asks an upstream to upgrade. Resolves with the 101 and its takeover, or with the refusal as it is. */
export type Upgrade = (x: Exchange, outbound: OutboundRequest) => Promise<Reply>

/** Interim replies before the answer; more are an attack on our memory or the client's patience. */
const interimReplies = 32

/**
 * Carries WebSocket and other upgrades to one upstream. Nothing is said to the client before the upstream has
 * answered, so a refusal stays an ordinary reply, and each upgrade has a connection of its own, which no later
 * request can find in an unexpected state.
 */
export function createUpgrade(options: UpgradeOptions): Upgrade {
  const { upstream, timeouts, tls } = options
  const dial = createDial({ upstream, connectMs: timeouts.connectMs, tls, alpn: ['http/1.1'] })
  return async (x, outbound) => {
    const wanted = wantedUpgrade(x)
    if (wanted === undefined) throw new UpstreamError('protocol', 'The request asks for no upgrade.', { wrote: false })
    const socket = await dial(outbound.signal)
    try {
      return await askForUpgrade(socket, { ...options, x, outbound, wanted })
    } catch (error) {
      socket.destroy()
      throw upstreamError(error, 'reset', true)
    }
  }
}

interface Asking extends UpgradeOptions {
  readonly x: Exchange
  readonly outbound: OutboundRequest
  readonly wanted: string
}

function askForUpgrade(socket: Socket, asking: Asking): Promise<Reply> {
  const { outbound, timeouts, upstream, x, wanted } = asking
  return new Promise((resolve, reject) => {
    const request = sendRequest({
      // Path and fields go out as they are given: an array is not sorted, joined or completed by Node.
      method: outbound.method,
      path: outbound.path,
      headers: upgradeRequestFields(x, outbound, wanted),
      setHost: false,
      insecureHTTPParser: false,
      createConnection: () => socket,
    })
    const leave = (): void => fail(new UpstreamError('left', 'The client left.', { wrote: true }))
    const { upgradeMs } = timeouts
    const late = (): void => {
      const message = `${upstream.label} did not answer the upgrade within ${upgradeMs} ms.`
      fail(new UpstreamError('headers-timeout', message, { wrote: true }))
    }
    const timer = upgradeMs === 0 ? undefined : setTimeout(late, upgradeMs)
    const settle = (): void => {
      clearTimeout(timer)
      outbound.signal.removeEventListener('abort', leave)
    }
    const fail = (error: unknown): void => {
      settle()
      request.destroy()
      socket.destroy()
      reject(upstreamError(error, 'reset', true))
    }
    const answer = (make: () => Reply): void => {
      settle()
      try {
        resolve(make())
      } catch (error) {
        fail(error)
      }
    }
    request.on('error', fail)
    request.once('upgrade', (message, _, head) => answer(() => switched(message, socket, head, asking)))
    request.once('response', (message) => answer(() => refused(message, socket, asking)))
    passInterim(request, outbound, fail)
    outbound.signal.addEventListener('abort', leave)
    if (outbound.signal.aborted) return leave()
    request.end()
  })
}

function passInterim(request: ClientRequest, outbound: OutboundRequest, fail: (error: unknown) => void): void {
  let count = 0
  request.on('information', ({ statusCode, rawHeaders }) => {
    // A 101 without the fields of an upgrade comes here too.
    if (statusCode === 101 || ++count > interimReplies) {
      const message =
        statusCode === 101 ? 'It switched protocols without saying to which.' : 'Too many interim replies.'
      fail(new UpstreamError('protocol', message, { wrote: true }))
    } else if (statusCode !== 100) outbound.inform(statusCode, withoutHopFields(rawHeaders))
  })
}

function switched(message: IncomingMessage, socket: Socket, head: Buffer, { x, outbound, wanted }: Asking): Reply {
  const headers = acceptedFields(message.rawHeaders, wanted, x.headers.get('sec-websocket-key'))
  // Until somebody takes over, and if nobody does.
  const abandon = (): unknown => socket.destroy()
  socket.on('error', abandon)
  outbound.signal.addEventListener('abort', abandon)
  if (outbound.signal.aborted) abandon()
  return {
    status: 101,
    headers,
    body: null,
    relayed: true,
    takeover: (client, fromClient) => {
      outbound.signal.removeEventListener('abort', abandon)
      joinSockets(client, socket, { fromClient, fromUpstream: head })
    },
  }
}

function refused(message: IncomingMessage, socket: Socket, { outbound, timeouts }: Asking): Reply {
  const status = message.statusCode ?? 0
  if (status < 200 || status > 999) {
    throw new UpstreamError('protocol', `${status} is not the status of a reply.`, { wrote: true })
  }
  const headers = withoutHopFields(message.rawHeaders)
  if (outbound.method === 'HEAD' || status === 204 || status === 304) {
    socket.destroy()
    return { status, headers, body: null, relayed: true }
  }
  return { status, headers, body: messageSource(message, socket, timeouts.bodyIdleMs), relayed: true }
}
