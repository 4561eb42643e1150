import type { Dispatcher } from 'undici'
import { withoutField, type HeaderList } from '../../http/message/headers.ts'
import type { Sink, Source } from '../../http/message/reply.ts'
import { awaitHead } from '../response/await-head.ts'
import type { Line, LineUser } from './connection.ts'
import { maxInterim, protocolFault, readReason, readResponseHead, texts, type ResponseHead } from '../response/head.ts'
import { giveBack, isLent } from '../upstream/read-buffers.ts'
import type { OutboundRequest, TransportOptions, UpstreamFault, UpstreamReply } from '../types.ts'
import { UpstreamError, upstreamError } from '../upstream/upstream-error.ts'

type Controller = Dispatcher.DispatchController

/** Bytes that may wait for the client before the upstream is paused, and those at which it goes on. */
const highWater = 256 * 1024
const lowWater = 192 * 1024

/** One request to an upstream, and the reply as it comes. */
export class Http1Exchange implements Source, LineUser, Dispatcher.DispatchHandler {
  /** What it was sent on. */
  line: Line | undefined
  readonly #request: OutboundRequest
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

  constructor(request: OutboundRequest, timeouts: TransportOptions['timeouts']) {
    this.#request = request
    this.#timeouts = timeouts
  }

  get length(): number | undefined {
    return this.#head?.length
  }

