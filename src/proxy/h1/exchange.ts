import type { Dispatcher } from 'undici'
import { withoutField, type HeaderList } from '../../http/message/headers.ts'
import type { Sink, Source } from '../../http/message/reply.ts'
import { awaitHead } from '../response/await-head.ts'
import type { Http1Connection, ConnectionUser } from './connection.ts'
import {
  maxInterim,
  protocolError,
  readReason,
  readResponseHead,
  latin1Texts,
  type ResponseHead,
} from '../response/head.ts'
import { returnToPool, isPooled } from '../upstream/read-buffers.ts'
import type { UpstreamRequest, TransportOptions, UpstreamFault, UpstreamReply } from '../types.ts'
import { clientLeftFault, UpstreamError, upstreamError } from '../upstream/upstream-error.ts'

type Controller = Dispatcher.DispatchController

/** Buffered bytes at which reading from the upstream pauses, and at which it resumes. */
const highWater = 256 * 1024
const lowWater = 192 * 1024

/** One request to an upstream through undici, and its response. */
export class UpstreamExchange implements Source, ConnectionUser, Dispatcher.DispatchHandler {
  /** The connection that the request was sent on. */
  connection: Http1Connection | undefined
  readonly #request: UpstreamRequest
  readonly #timeouts: TransportOptions['timeouts']
  #isReused = false
  #controller: Controller | undefined
  #release: () => void = () => {}
  #interim = 0
  #status = 0
  #isHttp10 = false
  #reason: string | undefined
  #head: ResponseHead | undefined
  #settle: { answered: () => void; failed: (error: UpstreamError) => void } | undefined
  #early: Uint8Array[] = []
  #ended = false
  #trailers: HeaderList | undefined
  #error: UpstreamError | undefined
  #sink: Sink | undefined
  #pulled: { done: (trailers: HeaderList | undefined) => void; failed: (error: unknown) => void } | undefined
  #waiting = 0
  #paused = false
  #idle: NodeJS.Timeout | undefined
  #total: NodeJS.Timeout | undefined
  #stopAwaiting: () => void = () => {}

  constructor(request: UpstreamRequest, timeouts: TransportOptions['timeouts']) {
    this.#request = request
    this.#timeouts = timeouts
  }

  get length(): number | undefined {
    return this.#head?.length
  }

