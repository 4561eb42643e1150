import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'
import type { NodeMessage } from './node-exchange.ts'

/** Header fields as Node keeps them, by name in lower case. */
type Message = NodeMessage & { headers: Record<string, string | string[] | undefined> }

/** From here on Node reads the content of a request that asks for an upgrade; before, it ended at the header section. */
const readsContent = Number.parseInt(process.versions.node, 10) >= 26

/** Whether a request announces content, beside whatever else it asks for. */
export function announcesContent({ method, headers }: Message): boolean {
  // A CONNECT has no content, whatever it says (RFC 9112 section 6.3).
  if (method === 'CONNECT') return false
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0)
}

/** Takes the wish for an upgrade out of a request: a server may ignore it (RFC 9110 section 7.8). */
function ignoreUpgrade({ headers, rawHeaders }: Message): void {
  delete headers['upgrade']
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    if (/^upgrade$/i.test(rawHeaders[i] as string)) (rawHeaders as string[]).splice(i, 2)
  }
}

/**
 * Node's `shouldUpgradeCallback`, which its releases since 22.21 and 24.9 ask: requests with content stay ordinary ones, so
 * that the content is read, and told from what comes behind it.
 */
export function shouldUpgrade(request: Message): boolean {
  if (!announcesContent(request)) return true
  ignoreUpgrade(request)
  return false
}

/**
 * Gives an upgrade with content back to the server that it came from, as the ordinary request that it is without. It is
 * the last on its connection.
 *
 * @param rest What was read behind the header section.
 * @param handOver Answers a message whose content Node has read or goes on reading.
 */
export function handBack(request: Message, socket: Duplex, rest: Uint8Array, handOver: () => void): void {
  ignoreUpgrade(request)
  if (readsContent) return handOver()
  const { server, encrypted } = socket as unknown as { server: Server; encrypted?: boolean }
  const { method, url, httpVersion, rawHeaders } = request
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  socket.unshift(Buffer.concat([Buffer.from(`${head}Connection: close\r\n\r\n`, 'latin1'), rest]))
  server.emit(encrypted === true ? 'secureConnection' : 'connection', socket)
}
