import type { Dispatcher } from 'undici'
import { getField, type HeaderList } from '../http/headers.ts'
import type { Sink, Source } from '../http/reply.ts'
import { fieldTokens, withoutHopFields } from './hop-fields.ts'
import type { OutboundRequest, UpstreamReply } from './types.ts'
import { fieldsOf } from './undici.ts'
import { UpstreamError } from './upstream-error.ts'
import { upstreamError } from './upstream-fault.ts'

/** What bounds a reply. */
export interface ReplyBounds {
  /** Milliseconds without a byte of content, while the client takes what there is; 0 is none. */
  readonly bodyIdleMs: number
  /** Milliseconds for the whole exchange; 0 is none. */
  readonly totalMs: number
}

/** Interim replies before the answer; more are an attack on our memory or the client's patience. */
const interimReplies = 32
/** Bytes that wait for a reader before the upstream is paused. */
const waitingBytes = 64 * 1024

/**
 * One reply on its way in. It resolves with the header section; content that came in the same packet is at hand by
 * then, so that a short reply takes no stream.
 */
export class IncomingReply implements Dispatcher.DispatchHandler, Source {
  readonly received: Promise<UpstreamReply>
  length: number | undefined
  readonly #request: OutboundRequest
  readonly #bounds: ReplyBounds
  #resolve: (reply: UpstreamReply) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #controller: Dispatcher.DispatchController | undefined
  #interim = 0
  #status = 0
  #headers: HeaderList = []
  #isEventStream = false
  readonly #waiting: Uint8Array[] = []
  #waitingSize = 0
  #sink: Sink | undefined
  #release: () => void = () => {}
  #isEnded = false
  #trailers: HeaderList = []
  #error: unknown
  #settlePull: { resolve: (trailers: HeaderList | void) => void; reject: (error: unknown) => void } | undefined
  #idle: NodeJS.Timeout | undefined
  #total: NodeJS.Timeout | undefined

  constructor(request: OutboundRequest, bounds: ReplyBounds) {
    this.#request = request
    this.#bounds = bounds
    this.received = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#release = request.whenGone(() => this.#leave())
    if (bounds.totalMs > 0)
      this.#total = setTimeout(() => this.#giveUp('total-timeout', bounds.totalMs), bounds.totalMs)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // The client may have left, or the total run out, while it waited for a connection.
    if (this.#error !== undefined) controller.abort(this.#error as Error)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const raw = fieldsOf(controller.rawHeaders)
    if (status < 200) return this.#passInterim(controller, status, raw)
    if (fieldTokens(raw, 'transfer-encoding').some((coding) => coding !== 'chunked')) {
      throw protocolError('It has a transfer coding that is not understood.')
    }
    if (status > 599) throw protocolError(`${status} is not the status of a reply (RFC 9110 section 15).`)
    this.#status = status
    this.#headers = withoutHopFields(raw)
    this.#isEventStream = /^\s*text\/event-stream/i.test(getField(raw, 'content-type') ?? '')
    if (this.#isEventStream) clearTimeout(this.#total)
    const length = getField(raw, 'content-length')
    this.length = length === undefined ? undefined : Number(length)
    // After the rest of the packet was read.
    queueMicrotask(() => this.#settle())
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    clearTimeout(this.#idle)
    if (this.#sink === undefined) {
      this.#waiting.push(chunk)
      this.#waitingSize += chunk.byteLength
      if (this.#waitingSize >= waitingBytes) controller.pause()
      return
    }
    const taken = this.#write(chunk)
    if (taken === undefined) return this.#watchIdle()
    controller.pause()
    taken.then(
      () => this.#resume(),
      (error: unknown) => this.#fail(error),
    )
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#trailers = withoutHopFields(fieldsOf(controller.rawTrailers))
    this.#isEnded = true
    this.#free()
    this.#settlePull?.resolve(this.#trailers)
  }

  onResponseError(_: unknown, error: Error): void {
    const wrote = this.#controller !== undefined
    this.#fail(this.#error ?? replyError(error, wrote))
  }

  /** Content goes straight from the upstream's connection into the client's: nothing is kept in between. */
  async pull(sink: Sink): Promise<HeaderList | void> {
    this.#sink = sink
    for (const chunk of this.#waiting.splice(0)) await this.#write(chunk)
    if (this.#isEnded) return this.#trailers
    if (this.#error !== undefined) throw this.#error
    return new Promise((resolve, reject) => {
      this.#settlePull = { resolve, reject }
      this.#resume()
    })
  }

  cancel(): void {
    this.#abort(new UpstreamError('reset', 'The content was not needed.', { wrote: true }))
  }

  #write(chunk: Uint8Array): Promise<void> | undefined {
    const sink = this.#sink as Sink
    return (sink.pass === undefined ? sink.write(chunk) : sink.pass(chunk)) ?? undefined
  }

  #passInterim(controller: Dispatcher.DispatchController, status: number, raw: string[]): void {
    if (++this.#interim > interimReplies || status < 100) {
      throw protocolError(status < 100 ? `${status} is no status.` : 'Too many interim replies.')
    }
    if (!controller.aborted) this.#request.inform(status, withoutHopFields(raw))
  }

  #settle(): void {
    const head = { status: this.#status, headers: this.#headers }
    if (this.#error !== undefined) return this.#reject(this.#error)
    const [only, ...others] = this.#waiting
    if (this.#isEnded && this.#trailers.length === 0 && others.length === 0) {
      return this.#resolve({ ...head, body: only ?? null })
    }
    this.#watchIdle()
    this.#resolve({ ...head, body: this })
  }

  #resume(): void {
    if (this.#isEnded || this.#error !== undefined) return
    this.#watchIdle()
    this.#controller?.resume()
  }

  #leave(): void {
    this.#abort(new UpstreamError('left', 'The client left.', { wrote: true }))
  }

  #giveUp(fault: 'body-timeout' | 'total-timeout', ms: number): void {
    const what = fault === 'total-timeout' ? 'Not finished' : 'No content'
    this.#abort(new UpstreamError(fault, `${what} after ${ms} ms.`, { wrote: true }))
  }

  #fail(error: unknown): void {
    this.#error ??= error
    this.#free()
    this.#reject(this.#error)
    this.#settlePull?.reject(this.#error)
    this.#controller?.abort(this.#error as Error)
  }

  /** A client that does not read is not the upstream's idleness, so it counts only while we wait for content. */
  #watchIdle(): void {
    const { bodyIdleMs } = this.#bounds
    if (bodyIdleMs === 0 || this.#isEventStream || this.#isEnded) return
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.#giveUp('body-timeout', bodyIdleMs), bodyIdleMs)
  }

  #abort(error: UpstreamError): void {
    if (this.#isEnded || this.#error !== undefined) return
    this.#fail(error)
  }

  #free(): void {
    clearTimeout(this.#idle)
    clearTimeout(this.#total)
    this.#release()
  }
}

function protocolError(message: string): UpstreamError {
  return new UpstreamError('protocol', message, { wrote: true })
}

function replyError(error: Error, wrote: boolean): UpstreamError {
  const { code } = error as { code?: string }
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    return new UpstreamError('headers-timeout', 'It did not answer in time.', { wrote, cause: error })
  }
  const isSpeech =
    error.name === 'HTTPParserError' ||
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' ||
    error.message === 'bad response' ||
    error.message === 'bad upgrade'
  return upstreamError(error, isSpeech ? 'protocol' : 'reset', wrote)
}
