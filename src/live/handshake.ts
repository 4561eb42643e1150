import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { ServeError } from '../core/serve-error.ts'
import type { Exchange } from '../http/message/exchange.ts'
import { emptyReply, type Reply } from '../http/message/reply.ts'
import { webSocketAccept } from '../http/message/websocket-accept.ts'

/** Most bytes of one message from a page: room for the paths of a page with thousands of resources. */
const messageBytes = 256 * 1024

/** Milliseconds that a page has to answer a close frame. ws sets no default when it did not do the handshake itself. */
const closeMs = 1000

/** The private method with which the server of ws hands an accepted connection to a WebSocket. */
interface Adoptable {
  setSocket(socket: Duplex, head: Uint8Array, options: object): void
}

/**
 * Answers the opening handshake of a WebSocket (RFC 6455 section 4.2). The 101 is a plain reply, so upgrades pass the
 * same pipeline as requests. ws takes over the connection after it.
 *
 * @param opened Called with the open socket. The caller answers its pings.
 * @throws ServeError `E8008_UPGRADE` for a request that is not such a handshake.
 */
export async function acceptWebSocket(x: Exchange, opened: (socket: WebSocket) => void): Promise<Reply> {
  const key = handshakeKey(x)
  const { WebSocket } = await import('ws')
  return {
    ...emptyReply(101, ['Upgrade', 'websocket', 'Sec-WebSocket-Accept', webSocketAccept(key)]),
    takeover(connection, head) {
      // @ts-expect-error the types lack this form, in which the server of ws makes a socket after its handshake
      const socket: WebSocket & Adoptable = new WebSocket(null, undefined, { autoPong: false, closeTimeout: closeMs })
      socket.setSocket(connection, head, { maxPayload: messageBytes, skipUTF8Validation: false })
      opened(socket)
    },
  }
}

function handshakeKey(x: Exchange): string {
  const { headers } = x
  const names = (field: string, token: string): boolean =>
    (headers.get(field) ?? '').split(',').some((text) => text.trim().toLowerCase() === token)
  const key = headers.get('sec-websocket-key') ?? ''
  // RFC 9110 section 7.8: ignore Upgrade in HTTP/1.0, because a proxy that does not know the field may have passed it on.
  if (x.version === '1.0') throw upgradeNeeded()
  if (x.method !== 'GET' || !names('upgrade', 'websocket') || !names('connection', 'upgrade')) throw upgradeNeeded()
  if (headers.get('sec-websocket-version') !== '13') throw upgradeNeeded()
  if (!/^[+/\dA-Za-z]{22}==$/.test(key)) throw upgradeNeeded()
  return key
}

/** RFC 9110 section 15.5.22, RFC 6455 section 4.4. */
function upgradeNeeded(): ServeError {
  return new ServeError('E8008_UPGRADE', 'This URL accepts WebSocket handshakes only.', {
    headers: ['Upgrade', 'websocket', 'Sec-WebSocket-Version', '13'],
  })
}
