import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'
import type { NodeMessage } from './node-exchange.ts'

/** Header fields as Node keeps them, by name in lower case. */
type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * Whether a request asks for an upgrade and announces content. Node ends its reading at the header section of every
 * upgrade, so that the content is neither in the message nor told from what comes behind it.
 */
export function hasUnreadContent({ method, headers }: NodeMessage & { headers: Fields }): boolean {
  // A CONNECT has no content, whatever it says (RFC 9112 section 6.3).
  if (method === 'CONNECT') return false
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0)
}

/**
 * Gives a request back to the server of its connection without the wish for an upgrade, as if it had come so: a server
 * may ignore it (RFC 9110 section 7.8). It is the last on its connection, which starts over only once.
 *
 * @param rest What was read behind the header section.
 */
export function readAgain(request: NodeMessage, socket: Duplex, rest: Uint8Array): void {
  const { server, encrypted } = socket as unknown as { server: Server; encrypted?: boolean }
  const { method, url, httpVersion, rawHeaders } = request
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (!/^(?:connection|upgrade)$/i.test(name)) head += `${name}: ${rawHeaders[i + 1]}\r\n`
  }
  socket.unshift(Buffer.concat([Buffer.from(`${head}Connection: close\r\n\r\n`, 'latin1'), rest]))
  server.emit(encrypted === true ? 'secureConnection' : 'connection', socket)
}
