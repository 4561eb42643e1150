import { Transform, type Readable } from 'node:stream'
import { ServeError } from '../../core/serve-error.ts'
import type { DrainBounds, Relayed, RequestBody } from '../message/exchange.ts'
import type { HeaderList, RequestHeaders } from '../message/headers.ts'
import { clientLeftError, BodyRelay } from './body-relay.ts'

/** What a {@link StreamBody} needs from the connection. */
export interface BodyOptions {
  readonly headers: RequestHeaders
  /** Most bytes that are read. */
  readonly limit: number
  /** Asks the client for the content it holds back (`Expect: 100-continue`); undefined when it does not. */
  readonly invite?: (() => void) | undefined
  /** Whether nobody else reads the stream, nor has put something of their own in front of it. Default false. */
  readonly isOurs?: boolean
  /** Whether there is content; where it is left out, the fields tell. */
  readonly expected?: boolean
  /** All of the content, where it is known before. */
  readonly whole?: Uint8Array | undefined
  /** Whether an end of the stream is that of the content, asked when it comes. Default: it is. */
  readonly isWhole?: () => boolean
  /** Whether the program took the content before it came here, asked when it is wanted. Default: whether the stream was read. */
  readonly isSpent?: () => boolean
  /** What came behind the content, once it was read. */
  readonly trailers?: () => HeaderList
}

/** The request's content on top of a stream. */
export class StreamBody implements RequestBody {
  readonly expected: boolean
  readonly length: number | undefined
  readonly #source: Readable
  readonly #options: BodyOptions
  #taken = false
  #relaying = false
  #relayed = 0
  #failed: ((error: Error) => void) | undefined

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

  get whole(): Uint8Array | undefined {
    return this.#options.whole
  }

  get taken(): boolean {
    return this.#taken
  }

  get read(): boolean {
    return !this.expected || this.#source.readableEnded || (this.length !== undefined && this.#relayed >= this.length)
  }

  /** Bytes that were passed on; undefined when nobody does that. */
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
      count: (bytes) => (this.#relayed += bytes),
      onFailure: (fail) => (this.#failed = fail),
      isWhole: () => this.#isWhole(),
    })
  }

  stream(): Readable {
    this.#checkUnspent()
    this.#checkLength()
    this.#take()
    const source = this.#source
    const counter = new Counter(this.#options.limit)
    this.#failed = (error) => counter.destroy(error)
    // Not a pipeline, which destroys the source when the reader stops, and with it the connection
    // on which the refusal is due. But what ends the source early has to reach the reader.
    source.once('error', (error) => counter.destroy(error))
    source.once('close', () => {
      if (!source.readableEnded) counter.destroy(clientLeftError())
    })
    const end = (): unknown => (this.#isWhole() ? counter.end() : counter.destroy(clientLeftError()))
    if (source.readableEnded) end()
    else source.once('end', end)
    return source.pipe(counter, { end: false }).on('error', () => source.unpipe())
  }

  /** Content that the client holds back is not asked for: the reply comes without it. */
  async drain({ bytes, isHere = false }: DrainBounds = {}): Promise<boolean> {
    if (!this.expected || this.#taken) return this.read
    this.#checkLength()
    const { limit, invite } = this.#options
    if (invite !== undefined || (bytes !== undefined && (this.length ?? 0) > bytes)) return false
    this.#take()
    const source = this.#source
    // A body parser of the embedding program may have read it before.
    if (source.readableEnded) return true
    let seen = 0
    // Not an async iterator, which destroys the stream, and with it the connection, when it stops early.
    return new Promise<boolean>((resolve, reject) => {
      if (isHere) afterNextRead(() => resolve(false))
      this.#failed = reject
      source.on('data', (chunk: Uint8Array) => {
        seen += chunk.byteLength
        if (seen > limit) reject(bodyTooLarge(limit))
        else if (bytes !== undefined && seen > bytes) resolve(false)
      })
      source.once('end', () => (this.#isWhole() ? resolve(true) : reject(clientLeftError()))).once('error', reject)
      source.once('close', () => reject(clientLeftError()))
    })
  }

  /** Tells whoever reads that the rest cannot be read; Node does not once the request was answered. */
  fail(error: Error): void {
    this.#failed?.(error)
  }

  /**
   * What a parser made of the content is not sent in its place: the bytes would be others than those that the client has
   * counted, signed or compressed.
   */
  #checkUnspent(): void {
    if (!this.expected || this.#taken || !(this.#options.isSpent?.() ?? this.#source.readableDidRead)) return
    throw new ServeError('E8008_BODY_READ', 'A body parser read the content of this request before serve8008 got it.', {
      hint: 'put serve8008 before body parsers such as express.json()',
    })
  }

  #isWhole(): boolean {
    return this.#options.isWhole?.() ?? true
  }

  /** Whether more was announced than is read of it. */
  get isTooLong(): boolean {
    return this.length !== undefined && this.length > this.#options.limit
  }

  /** More than is read anyway is not waited for. */
  #checkLength(): void {
    if (this.isTooLong) throw bodyTooLarge(this.#options.limit)
  }

  #take(): void {
    if (this.#taken) throw new ServeError('E8008_INTERNAL', 'The request content was taken twice.')
    this.#taken = true
    this.#options.invite?.()
  }
}

/** Acts once the event loop has read what the system holds for every connection: between two immediates it does so. */
function afterNextRead(act: () => void): void {
  setImmediate(() => setImmediate(act))
}

/** Passes bytes on until there are too many. */
class Counter extends Transform {
  readonly #limit: number
  #seen = 0

  constructor(limit: number) {
    super()
    this.#limit = limit
  }

  override _transform(chunk: Uint8Array, _: string, done: (error: Error | null, chunk?: Uint8Array) => void): void {
    this.#seen += chunk.byteLength
    if (this.#seen > this.#limit) done(bodyTooLarge(this.#limit))
    else done(null, chunk)
  }
}

/** The refusal of content above `limits.bodyBytes`. */
function bodyTooLarge(limit: number): ServeError {
  return new ServeError('E8008_BODY_TOO_LARGE', `The request content is larger than ${limit} bytes.`, {
    hint: 'Raise limits.bodyBytes where that is intended.',
    close: true,
  })
}
