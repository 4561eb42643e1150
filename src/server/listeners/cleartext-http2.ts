import type { Server } from 'node:net'
import type { Adapter } from '../../http/h1/server.ts'
import { passToHttp2, sniffProtocol, type UndecidedConnections } from './protocol-sniffer.ts'

/** The first bytes of every HTTP/2 connection (RFC 9113 section 3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/**
 * Lets a listener for plain HTTP accept HTTP/2 too, from clients with prior knowledge (RFC 9113 section 3.3). It may be
 * listening already: the next connection is the first.
 */
export function takeCleartextHttp2(
  listener: Server,
  adapter: Adapter,
  undecided: UndecidedConnections,
  headerMs: number,
): void {
  sniffProtocol(listener, undecided, {
    headerMs,
    admit: adapter.connections.admit,
    isEnough: (bytes) => bytes.length >= preface.length || !startsPreface(bytes),
    route: (socket, bytes, take) => {
      if (!startsPreface(bytes)) return take(socket)
      undecided.delete(socket)
      passToHttp2(adapter, socket)
    },
  })
}

function startsPreface(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, preface.length)
  return bytes.compare(preface, 0, length, 0, length) === 0
}
