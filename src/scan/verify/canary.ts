import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { nodeCrypto } from '../../core/util/builtin.ts'

/**
 * A listener on the loopback that no request should reach: who contacts it was told to by the request. It answers with a
 * secret that stands in no request, so a server cannot pretend; the contact alone is what counts, because a proxy may reach
 * the listener and never pass its answer on.
 */
export interface Canary {
  /** `127.0.0.1:40123` or `[::1]:40123`. */
  readonly authority: string
  readonly wasContacted: () => boolean
  /** Whether a connection to it has sent a text. */
  readonly hasHeard: (text: string) => boolean
  close(): void
}

/** Most characters of each connection that are kept: a request line with the fields that proxies add. */
const mostHeard = 4096

/** Opens a canary. Undefined where this machine does not have the address, as without IPv6. */
export async function openCanary(address: '127.0.0.1' | '::1'): Promise<Canary | undefined> {
  const secret = nodeCrypto().randomBytes(16).toString('hex')
  const sockets = new Set<Socket>()
  let wasContacted = false
  const heard: string[] = []
  const server = createServer((socket) => {
    wasContacted = true
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    const at = heard.push('') - 1
    socket.on('data', (chunk) => (heard[at] = `${heard[at]}${chunk.toString('latin1')}`.slice(0, mostHeard)))
    socket.once('data', () => {
      socket.end(
        `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${secret.length}\r\nConnection: close\r\n\r\n${secret}`,
      )
    })
  })
  server.listen(0, address)
  try {
    await once(server, 'listening')
  } catch {
    return undefined
  }
  const { port } = server.address() as AddressInfo
  return {
    authority: `${address === '::1' ? '[::1]' : address}:${port}`,
    wasContacted: () => wasContacted,
    hasHeard: (text) => heard.some((each) => each.includes(text)),
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
