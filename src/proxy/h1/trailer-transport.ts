import { request as sendRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { HeaderList } from '../../http/message/headers.ts'
import { awaitHead, startTimeout } from '../response/await-head.ts'
import { createConnector } from '../upstream/connect.ts'
import { allowPaddedChunks, rawResponse, forwardInterim } from './raw-response.ts'
import { isEventStream, protocolError } from '../response/head.ts'
import type { UpstreamRequest, Transport, TransportOptions, UpstreamReply } from '../types.ts'
import { clientLeftFault, UpstreamError, upstreamError } from '../upstream/upstream-error.ts'

/**
 * Sends requests with a trailer section over HTTP/1.1, which undici does not support. Such requests are rare, so each uses
 * its own connection, whose state cannot affect another request.
 */
export function createTrailerTransport(options: TransportOptions): Transport {
  const { upstream, timeouts, tls } = options
  const connector = createConnector({ upstream, connectMs: timeouts.connectMs, tls, alpn: ['http/1.1'] })
  const sockets = new Set<Socket>()
  return {
    async send(request) {
      // The content may fail before the connection is open; without a listener that would end the process.
      request.body?.on('error', () => {})
      const leaving = new AbortController()
      const { signal } = leaving
      const release = request.whenGone(() => leaving.abort())
      let socket: Socket | undefined
      try {
        socket = await connector(signal)
        sockets.add(socket)
        socket.once('close', () => {
          sockets.delete(socket as Socket)
          release()
        })
        return await exchangeOnSocket(socket, request, signal, options)
      } catch (error) {
        release()
        socket?.destroy()
        throw upstreamError(error, 'reset', true)
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function exchangeOnSocket(
  socket: Socket,
  outbound: UpstreamRequest,
  signal: AbortSignal,
  { upstream, timeouts, limits: { replyHeaderBytes } }: TransportOptions,
): Promise<UpstreamReply> {
  const { body } = outbound
  return new Promise((resolve, reject) => {
    const request = sendRequest({
      // Node sends an array of fields unchanged: not sorted, joined or completed.
      method: outbound.method,
      path: outbound.path,
      headers: withChunkedFraming(outbound),
      setHost: false,
      insecureHTTPParser: false,
      maxHeaderSize: replyHeaderBytes,
      createConnection: () => socket,
    })
    // Node silently drops fields above its default count. maxHeaderSize is the limit here.
    request.maxHeadersCount = 0
    allowPaddedChunks(request, replyHeaderBytes)
    let answer: IncomingMessage | undefined
    const fail = (error: unknown): void => {
      // After the header section an error fails the content.
      if (answer !== undefined) return void answer.destroy(error as Error)
      stopAwaiting()
      request.destroy()
      socket.destroy()
      reject(error)
    }
    const expire = (fault: 'headers-timeout' | 'total-timeout'): void =>
      fail(new UpstreamError(fault, `${upstream.label} did not answer in time.`, { wrote: true }))
    const leave = (): void => fail(clientLeftFault(true))
    const stopAwaiting = awaitHead({
      ms: timeouts.headersMs,
      body,
      outlet: socket,
      expire: () => expire('headers-timeout'),
    })
    const forAll = startTimeout(timeouts.totalMs, () => expire('total-timeout'))
    socket.once('close', () => clearTimeout(forAll))
    signal.addEventListener('abort', leave)
    // After the response has begun, a failed write of the request does not matter.
    request.on('error', (error) => answer === undefined && fail(error))
    request.once('upgrade', () => fail(protocolError('it switches protocols without a request to upgrade')))
    forwardInterim(request, outbound, fail)
    request.once('response', (message) => {
      try {
        const reply = rawResponse(message, socket, outbound, timeouts.bodyIdleMs)
        if (isEventStream(reply.headers)) clearTimeout(forAll)
        stopAwaiting()
        message.on('error', () => {})
        // A parse error in the rest of the packet must still fail the request.
        queueMicrotask(() => {
          answer = message
          resolve(reply)
        })
      } catch (error) {
        fail(error)
      }
    })
    if (signal.aborted) return leave()
    if (body === null) return fail(protocolError('the request has trailers without content'))
    // A truncated request must not look complete to the upstream.
    body.once('error', leave)
    sendWithTrailers(body, request, socket, outbound)
  })
}

/** Milliseconds that the header section waits for content, to send both in one packet. */
const headMs = 2

/** Sends content with backpressure, then the trailer section. */
function sendWithTrailers(
  body: Readable,
  request: ClientRequest,
  socket: Socket,
  { trailers, announced }: UpstreamRequest,
) {
  // Some upstreams answer before any content arrives, so the header section must not wait longer.
  const head = setTimeout(() => request.flushHeaders(), headMs)
  socket.once('close', () => clearTimeout(head))
  body.once('data', () => clearTimeout(head))
  body.on('data', (chunk: Uint8Array) => {
    if (!request.write(chunk)) body.pause()
  })
  request.on('drain', () => body.resume())
  body.once('end', () => {
    const section = trailers?.() ?? []
    // The proxy sends only the trailer fields that it announced, as the client did (RFC 9110 section 6.6.2).
    request.addTrailers(pairsOf(section).filter(([name]) => announced?.includes(name.toLowerCase()) === true))
    request.end()
  })
  // The upstream may close before it has read all content.
  socket.once('close', () => body.destroy())
}

function pairsOf(list: HeaderList): [string, string][] {
  return list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1] as string] as [string, string]] : []))
}

/** Framing depends on what the proxy sends, not on the client's framing (RFC 9112 section 6). */
function withChunkedFraming({ headers, announced = [] }: UpstreamRequest): string[] {
  return [...headers, 'Trailer', announced.join(', '), 'Transfer-Encoding', 'chunked', 'Connection', 'close']
}
