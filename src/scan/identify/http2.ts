import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { replyBytes, type Place } from './exchange.ts'
import type { HttpReply } from './reply.ts'
import { openTls } from './secure.ts'

/** A request over HTTP/2. */
export interface Http2Call {
  readonly method: string
  readonly path: string
  readonly authority: string
  readonly accept: string
  readonly timeMs: number
  readonly isSecure: boolean
}

/** Asks over HTTP/2, without TLS by prior knowledge (RFC 9113 section 3.3). Undefined without a reply. Never rejects. */
export function callHttp2(place: Place, request: Http2Call): Promise<HttpReply | undefined> {
  return new Promise((resolve) => {
    const { method, path, authority, accept, timeMs, isSecure } = request
    const socket: Socket = isSecure ? openTls(place, ['h2']) : connectTcp(place.port, place.address)
    const session = connectHttp2(`${isSecure ? 'https' : 'http'}://${authority}`, {
      createConnection: () => socket,
      settings: { enablePush: false, maxHeaderListSize: replyBytes },
      maxSessionMemory: 1,
    })
    let head: string | undefined
    let status = 0
    let length = 0
    const chunks: Buffer[] = []
    const settle = (): void => {
      clearTimeout(timer)
      place.signal.removeEventListener('abort', settle)
      session.destroy()
      socket.destroy()
      const body = Buffer.concat(chunks).subarray(0, replyBytes).toString('utf8')
      resolve(head === undefined ? undefined : { http: '2', status, head, body })
    }
    const timer = setTimeout(settle, timeMs)
    place.signal.addEventListener('abort', settle)
    session.on('error', settle)
    session.on('goaway', settle)
    session.on('close', settle)
    const stream = session.request({ ':method': method, ':path': path, accept })
    stream.on('error', settle)
    stream.on('response', (headers) => {
      status = Number(headers[':status'])
      const lines = Object.entries(headers).flatMap(([name, value]) =>
        name.startsWith(':') ? [] : [value ?? ''].flat().map((one) => `${name}: ${one}`),
      )
      head = [`HTTP/2 ${status}`, ...lines].join('\n')
    })
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length >= replyBytes) settle()
    })
    stream.once('end', settle)
    if (place.signal.aborted) settle()
  })
}