  /**
   * Whether it failed because the upstream had closed a reused connection: before a byte of the response, or before a
   * byte of the request was sent (`wrote` is false).
   */
  get isStale(): boolean {
    const { fault, wrote } = this.#error ?? {}
    return fault === 'reset' && (wrote === false || (this.#isReused && this.connection?.isAnswered === false))
  }

  /** Sends the request. */
  async run(dispatch: (exchange: UpstreamExchange) => unknown): Promise<UpstreamReply> {
    this.#release = this.#request.whenGone(() => this.#fail(clientLeftFault(true)))
    if (this.#error !== undefined) throw clientLeftFault(true)
    this.#request.body?.once('error', () => this.#fail(clientLeftFault(true)))
    if (this.#timeouts.totalMs > 0)
      this.#total = setTimeout(() => this.#expire('total-timeout'), this.#timeouts.totalMs)
    await new Promise<void>((answered, failed) => {
      this.#settle = { answered, failed }
      dispatch(this)
    })
    return this.#reply()
  }

  /** Runs after everything in the packet of the header section was parsed. */
  #reply(): UpstreamReply {
    const head = this.#head as ResponseHead
    const status = this.#status
    const start = { status, reason: this.#reason, isHttp10: this.#isHttp10, headers: head.fields }
    if (this.#error !== undefined) throw this.#error
    if (head.isEventStream) clearTimeout(this.#total)
    if (status === 204 || status === 304) return { ...start, body: null }
    // undici reports a parse error only when the connection is closed, which is later.
    const refused = this.#ended ? undefined : this.connection?.socket?.errored
    if (refused) throw upstreamError(refused, 'protocol', true)
    if (this.#ended && this.#trailers === undefined && this.#request.method !== 'HEAD') {
      return { ...start, body: joined(this.#early) }
    }
    const { bodyIdleMs } = this.#timeouts
    if (!this.#ended && bodyIdleMs > 0 && !head.isEventStream) {
      this.#idle = setTimeout(() => {
        // While reading is paused for a slow client, the upstream is not idle.
        if (this.#paused) this.#idle?.refresh()
        else this.#expire('body-timeout')
      }, bodyIdleMs)
    }
    return { ...start, body: this }
  }

  pull(sink: Sink): Promise<HeaderList | undefined> {
    return new Promise((done, failed) => {
      this.#sink = sink
      this.#pulled = { done, failed }
      this.#waiting = 0
      for (const chunk of this.#early) this.#write(chunk)
      this.#early = []
      this.#resumeIfDrained()
      if (this.#error !== undefined) failed(this.#error)
      else if (this.#ended) done(this.#trailers)
    })
  }

  cancel(): void {
    this.#fail(new UpstreamError('reset', 'its response was cancelled', { wrote: true }))
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    this.#isReused = this.connection?.begin(this) === true
    // undici writes each chunk of the content immediately, so it can go to the socket directly.
    if (this.connection?.socket !== undefined) this.#request.body?.goTo?.(this.connection.socket)
    // The client disconnected while the request was queued.
    if (this.#error !== undefined) return controller.abort(this.#error)
    const { headersMs: ms } = this.#timeouts
    const expire = (): void => this.#expire('headers-timeout')
    // undici starts a request again if its connection was closed first.
    this.#stopAwaiting()
    this.#stopAwaiting = awaitHead({ ms, body: this.#request.body, outlet: this.connection?.socket, expire })
  }

  onResponseStart(controller: Controller, status: number): void {
    if (status < 100 || status > 599) return this.#fail(protocolError(`its status is ${status}`))
    try {
      const head = readResponseHead(latin1Texts(controller.rawHeaders as Buffer[]))
      if (status < 200) return this.#inform(status, head.fields)
      this.#stopAwaiting()
      this.#status = status
      this.#reason = readReason(this.connection?.reason)
      this.#head = head
      this.#isHttp10 = this.connection?.isHttp10 === true
    } catch (error) {
      return this.#fail(upstreamError(error, 'protocol', true))
    }
    this.#settle?.answered()
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    // undici's parser sends an empty chunk when it resumes, which must not pause it again.
    if (chunk.byteLength === 0) return
    this.#idle?.refresh()
    if (this.#sink !== undefined) this.#write(chunk)
    else {
      this.#early.push(chunk)
      this.#waiting += chunk.byteLength
    }
    if (this.#waiting > highWater && !this.#paused) {
      this.#paused = true
      controller.pause()
    }
  }

  onResponseEnd(controller: Controller): void {
    if (this.#error !== undefined) return
    this.#ended = true
    this.#stopClocks()
    const raw = controller.rawTrailers as Buffer[] | null | undefined
    if (raw !== undefined && raw !== null && raw.length > 0) {
      try {
        this.#trailers = readResponseHead(latin1Texts(raw)).fields
      } catch (error) {
        return this.#settleWith(upstreamError(error, 'protocol', true))
      }
    }
    this.#pulled?.done(this.#trailers)
  }

  onResponseError(_: Controller, cause: Error): void {
    // undici reports every fault in a message with Content-Length by this code.
    const isLength = (cause as { code?: string }).code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
    const isMalformedHead = isLength && this.#head === undefined
    const wrote = this.#controller !== undefined
    // A failure before the first write comes from the connector, which gives its own fault, or from an idle connection.
    this.#settleWith(
      isMalformedHead ? protocolError('its header section is malformed', cause) : upstreamError(cause, 'reset', wrote),
    )
  }

  #inform(status: number, fields: HeaderList): void {
    // 100 is not forwarded because the content is being sent already, and 101 because no upgrade was requested.
    if (++this.#interim > maxInterim)
      return this.#fail(protocolError(`it sends more than ${maxInterim} interim responses`))
    // RFC 9110 section 8.6: an interim response has no Content-Length.
    if (status > 101) this.#request.inform(status, withoutField(fields, 'content-length'))
  }

  #write(chunk: Uint8Array): void {
    if (this.#error !== undefined) return
    let written: Promise<void> | void
    try {
      const free = isPooled(chunk) ? () => returnToPool(chunk) : undefined
      written = this.#sink?.pass === undefined ? this.#sink?.write(chunk) : this.#sink.pass(chunk, free)
    } catch (error) {
      return this.#clientFailed(error)
    }
    const { byteLength } = chunk
    if (written === undefined) return
    this.#waiting += byteLength
    written.then(
      () => {
        this.#waiting -= byteLength
        this.#resumeIfDrained()
      },
      (error: unknown) => this.#clientFailed(error),
    )
  }

  #resumeIfDrained(): void {
    if (this.#waiting <= lowWater) this.resume()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#idle?.refresh()
    this.#controller?.resume()
  }

  /** Writing to the client failed: the pull rejects with that error. */
  #clientFailed(error: unknown): void {
    this.#pulled?.failed(error)
    this.cancel()
  }

  #expire(fault: UpstreamFault): void {
    this.#fail(new UpstreamError(fault, '', { wrote: this.#controller !== undefined }))
  }

  /** Aborts the exchange, and closes its connection. */
  #fail(error: UpstreamError): void {
    // After the end of the response its connection may serve another exchange.
    if (this.#error !== undefined || this.#ended) return
    this.#settleWith(error)
    if (this.#controller === undefined) return
    // Without this, undici would treat the request as never sent, and send it on a new connection.
    this.connection?.socket?.destroy(error)
    this.#controller.abort(error)
  }

  #settleWith(error: UpstreamError): void {
    if (this.#error !== undefined) return
    this.#error = error
    this.#early = []
    this.#stopClocks()
    this.#settle?.failed(error)
    this.#pulled?.failed(error)
  }

  #stopClocks(): void {
    this.#stopAwaiting()
    clearTimeout(this.#idle)
    clearTimeout(this.#total)
    this.#release()
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
}
