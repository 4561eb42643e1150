import { connect, constants, type OutgoingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'
import { mostReplyBytes, type Received, type SendOptions } from './http1.ts'

/** The connection preface with an empty SETTINGS frame (RFC 9113 section 3.4). */
const preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
])

/** Whether a server answers the preface by a SETTINGS frame. Destroys the connection. */
export function speaksHttp2(socket: Duplex, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0)
    const end = (isSpoken: boolean): void => {
      clearTimeout(timer)
      resolve(isSpoken)
      socket.destroy()
    }
    const timer = setTimeout(() => end(false), timeoutMs)
    socket.on('error', () => {})
    socket.on('close', () => end(false))
    socket.on('end', () => end(false))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= 9) end(received[3] === 4 && !received.toString('latin1').startsWith('HTTP/'))
    })
    socket.write(preface)
  })
}

/** Sends one request over a connection of its own, as {@link sendHttp1} does over HTTP/1.1. Pseudo-fields are sent as given. */
export function sendHttp2(socket: Duplex, headers: OutgoingHttpHeaders, options: SendOptions): Promise<Received> {
  const { timeoutMs, headOnly = false, tunnelled } = options
  return new Promise((resolve) => {
    let status: number | undefined
    let body = ''
    const fields = new Map<string, string>()
    const timer = setTimeout(() => end(true), timeoutMs)
    // The host of this URL is not used: each request names its authority.
    const session = connect('http://localhost', { createConnection: () => socket })

    function end(isLate: boolean): void {
      clearTimeout(timer)
      session.destroy()
      socket.destroy()
      resolve({ status, fields, body, isLate })
    }

    session.on('error', () => end(false))
    session.on('close', () => end(false))
    // Extended CONNECT needs the settings of the server first (RFC 8441 section 3).
    session.once('remoteSettings', () => {
      try {
        const isTunnel = headers[constants.HTTP2_HEADER_METHOD] === 'CONNECT'
        const stream = session.request(headers, { endStream: !isTunnel })
        stream.on('response', (received) => {
          status = received[':status']
          for (const [name, value] of Object.entries(received)) fields.set(name, String(value))
          if (isTunnel && status !== undefined && status < 300 && tunnelled !== undefined)
            stream.write(tunnelled, 'latin1')
          else if (headOnly || isTunnel) end(false)
        })
        stream.on('data', (chunk: Buffer) => {
          body += chunk.toString('latin1')
          if (body.length > mostReplyBytes) end(false)
        })
        stream.on('error', () => end(false))
        stream.on('close', () => end(false))
      } catch {
        // Node refuses to send it.
        end(false)
      }
    })
  })
}
