import { frameReply, type ReplyTransport } from '../http/framing.ts'
import type { Exchange, ExchangeObserver } from '../http/message/exchange.ts'
import type { HeaderList } from '../http/message/headers.ts'
import type { Reply, Sent } from '../http/message/reply.ts'
import { unmapped } from '../core/util/ip.ts'
import { redactAuthority, redactFields } from '../core/util/secret.ts'
import { publicTarget } from './access-record.ts'
import type { RecordedExchange, RecordedMessage, RecordedReply } from './types.ts'

/** What an {@link Entry} tells its recorder. */
export interface EntryHooks {
  /** Most bytes that are kept of each content. */
  readonly contentBytes: number
  /** Called when an entry keeps more bytes. It may drop this entry. */
  readonly grew: (bytes: number) => void
  /** Called when another handler answers the request. */
  readonly released: (entry: Entry) => void
}

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

/** Follows one exchange, and keeps its record. */
export class Entry implements ExchangeObserver {
  readonly record: Writable<RecordedExchange>
  /** Whether the recorder keeps it; otherwise its content is not kept either. */
  isKept = true
  /** Bytes that it keeps. */
  bytes = 0
  readonly #x: Exchange
  readonly #hooks: EntryHooks
  readonly #request: Tee
  readonly #reply: Tee
  #trailers: HeaderList = []

  constructor(x: Exchange, hooks: EntryHooks) {
    this.#x = x
    this.#hooks = hooks
    this.#request = new Tee(hooks.contentBytes)
    this.#reply = new Tee(hooks.contentBytes)
    const { address, port, localAddress, encrypted } = x.peer
    this.record = {
      id: x.id,
      // `startedAt` is monotonic and does not follow corrections of the wall clock, so the time is computed backwards.
      time: Math.round(Date.now() - performance.now() + x.startedAt),
      peer: { address: unmapped(address), port, localAddress: unmapped(localAddress), encrypted },
      version: x.version,
      method: x.method,
      target: publicTarget(x.target),
      authority: redactAuthority(x.headers.get('host') ?? ''),
      request: message(publicFields(x.headers.raw), this.#request, () => publicFields(x.body.trailers)),
      reply: undefined,
      firstByteMs: undefined,
      endMs: undefined,
      aborted: false,
      ...{ user: '', route: '', upstream: '', reason: '', refusal: '', remark: '' },
    }
  }

  /** Begins to follow the exchange. */
  attach(): void {
    const x = this.#x
    x.observer = this
    this.#keep(this.record.target.length + lengthOf(this.record.request.headers))
    if (x.body.expected) x.body.observe((chunk) => this.#add(this.#request, chunk))
  }

  replying(reply: Reply): void {
    const { method, version } = this.#x
    // The fields of an upgrade are written as they are.
    const { headers } = reply.status === 101 ? reply : frameReply(reply, method, version as ReplyTransport)
    this.#replied(reply, headers)
  }

  sent(chunk: Uint8Array): void {
    this.#add(this.#reply, chunk)
  }

  trailing(trailers: HeaderList): void {
    this.#trailers = publicFields(trailers)
    this.#keep(lengthOf(this.#trailers))
  }

  release(): void {
    this.#hooks.released(this)
  }

  /** Completes the record when the reply was written or lost. */
  end(reply: Reply, sent: Sent): void {
    const { record } = this
    if (record.reply === undefined) this.#replied(reply, reply.headers)
    // Streamed content came through `sent`.
    if (reply.body instanceof Uint8Array && sent.bytes > 0) this.#add(this.#reply, reply.body)
    record.endMs = this.#elapsed()
    record.aborted = sent.aborted
    this.#note()
  }

  #replied(reply: Reply, headers: HeaderList): void {
    const { record } = this
    const fields = publicFields(headers)
    record.firstByteMs = this.#elapsed()
    record.reply = Object.assign(
      message(fields, this.#reply, () => this.#trailers),
      { status: reply.status },
    ) satisfies RecordedReply
    this.#keep(lengthOf(fields))
    this.#note()
  }

  #note(): void {
    const { user = '', route = '', upstream = '', reason = '', refusal = '', remark = '' } = this.#x.notes
    Object.assign(this.record, { user, route, upstream, reason, refusal, remark })
  }

  #elapsed(): number {
    return Math.round((performance.now() - this.#x.startedAt) * 1000) / 1000
  }

  #add(tee: Tee, chunk: Uint8Array): void {
    this.#keep(tee.add(chunk, this.isKept))
  }

  #keep(bytes: number): void {
    if (bytes === 0 || !this.isKept) return
    this.bytes += bytes
    this.#hooks.grew(bytes)
  }
}

/** Copies the beginning of content that passes. */
class Tee {
  bytes = 0
  readonly #limit: number
  #chunks: Uint8Array[] = []
  #kept = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Returns how many bytes it has kept of the chunk. */
  add(chunk: Uint8Array, isKept: boolean): number {
    this.bytes += chunk.byteLength
    const count = isKept ? Math.min(chunk.byteLength, this.#limit - this.#kept) : 0
    if (count === 0) return 0
    this.#chunks.push(new Uint8Array(chunk.subarray(0, count)))
    this.#kept += count
    return count
  }

  get content(): Uint8Array {
    if (this.#chunks.length !== 1) this.#chunks = [new Uint8Array(Buffer.concat(this.#chunks))]
    return this.#chunks[0] as Uint8Array
  }
}

function message(headers: HeaderList, tee: Tee, trailers: () => HeaderList): RecordedMessage {
  return {
    headers,
    get content() {
      return tee.content
    },
    get bytes() {
      return tee.bytes
    },
    get trailers() {
      return trailers()
    },
  }
}

/** Fields without credentials. A `Host` is no URL, so its userinfo has a rule of its own. */
function publicFields(fields: HeaderList): HeaderList {
  // A program without types may set a number.
  return redactFields(fields.map(String)).map((value, i, all) =>
    i % 2 === 1 && all[i - 1]?.toLowerCase() === 'host' ? redactAuthority(value) : value,
  )
}

function lengthOf(fields: HeaderList): number {
  return fields.reduce((sum, text) => sum + text.length, 0)
}
