import { request as sendRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { HeaderList } from '../../http/message/headers.ts'
import { awaitHead } from '../response/await-head.ts'
import { createDial } from '../upstream/connect.ts'
import { allowPaddedChunks, messageReply, passInterim } from './raw-response.ts'
import { isEventStream, protocolFault } from '../response/head.ts'
import type { OutboundRequest, Transport, TransportOptions, UpstreamReply } from '../types.ts'
import { UpstreamError, upstreamError } from '../upstream/upstream-error.ts'

/**
 * Sends requests with a trailer section over HTTP/1.1, which undici cannot. They are few, so each has a connection of
 * its own, which no other request can find in an unexpected state.
 */
export function createTrailerTransport(options: TransportOptions): Transport {
  const { upstream, timeouts, tls } = options
  const dial = createDial({ upstream, connectMs: timeouts.connectMs, tls, alpn: ['http/1.1'] })
  const sockets = new Set<Socket>()
  return {
    async send(request) {
      // It may break off before there is a connection.
      request.body?.on('error', () => {})
      const leaving = new AbortController()
      const { signal } = leaving
      const release = request.whenGone(() => leaving.abort())
      let socket: Socket | undefined
      try {
        socket = await dial(signal)
        sockets.add(socket)
        socket.once('close', () => {
          sockets.delete(socket as Socket)
          release()
        })
        return await converse(socket, request, signal, options)
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

function converse(
  socket: Socket,
  outbound: OutboundRequest,
  signal: AbortSignal,
  { upstream, timeouts, limits: { replyHeaderBytes } }: TransportOptions,
): Promise<UpstreamReply> {
  const { body } = outbound
  return new Promise((resolve, reject) => {
    const request = sendRequest({
      // Path and fields go out as they are given: an array is not sorted, joined or completed by Node.
      method: outbound.method,
      path: outbound.path,
      headers: framed(outbound),
      setHost: false,
      insecureHTTPParser: false,
      maxHeaderSize: replyHeaderBytes,
      createConnection: () => socket,
    })
    // Node drops what is above its count without a word; the size is the bound.
    request.maxHeadersCount = 0
    allowPaddedChunks(request, replyHeaderBytes)
    let answer: IncomingMessage | undefined
    const fail = (error: unknown): void => {
      // From then on it is the reply that breaks off.
      if (answer !== undefined) return void answer.destroy(error as Error)
      stopAwaiting()
      request.destroy()
      socket.destroy()
      reject(error)
    }
    const expire = (fault: 'headers-timeout' | 'total-timeout'): void =>
      fail(new UpstreamError(fault, `${upstream.label} did not answer in time.`, { wrote: true }))
    const leave = (): void => fail(new UpstreamError('left', 'The client left.', { wrote: true }))
    const stopAwaiting = awaitHead({
      ms: timeouts.headersMs,
      body,
      outlet: socket,
      expire: () => expire('headers-timeout'),
    })
    const forAll = bound(timeouts.totalMs, () => expire('total-timeout'))
    socket.once('close', () => clearTimeout(forAll))
    signal.addEventListener('abort', leave)
    // An upstream that has answered need not hear the rest of the request.
    request.on('error', (error) => answer === undefined && fail(error))
    request.once('upgrade', () => fail(protocolFault('it switched protocols unasked')))
    passInterim(request, outbound, fail)
    request.once('response', (message) => {
      try {
        const reply = messageReply(message, socket, outbound, timeouts.bodyIdleMs)
        if (isEventStream(reply.headers)) clearTimeout(forAll)
        stopAwaiting()
        message.on('error', () => {})
        // What the parser refuses of the same packet is an error of the request until then.
        queueMicrotask(() => {
          answer = message
          resolve(reply)
        })
      } catch (error) {
        fail(error)
      }
    })
    if (signal.aborted) return leave()
    if (body === null) return fail(protocolFault('no content, no trailers'))
    // Without its end the upstream must not take it for whole.
    body.once('error', leave)
    sendContent(body, request, socket, outbound)
  })
}

/** Milliseconds that a header section waits for content, so that both go out in one piece. */
const headMs = 2

/** Sends content with backpressure, and behind it the trailers. */
function sendContent(body: Readable, request: ClientRequest, socket: Socket, { trailers, announced }: OutboundRequest) {
  // An upstream may answer what has not been said yet.
  const head = setTimeout(() => request.flushHeaders(), headMs)
  socket.once('close', () => clearTimeout(head))
  body.once('data', () => clearTimeout(head))
  body.on('data', (chunk: Uint8Array) => {
    if (!request.write(chunk)) body.pause()
  })
  request.on('drain', () => body.resume())
  body.once('end', () => {
    const section = trailers?.() ?? []
    // What we send we announce, and we can only announce what was announced to us (RFC 9110 section 6.6.2).
    request.addTrailers(pairsOf(section).filter(([name]) => announced?.includes(name.toLowerCase()) === true))
    request.end()
  })
  // An upstream may answer and be done before it was told everything: the rest is read and dropped.
  socket.once('close', () => body.destroy())
}

function pairsOf(list: HeaderList): [string, string][] {
  return list.flatMap((name, i) => (i % 2 === 0 ? [[name, list[i + 1] as string] as [string, string]] : []))
}

/** Framing follows from what we send, never from what the client said (RFC 9112 section 6). */
function framed({ headers, announced = [] }: OutboundRequest): string[] {
  return [...headers, 'Trailer', announced.join(', '), 'Transfer-Encoding', 'chunked', 'Connection', 'close']
}

function bound(ms: number, act: () => void): NodeJS.Timeout | undefined {
  return ms === 0 ? undefined : setTimeout(act, ms)
}
