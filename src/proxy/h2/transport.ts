import { constants, type ClientHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import { awaitHead, startTimeout } from '../response/await-head.ts'
import { createConnector } from '../upstream/connect.ts'
import { cancelStream } from '../../http/h2/reset.ts'
import { http2Body } from './body.ts'
import { http2RequestFields, http2Trailers, isGrpc, plainFields } from './fields.ts'
import { createHttp2Session, type Http2Session } from './session.ts'
import { upgradeHttp2 } from './upgrade.ts'
import { isEventStream, maxInterim } from '../response/head.ts'
import type { UpstreamRequest, Transport, TransportOptions, UpstreamFault, UpstreamReply } from '../types.ts'
import { clientLeftFault, UpstreamError, upstreamError } from '../upstream/upstream-error.ts'

/** Sends requests to one upstream over one HTTP/2 session that all exchanges share. */
export function createHttp2Transport(options: TransportOptions): Transport {
  const { upstream, timeouts, tls, limits } = options
  const { replyHeaderBytes } = limits
  const connector = createConnector({ upstream, connectMs: timeouts.connectMs, tls, alpn: ['h2'] })
  const scheme = upstream.protocol === 'h2:' ? 'https' : 'http'
  const authority = `${scheme}://${upstream.authority}`
  const session = createHttp2Session({ authority, connector, connectMs: timeouts.connectMs, replyHeaderBytes })
  return {
    async send(request) {
      // The content may fail before the stream is open; without a listener that would end the process.
      request.body?.on('error', () => {})
      const leaving = new AbortController()
      const { signal } = leaving
      const release = request.whenGone(() => leaving.abort())
      try {
        const stream = await openStream(session, request, signal, options)
        stream.once('close', release)
        return await exchangeOnStream(stream, request, signal, options)
      } catch (error) {
        release()
        throw error
      }
    },
    upgrade: (...asked) => upgradeHttp2(session, options, asked),
    close: () => session.close(),
  }
}

async function openStream(
  session: Http2Session,
  request: UpstreamRequest,
  signal: AbortSignal,
  { upstream }: TransportOptions,
): Promise<ClientHttp2Stream> {
  const { body } = request
  for (let attempt = 0; ; attempt++) {
    const open = await session.acquire(signal)
    try {
      const fields = http2RequestFields(request, upstream)
      // Content with Content-Length has no trailer section.
      const waitForTrailers = body !== null && request.length === undefined
      const stream = open.request(fields, { endStream: body === null, waitForTrailers })
      if (waitForTrailers) stream.once('wantTrailers', () => sendTrailers(stream, request))
      stream.on('error', () => {})
      session.follow(open, stream)
      return stream
    } catch (error) {
      session.released(open)
      // The session may have closed between acquire() and request().
      const isSessionClosed = open.closed || open.destroyed
      if (!isSessionClosed || attempt > 0) throw upstreamError(error, isSessionClosed ? 'reset' : 'protocol', false)
    }
  }
}

/** Sends the trailer section, which ends the stream. */
function sendTrailers(stream: ClientHttp2Stream, request: UpstreamRequest): void {
  // sendTrailers() throws if the stream was reset meanwhile, which would end the process here.
  if (stream.destroyed || stream.closed) return
  stream.sendTrailers(http2Trailers(request.trailers?.() ?? []))
}

function exchangeOnStream(
  stream: ClientHttp2Stream,
  request: UpstreamRequest,
  signal: AbortSignal,
  { upstream, timeouts, limits: { replyHeaderBytes } }: TransportOptions,
): Promise<UpstreamReply> {
  return new Promise((resolve, reject) => {
    let interim = 0
    let answered = false
    const fail = (error: unknown): void => {
      settle()
      cancelStream(stream)
      reject(error)
    }
    const fault = (name: UpstreamFault, message: string): void =>
      fail(new UpstreamError(name, message, { wrote: true }))
    const leave = (cause?: unknown): void => fail(clientLeftFault(true, cause))
    const left = (): void => leave()
    const late = `${upstream.label} did not answer in time.`
    const stopAwaiting = awaitHead({
      ms: timeouts.headersMs,
      body: request.body,
      outlet: stream,
      expire: () => fault('headers-timeout', late),
    })
    const forAll = startTimeout(timeouts.totalMs, () => fault('total-timeout', late))
    const settle = (): void => {
      answered = true
      stopAwaiting()
      signal.removeEventListener('abort', left)
    }
    stream.once('close', () => clearTimeout(forAll))
    signal.addEventListener('abort', left)
    stream.once('error', (error) => fail(streamError(stream, error)))
    stream.once('close', () => answered || fail(streamError(stream, new Error('The stream was closed.'))))
    stream.on('headers', (headers, _flags, raw?: string[]) => {
      const status = Number(headers[':status'])
      if (++interim > maxInterim) fault('protocol', `It sends more than ${maxInterim} interim responses.`)
      else if (!answered && status !== 100 && status !== 101) request.inform(status, plainFields(raw ?? []))
    })
    stream.once('response', (headers, flags, raw?: string[]) => {
      const status = Number(headers[':status'])
      if (!(status >= 200 && status <= 999)) return fault('protocol', `Its status is ${status}.`)
      if (headSize(raw ?? []) > replyHeaderBytes)
        return fault('headers-too-large', `more than ${replyHeaderBytes} bytes`)
      settle()
      const fields = plainFields(raw ?? [])
      const isLongLived = isGrpc(fields) || isEventStream(fields)
      if (isLongLived) clearTimeout(forAll)
      const body = hasContent(stream, status, flags, request)
        ? http2Body(stream, fields, isLongLived ? 0 : timeouts.bodyIdleMs)
        : null
      resolve({ status, headers: fields, body })
    })
    if (request.body !== null) sendBody(request.body, stream, (error) => answered || leave(error))
    if (signal.aborted) leave()
  })
}

/** A refused stream did not reach the application (RFC 9113 section 8.7), so a retry is safe. */
function streamError(stream: ClientHttp2Stream, error: unknown): UpstreamError {
  const isRefused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || stream.id === undefined
  return upstreamError(error, 'reset', !isRefused)
}

/** Whether content follows. If not, the stream is still read to its end. */
function hasContent(stream: ClientHttp2Stream, status: number, flags: number, { method }: UpstreamRequest): boolean {
  // A gRPC call that fails immediately ends its stream with the header section, and clients depend on that.
  const isOver = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
  if (method !== 'HEAD' && status !== 204 && status !== 304 && !isOver) return true
  stream.resume().once('end', () => stream.writableEnded || cancelStream(stream))
  return false
}

function headSize(texts: readonly string[]): number {
  let bytes = 0
  for (const { length } of texts) bytes += length
  return bytes
}

/**
 * Sends content with backpressure. Truncated content resets the stream. The stream ends only after every chunk was
 * written, so that a reset never meets an end that waits for the flow-control window.
 */
function sendBody(body: Readable, stream: ClientHttp2Stream, fail: (error: unknown) => void) {
  let waiting = 0
  let isWhole = false
  const broken = (error: unknown): void => {
    cancelStream(stream)
    fail(error)
  }
  const written = (): void => {
    waiting--
    end()
  }
  const end = (): void => {
    if (isWhole && waiting === 0 && !stream.destroyed && !stream.closed) stream.end()
  }
  const write = (chunk: Uint8Array): void => {
    waiting++
    if (!stream.write(chunk, written)) body.pause()
  }
  if (body.destroyed) return broken(body.errored ?? new Error('The request content was destroyed.'))
  body.once('error', broken)
  body.once('end', () => {
    isWhole = true
    end()
  })
  stream.on('drain', () => body.resume())
  // The upstream may close the stream before it has read all content: the rest is read and dropped.
  stream.once('close', () => {
    body.off('data', write)
    body.resume()
  })
  body.on('data', write)
}
