import { Transform, type Readable } from 'node:stream'
import { ServeError } from '../../core/serve-error.ts'
import type { DrainBounds, Relayed, RequestBody } from '../message/exchange.ts'
import type { HeaderList, RequestHeaders } from '../message/headers.ts'
import { ClientLeftError, BodyRelay } from './body-relay.ts'

/** What a {@link StreamBody} needs from the connection. */
export interface BodyOptions {
  readonly headers: RequestHeaders
  /** Most bytes that are read without an error. */
  readonly limit: number
  /** Invites the content that the client holds back (`Expect: 100-continue`); undefined when it does not. */
  readonly invite?: (() => void) | undefined
  /** Whether no embedding program can read or wrap the stream. Default false. */
  readonly isOurs?: boolean
  /** Whether there is content. Default: as the fields say. */
  readonly expected?: boolean
  /** Whether the connection can switch to another protocol after the content. Default: if there is none. */
  readonly allowsUpgrade?: boolean | undefined
  /** Whether the content was complete when its stream ended. Default: always. */
  readonly isWhole?: () => boolean
  /** Whether the program has read the content already. Default: whether the stream was read. */
  readonly isSpent?: () => boolean
  /** The trailer section, once the content was read. */
  readonly trailers?: () => HeaderList
}

/** The content of a request, read from a stream. */
export class StreamBody implements RequestBody {
  readonly expected: boolean
  readonly length: number | undefined
  readonly #source: Readable
  readonly #options: BodyOptions
  #taken = false
  #relaying = false
  #relayed = 0
  #failed: ((error: Error) => void) | undefined
  #failure: Error | undefined
  #observe: ((chunk: Uint8Array) => void) | undefined

  constructor(source: Readable, options: BodyOptions) {
    const length = options.headers.get('content-length')
    this.#source = source
    this.#options = options
    this.length = length === undefined ? undefined : Number(length)
    const announced = length === undefined ? options.headers.has('transfer-encoding') : this.length !== 0
    this.expected = options.expected ?? announced
  }

  get trailers(): HeaderList {
    return this.#options.trailers?.() ?? []
  }

  get allowsUpgrade(): boolean {
    return this.#options.allowsUpgrade ?? !this.expected
  }

  get taken(): boolean {
    return this.#taken
  }

  get read(): boolean {
    return !this.expected || this.#source.readableEnded || (this.length !== undefined && this.#relayed >= this.length)
  }

  /** Bytes that were forwarded; undefined when the content is not. */
  get relayed(): number | undefined {
    return this.#relaying ? this.#relayed : undefined
  }

  relay(): Relayed {
    this.#checkUnspent()
    return new BodyRelay(this.#source, {
      isOurs: this.#options.isOurs ?? false,
      begin: () => {
        this.#take()
        this.#relaying = true
      },
      count: (chunk) => {
        this.#relayed += chunk.byteLength
        this.#observe?.(chunk)
      },
      onFailure: (fail) => {
        this.#failed = fail
        if (this.#failure !== undefined) fail(this.#failure)
      },
      isWhole: () => this.#isWhole(),
    })
  }

  stream(): Readable {
    this.#checkUnspent()
    this.#checkLength()
    this.#take()
    const source = this.#source
    const counter = new Counter(this.#options.limit, this.#observe)
    this.#failed = (error) => counter.destroy(error)
    // Not a pipeline, which destroys the source when the reader stops, and with it the connection before the reply. But
    // the reader must learn of an early end of the source.
    source.once('error', (error) => counter.destroy(new ClientLeftError(error)))
    source.once('close', () => {
      if (!source.readableEnded) counter.destroy(new ClientLeftError())
    })
    const end = (): unknown => (this.#isWhole() ? counter.end() : counter.destroy(new ClientLeftError()))
    if (source.readableEnded) end()
    else source.once('end', end)
    return source.pipe(counter, { end: false }).on('error', () => source.unpipe())
  }

  /** Does not invite content that the client holds back: the reply precedes it. */
  async drain({ bytes, isHere = false }: DrainBounds = {}): Promise<boolean> {
    if (!this.expected || this.#taken) return this.read
    this.#checkLength()
    const { limit, invite } = this.#options
    if (invite !== undefined || (bytes !== undefined && (this.length ?? 0) > bytes)) return false
    this.#take()
    const source = this.#source
    // A body parser of the embedding program may have read it.
    if (source.readableEnded) return true
    let seen = 0
    // Not an async iterator: if it stops early, it destroys the stream, and with it the connection.
    return new Promise<boolean>((resolve, reject) => {
      if (isHere) afterNextRead(() => resolve(false))
      this.#failed = reject
      source.on('data', (chunk: Uint8Array) => {
        seen += chunk.byteLength
        this.#observe?.(chunk)
        if (seen > limit) reject(bodyTooLarge(limit))
        else if (bytes !== undefined && seen > bytes) resolve(false)
      })
      source.once('end', () => (this.#isWhole() ? resolve(true) : reject(new ClientLeftError()))).once('error', reject)
      source.once('close', () => reject(new ClientLeftError()))
    })
  }

  observe(read: (chunk: Uint8Array) => void): void {
    this.#observe = read
  }

  /** Ends the reader's stream with an error, which Node does not do after the reply; a later reader gets it too. */
  fail(error: Error): void {
    this.#failure = error
    this.#failed?.(error)
  }

  /**
   * The value that a body parser made cannot replace the content: its bytes would differ from those that the client has
   * counted, signed or compressed.
   */
  #checkUnspent(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (!this.expected || this.#taken || !(this.#options.isSpent?.() ?? this.#source.readableDidRead)) return
    throw new ServeError('E8008_BODY_READ', 'A body parser read the content of this request before serve8008 got it.', {
      hint: 'put serve8008 before body parsers such as express.json()',
    })
  }

  #isWhole(): boolean {
    return this.#options.isWhole?.() ?? true
  }

  /** Whether the announced length is above the limit. */
  get isTooLong(): boolean {
    return this.length !== undefined && this.length > this.#options.limit
  }

  /** Rejects by the announced length, before any content arrives. */
  #checkLength(): void {
    if (this.isTooLong) throw bodyTooLarge(this.#options.limit)
  }

  #take(): void {
    if (this.#taken) throw new ServeError('E8008_INTERNAL', 'The request content was read twice.')
    this.#taken = true
    this.#options.invite?.()
  }
}

/** Acts after the event loop has polled every connection once, as it does between two immediates. */
function afterNextRead(act: () => void): void {
  setImmediate(() => setImmediate(act))
}

/** Passes bytes through up to the limit. */
class Counter extends Transform {
  readonly #limit: number
  readonly #observe: ((chunk: Uint8Array) => void) | undefined
  #seen = 0

  constructor(limit: number, observe: ((chunk: Uint8Array) => void) | undefined) {
    super()
    this.#limit = limit
    this.#observe = observe
  }

  override _transform(chunk: Uint8Array, _: string, done: (error: Error | null, chunk?: Uint8Array) => void): void {
    this.#seen += chunk.byteLength
    this.#observe?.(chunk)
    if (this.#seen > this.#limit) done(bodyTooLarge(this.#limit))
    else done(null, chunk)
  }
}

/** The error for content above `limits.bodyBytes`. */
function bodyTooLarge(limit: number): ServeError {
  return new ServeError('E8008_BODY_TOO_LARGE', `The request content is larger than ${limit} bytes.`, {
    hint: 'raise limits.bodyBytes',
    close: true,
  })
}
