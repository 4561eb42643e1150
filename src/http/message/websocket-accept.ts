import { nodeCrypto } from '../../core/util/builtin.ts'

/** The `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key` (RFC 6455 section 4.2.2). */
export function webSocketAccept(key: string): string {
  return nodeCrypto().createHash('sha1').update(`${key.trim()}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}