  /**
   * Whether it failed because the upstream had given up its connection, which had served before: without a byte of a
   * reply, and where it was not `wrote`, without a byte of the request.
   */
  get isStale(): boolean {
    const { fault, wrote } = this.#error ?? {}
    return fault === 'reset' && (wrote === false || (this.#isReused && this.line?.isAnswered === false))
  }

  /** Sends the request. */
  async run(dispatch: (exchange: Http1Exchange) => unknown): Promise<UpstreamReply> {
    this.#release = this.#request.whenGone(() => this.#fail(leftError()))
    if (this.#error !== undefined) throw leftError()
    this.#request.body?.once('error', () => this.#fail(leftError()))
    if (this.#timeouts.totalMs > 0)
      this.#total = setTimeout(() => this.#expire('total-timeout'), this.#timeouts.totalMs)
    await new Promise<void>((answered, failed) => {
      this.#settle = { answered, failed }
      dispatch(this)
    })
    return this.#reply()
  }

  /** By now everything that came in the packet of the header section has been read. */
  #reply(): UpstreamReply {
    const head = this.#head as ResponseHead
    const status = this.#status
    const start = { status, reason: this.#reason, isHttp10: this.#isHttp10, headers: head.fields }
    if (this.#error !== undefined) throw this.#error
    if (head.isEventStream) clearTimeout(this.#total)
    if (status === 204 || status === 304) return { ...start, body: null }
    // undici tells of what its parser refuses when the connection is closed, which is later.
    const refused = this.#ended ? undefined : this.line?.socket?.errored
    if (refused) throw upstreamError(refused, 'protocol', true)
    if (this.#ended && this.#trailers === undefined && this.#request.method !== 'HEAD') {
      return { ...start, body: joined(this.#early) }
    }
    const { bodyIdleMs } = this.#timeouts
    if (!this.#ended && bodyIdleMs > 0 && !head.isEventStream) {
      this.#idle = setTimeout(() => {
        // A client that takes its time is no fault of the upstream.
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
      this.#goOn()
      if (this.#error !== undefined) failed(this.#error)
      else if (this.#ended) done(this.#trailers)
    })
  }

  cancel(): void {
    this.#fail(new UpstreamError('reset', 'its reply was not needed', { wrote: true }))
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    this.#isReused = this.line?.begin(this) === true
    // undici writes what it reads at once.
    if (this.line?.socket !== undefined) this.#request.body?.goTo?.(this.line.socket)
    // The client left while the request was queued.
    if (this.#error !== undefined) return controller.abort(this.#error)
    const { headersMs: ms } = this.#timeouts
    const expire = (): void => this.#expire('headers-timeout')
    // undici may have begun on a connection that was closed.
    this.#stopAwaiting()
    this.#stopAwaiting = awaitHead({ ms, body: this.#request.body, outlet: this.line?.socket, expire })
  }

  onResponseStart(controller: Controller, status: number, _fields?: object, reason?: string): void {
    if (status < 100 || status > 599) return this.#fail(protocolFault(`its status is ${status}`))
    try {
      const head = readResponseHead(texts(controller.rawHeaders as Buffer[]))
      if (status < 200) return this.#inform(status, head.fields)
      this.#stopAwaiting()
      this.#status = status
      this.#reason = readReason(bytesOf(reason))
      this.#head = head
      this.#isHttp10 = this.line?.isHttp10 === true
    } catch (error) {
      return this.#fail(upstreamError(error, 'protocol', true))
    }
    this.#settle?.answered()
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    // undici's parser says so when it goes on, which must not pause it again.
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
        this.#trailers = readResponseHead(texts(raw)).fields
      } catch (error) {
        return this.#lose(upstreamError(error, 'protocol', true))
      }
    }
    this.#pulled?.done(this.#trailers)
  }

  onResponseError(_: Controller, cause: Error): void {
    // undici says so of everything that is wrong with a message that states its length.
    const isLength = (cause as { code?: string }).code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
    const isSpeech = isLength && this.#head === undefined
    const wrote = this.#controller !== undefined
    // What fails before anything was written is the dial, which says so itself, or a connection that was idle.
    this.#lose(
      isSpeech ? protocolFault('its header section is malformed', cause) : upstreamError(cause, 'reset', wrote),
    )
  }

  #inform(status: number, fields: HeaderList): void {
    // 100 asks for content that is on its way already, and 101 was not asked for.
    if (++this.#interim > maxInterim) return this.#fail(protocolFault('it sends interim replies without end'))
    // RFC 9110 section 8.6: no length stands there.
    if (status > 101) this.#request.inform(status, withoutField(fields, 'content-length'))
  }

  #write(chunk: Uint8Array): void {
    if (this.#error !== undefined) return
    let written: Promise<void> | void
    try {
      const free = isLent(chunk) ? () => giveBack(chunk) : undefined
      written = this.#sink?.pass === undefined ? this.#sink?.write(chunk) : this.#sink.pass(chunk, free)
    } catch (error) {
      return this.#giveUp(error)
    }
    const { byteLength } = chunk
    if (written === undefined) return
    this.#waiting += byteLength
    written.then(
      () => {
        this.#waiting -= byteLength
        this.#goOn()
      },
      (error: unknown) => this.#giveUp(error),
    )
  }

  #goOn(): void {
    if (this.#waiting <= lowWater) this.resume()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#idle?.refresh()
    this.#controller?.resume()
  }

  /** The client's side failed: its error goes back there as it is. */
  #giveUp(error: unknown): void {
    this.#pulled?.failed(error)
    this.cancel()
  }

  #expire(fault: UpstreamFault): void {
    this.#fail(new UpstreamError(fault, '', { wrote: this.#controller !== undefined }))
  }

  /** Ends the exchange from our side, and the connection with it. */
  #fail(error: UpstreamError): void {
    // When the reply is all here, its connection serves another exchange by now.
    if (this.#error !== undefined || this.#ended) return
    this.#lose(error)
    if (this.#controller === undefined) return
    // undici alone would take the request for one that was never sent, and open a new connection for it.
    this.line?.socket?.destroy(error)
    this.#controller.abort(error)
  }

  #lose(error: UpstreamError): void {
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

function leftError(): UpstreamError {
  return new UpstreamError('left', 'the client left', { wrote: true })
}

const isAscii = /^[\u0000-\u007f]*$/

/** undici reads the reason phrase as UTF-8, so its bytes become text one by one again. What was none is lost. */
function bytesOf(reason: string | undefined): string | undefined {
  if (reason === undefined || isAscii.test(reason)) return reason
  if (reason.includes('\ufffd')) return undefined
  return Buffer.from(reason).toString('latin1')
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
}
