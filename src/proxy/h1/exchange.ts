import { withoutField, type HeaderList } from '../../http/message/headers.ts'
import type { Sink, Source } from '../../http/message/reply.ts'
import { awaitHead, startTimeout } from '../response/await-head.ts'
import { returnToPool, isPooled } from '../upstream/read-buffers.ts'
import type { UpstreamRequest, TransportOptions, UpstreamFault, UpstreamReply } from '../types.ts'
import { clientLeftFault, UpstreamError } from '../upstream/upstream-error.ts'
import type { Http1Connection } from './connection.ts'
import type { PoolUser } from './pool.ts'
import type { ResponseStart } from './response-parser.ts'

/** Buffered bytes at which reading from the upstream pauses, and at which it resumes. */
const highWater = 256 * 1024
const lowWater = 192 * 1024

/** Where an exchange gets its connection. */
export interface Connections {
  /** Gives the user a connection as soon as there is one. */
  assign(user: PoolUser): void
  /** Forgets a user that waits. */
  withdraw(user: PoolUser): void
}

/** One request to an upstream and its response, whose content it passes to the client. */
export class UpstreamExchange implements Source, PoolUser {
  readonly request: UpstreamRequest
  isPaused = false
  needsFresh = false
  readonly #timeouts: TransportOptions['timeouts']
  readonly #connections: Connections
  #release: () => void = () => {}
  /** The connection that the request was sent on. */
  connection: Http1Connection | undefined
  #client: string | undefined
  #isReused = false
  #start: ResponseStart | undefined
  #settle: { answered: () => void; failed: (error: UpstreamError) => void } | undefined
  #early: Uint8Array[] = []
  #ended = false
  #trailers: HeaderList | undefined
  #error: UpstreamError | undefined
  #sink: Sink | undefined
  #pulled: { done: (trailers: HeaderList | undefined) => void; failed: (error: unknown) => void } | undefined
  #waiting = 0
  #idle: NodeJS.Timeout | undefined
  #total: NodeJS.Timeout | undefined
  #stopAwaiting: () => void = () => {}

  constructor(request: UpstreamRequest, timeouts: TransportOptions['timeouts'], connections: Connections) {
    this.request = request
    this.#timeouts = timeouts
    this.#connections = connections
  }

  get client(): string {
    return (this.#client ??= this.request.client?.() ?? '')
  }

  get length(): number | undefined {
    return this.#start?.head.length
  }

  /**
   * Whether it failed because the upstream had closed a reused connection: before a byte of the response, or before a
   * byte of the request was sent (`wrote` is false).
   */
  get isStale(): boolean {
    const { fault, wrote } = this.#error ?? {}
    return fault === 'reset' && (wrote === false || (this.#isReused && this.connection?.isAnswered === false))
  }

  /** Sends the request. With `needsFresh`, not on a connection that carried another one. */
  run(needsFresh: boolean = false): Promise<UpstreamReply> {
    this.needsFresh = needsFresh
    const { request } = this
    this.#release = request.whenGone(() => this.#fail(clientLeftFault(true)))
    if (this.#error !== undefined) return Promise.reject(clientLeftFault(true))
    request.body?.once('error', () => this.#fail(clientLeftFault(true)))
    this.#total = startTimeout(this.#timeouts.totalMs, () => this.#expire('total-timeout'))
    return new Promise<void>((answered, failed) => {
      this.#settle = { answered, failed }
      this.#connections.assign(this)
    }).then(() => this.#reply())
  }

  /** Runs after everything in the packet of the header section was parsed. */
  #reply(): UpstreamReply {
    const { status, reason, isHttp10, raw, head } = this.#start as ResponseStart
    if (this.#error !== undefined) throw this.#error
    const start = { status, reason, isHttp10, headers: head.fields }
    // Its hop-by-hop fields name the new protocol.
    if (status === 101) return { ...start, headers: raw, body: null }
    if (status === 204 || status === 304) return { ...start, body: null }
    if (this.#ended && this.#trailers === undefined && this.request.method !== 'HEAD') {
      return { ...start, body: joined(this.#early) }
    }
    const { bodyIdleMs } = this.#timeouts
    if (head.isEventStream) clearTimeout(this.#total)
    else if (!this.#ended && bodyIdleMs > 0) {
      this.#idle = setTimeout(() => {
        // While reading is paused for a slow client, the upstream is not idle.
        if (this.isPaused) this.#idle?.refresh()
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

  begin(connection: Http1Connection, isUpgrade: boolean = false): void {
    this.connection = connection
    this.#isReused = connection.uses > 0
    const { request } = this
    request.connected?.(this.#isReused)
    const expire = (): void => this.#expire('headers-timeout')
    this.#stopAwaiting = awaitHead({
      ms: this.#timeouts.headersMs,
      body: request.body,
      outlet: connection.socket,
      expire,
    })
    connection.send(this, isUpgrade)
  }

  interim(status: number, fields: HeaderList): void {
    // 100 is not forwarded because the content is being sent already. RFC 9110 section 8.6: no Content-Length.
    if (status > 100) this.request.inform(status, withoutField(fields, 'content-length'))
  }

  start(start: ResponseStart): void {
    this.#stopAwaiting()
    this.#start = start
    if (start.status === 101) this.end(undefined)
    this.#settle?.answered()
  }

  data(chunk: Buffer): void {
    if (this.#error !== undefined) return
    this.#idle?.refresh()
    if (this.#sink !== undefined) this.#write(chunk)
    else {
      this.#early.push(chunk)
      this.#waiting += chunk.byteLength
    }
    if (this.#waiting > highWater && !this.isPaused) {
      this.isPaused = true
      this.connection?.socket.pause()
    }
  }

  end(trailers: HeaderList | undefined): void {
    if (this.#error !== undefined) return
    this.#ended = true
    this.#stopClocks()
    this.#trailers = trailers
    // Its connection may serve another exchange, which must not wait for the client of this one.
    this.#resume()
    this.#pulled?.done(trailers)
  }

  failed(error: UpstreamError): void {
    if (!this.#ended) this.#settleWith(error)
  }

  broken(error: UpstreamError): void {
    this.#fail(error)
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
    if (this.#waiting > lowWater || !this.isPaused) return
    this.#idle?.refresh()
    this.#resume()
  }

  #resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.connection?.socket.resume()
  }

  /** Writing to the client failed: the pull rejects with that error. */
  #clientFailed(error: unknown): void {
    this.#pulled?.failed(error)
    this.cancel()
  }

  #expire(fault: UpstreamFault): void {
    this.#fail(new UpstreamError(fault, '', { wrote: this.connection !== undefined }))
  }

  /** Ends the exchange, and closes its connection. */
  #fail(error: UpstreamError): void {
    // After the end of the response its connection may serve another exchange.
    if (this.#error !== undefined || this.#ended) return
    this.#settleWith(error)
    if (this.connection === undefined) this.#connections.withdraw(this)
    else this.connection.socket.destroy()
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
    // refresh() would start a cleared timer again.
    this.#idle = undefined
    clearTimeout(this.#total)
    this.#release()
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
}
