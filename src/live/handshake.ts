import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { ServeError } from '../core/serve-error.ts'
import type { Exchange } from '../http/message/exchange.ts'
import { emptyReply, type Reply } from '../http/message/reply.ts'
import { webSocketAccept } from '../http/message/websocket-accept.ts'

/** Bytes of one message from a page: room for the paths of a page with thousands of resources. */
const messageBytes = 256 * 1024

/** Milliseconds that a page gets to answer a close. ws has no default for sockets that it is handed. */
const closeMs = 1000

/** The part of ws that its own server uses once a handshake is done. */
interface Adoptable {
  setSocket(socket: Duplex, head: Uint8Array, options: object): void
}

/**
 * Answers the opening handshake of a WebSocket (RFC 6455 section 4.2). The 101 is a reply like any other, so upgrades
 * walk the same pipeline; ws takes over the connection behind it.
 *
 * @param opened called with the open socket, which leaves it to the caller to answer pings.
 * @throws ServeError `E8008_UPGRADE` for a request that is no handshake.
 */
export async function acceptWebSocket(x: Exchange, opened: (socket: WebSocket) => void): Promise<Reply> {
  const key = handshakeKey(x)
  const { WebSocket } = await import('ws')
  return {
    ...emptyReply(101, ['Upgrade', 'websocket', 'Sec-WebSocket-Accept', webSocketAccept(key)]),
    takeover(connection, head) {
      // @ts-expect-error the form that ws's own server uses: a socket that did the handshake elsewhere
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
  // Of a client of HTTP/1.0 the field has to be ignored (RFC 9110 section 7.8): it may have gone through an old proxy.
  if (x.version === '1.0') throw upgradeNeeded()
  if (x.method !== 'GET' || !names('upgrade', 'websocket') || !names('connection', 'upgrade')) throw upgradeNeeded()
  if (headers.get('sec-websocket-version') !== '13') throw upgradeNeeded()
  if (!/^[+/\dA-Za-z]{22}==$/.test(key)) throw upgradeNeeded()
  return key
}

/** RFC 9110 section 15.5.22, RFC 6455 section 4.4. */
function upgradeNeeded(): ServeError {
  return new ServeError('E8008_UPGRADE', 'This address is for WebSockets only.', {
    headers: ['Upgrade', 'websocket', 'Sec-WebSocket-Version', '13'],
  })
}
