import { frameReply, type ReplyTransport } from '../http/framing.ts'
import type { Exchange, ExchangeObserver, ForwardedHead, ForwardingObserver } from '../http/message/exchange.ts'
import type { HeaderList } from '../http/message/headers.ts'
import type { Reply, Sent } from '../http/message/reply.ts'
import { unmapped } from '../core/util/ip.ts'
import { redactAuthority, redactFields, redactUrl } from '../core/util/secret.ts'
import { withoutStamp } from '../http/message/request-target.ts'
import type { RecordedExchange, RecordedForwarding, RecordedMessage, RecordedReply } from './types.ts'

/** What an {@link Entry} tells its recorder. */
export interface EntryHooks {
  /** Most bytes that are kept of each content. */
  readonly contentBytes: number
  /** Called when an entry keeps more bytes. It may drop this entry. */
  readonly grew: (bytes: number) => void
  /** Called when another handler answers the request. */
  readonly released: (entry: Entry) => void
}

/** Attempts to forward that are kept: one that waits for an upstream makes many. */
const mostAttempts = 10

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

/** Follows one exchange, and keeps its record. */
export class Entry implements ExchangeObserver {
  /** With its secrets. */
  readonly raw: Writable<RecordedExchange>
  /** Whether the recorder keeps it; otherwise its content is not kept either. */
  isKept = true
  /** Bytes that it keeps. */
  bytes = 0
  /** Undefined from its end on: it holds the connection. */
  #x: Exchange | undefined
  readonly #hooks: EntryHooks
  readonly #isAuthority: boolean
  readonly #startedAt: number
  #record: RecordedExchange | undefined
  readonly #request: Tee
  readonly #reply: Tee
  readonly #forwarded: Writable<RecordedForwarding>[] = []
  #requestTrailers: HeaderList = []
  #trailers: HeaderList = []

  constructor(x: Exchange, hooks: EntryHooks) {
    this.#x = x
    this.#startedAt = x.startedAt
    this.#hooks = hooks
    this.#request = new Tee(hooks.contentBytes)
    this.#reply = new Tee(hooks.contentBytes)
    const { address, port, localAddress, encrypted } = x.peer
    this.raw = {
      id: x.id,
      // `startedAt` is monotonic and does not follow corrections of the wall clock, so the time is computed backwards.
      time: Math.round(Date.now() - performance.now() + x.startedAt),
      peer: { address: unmapped(address), port, localAddress: unmapped(localAddress), encrypted },
      version: x.version,
      method: x.method,
      target: x.target.raw,
      authority: x.headers.get('host') ?? '',
      request: message(x.headers.raw.map(String), this.#request, () => this.#x?.body.trailers ?? this.#requestTrailers),
      reply: undefined,
      forwarded: this.#forwarded,
      firstByteMs: undefined,
      endMs: undefined,
      aborted: false,
      ...{ user: '', route: '', upstream: '', reason: '', refusal: '', remark: '', site: '' },
      listener: x.peer.listener ?? '',
    }
    this.#isAuthority = x.target.form === 'authority'
  }

  /** Without credentials, for programs. */
  get record(): RecordedExchange {
    return (this.#record ??= publicRecord(this.raw, this.#isAuthority))
  }

  /** A record that a program has already follows what changes. */
  #show(): void {
    if (this.#record !== undefined) Object.assign(this.#record, publicRecord(this.raw, this.#isAuthority))
  }

  /** Begins to follow the exchange. */
  attach(): void {
    const x = this.#x as Exchange
    x.observer = this
    this.#keep(this.raw.target.length + lengthOf(this.raw.request.headers))
    if (x.body.expected) x.body.observe((chunk) => this.#add(this.#request, chunk))
  }

  replying(reply: Reply): void {
    const { method, version } = this.raw
    // The fields of an upgrade are written as they are.
    const { headers } = reply.status === 101 ? reply : frameReply(reply, method, version as ReplyTransport)
    this.#replied(reply, headers)
  }

  sent(chunk: Uint8Array): void {
    this.#add(this.#reply, chunk)
  }

  trailing(trailers: HeaderList): void {
    this.#trailers = trailers
    this.#keep(lengthOf(this.#trailers))
  }

  forwarding(upstream: string, { method, path, headers }: ForwardedHead): ForwardingObserver {
    const attempt: Writable<RecordedForwarding> = {
      ...{ upstream, method, target: path, headers, startMs: this.#elapsed() },
      ...{ isReused: undefined, connectedMs: undefined, answeredMs: undefined, status: undefined, replyHeaders: [] },
    }
    if (this.#forwarded.push(attempt) > mostAttempts) this.#forwarded.shift()
    this.#keep(path.length + lengthOf(headers))
    return {
      connected: (isReused) => {
        Object.assign(attempt, { isReused, connectedMs: this.#elapsed() })
        this.#show()
      },
      answered: ({ status, headers: replyHeaders }) => {
        Object.assign(attempt, { status, replyHeaders, answeredMs: this.#elapsed() })
        this.#keep(lengthOf(replyHeaders))
        this.#show()
      },
    }
  }

  release(): void {
    this.#hooks.released(this)
  }

  /** Completes the record when the reply was written or lost. */
  end(reply: Reply, sent: Sent): void {
    const { raw } = this
    if (raw.reply === undefined) this.#replied(reply, reply.headers)
    // Streamed content came through `sent`.
    if (reply.body instanceof Uint8Array && sent.bytes > 0) this.#add(this.#reply, reply.body)
    raw.endMs = this.#elapsed()
    raw.aborted = sent.aborted
    this.#note()
    this.#requestTrailers = this.#x?.body.trailers ?? []
    this.#x = undefined
  }

  #replied(reply: Reply, headers: HeaderList): void {
    const { raw } = this
    const fields = headers.map(String)
    raw.firstByteMs = this.#elapsed()
    raw.reply = Object.assign(
      message(fields, this.#reply, () => this.#trailers),
      { status: reply.status },
    ) satisfies RecordedReply
    this.#keep(lengthOf(fields))
    this.#note()
  }

  #note(): void {
    const { notes } = this.#x as Exchange
    const { user = '', route = '', upstream = '', reason = '', refusal = '', remark = '', site = '' } = notes
    Object.assign(this.raw, { user, route, upstream, reason, refusal, remark, site })
    this.#show()
  }

  #elapsed(): number {
    return Math.round((performance.now() - this.#startedAt) * 1000) / 1000
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
  /** Grows by doubling: clients may send each byte as a chunk, and an object for each takes a hundred times its byte. */
  #buffer = new Uint8Array(0)
  #kept = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Returns how many bytes it has kept of the chunk. */
  add(chunk: Uint8Array, isKept: boolean): number {
    this.bytes += chunk.byteLength
    const count = isKept ? Math.min(chunk.byteLength, this.#limit - this.#kept) : 0
    if (count === 0) return 0
    const wanted = this.#kept + count
    if (wanted > this.#buffer.byteLength) {
      const grown = new Uint8Array(Math.min(Math.max(wanted, 2 * this.#kept), this.#limit))
      grown.set(this.#buffer.subarray(0, this.#kept))
      this.#buffer = grown
    }
    this.#buffer.set(chunk.subarray(0, count), this.#kept)
    this.#kept = wanted
    return count
  }

  get content(): Uint8Array {
    return this.#buffer.subarray(0, this.#kept)
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

/** A record without credentials: they are removed when a program reads it, which costs other recordings nothing. */
function publicRecord(raw: RecordedExchange, isAuthority: boolean): RecordedExchange {
  return {
    ...raw,
    target: isAuthority ? redactAuthority(raw.target) : redactUrl(withoutStamp(raw.target)),
    authority: redactAuthority(raw.authority),
    request: publicMessage(raw.request),
    forwarded: raw.forwarded.map((each) => ({
      ...each,
      target: redactUrl(each.target),
      headers: publicFields(each.headers),
      replyHeaders: publicFields(each.replyHeaders),
    })),
    reply: raw.reply && Object.assign(publicMessage(raw.reply), { status: raw.reply.status }),
  }
}

function publicMessage(raw: RecordedMessage): RecordedMessage {
  return {
    headers: publicFields(raw.headers),
    get content() {
      return raw.content
    },
    get bytes() {
      return raw.bytes
    },
    get trailers() {
      return publicFields(raw.trailers)
    },
  }
}

/** Fields without credentials. A `Host` is no URL, so its userinfo has a rule of its own. */
function publicFields(fields: HeaderList): HeaderList {
  return redactFields(fields).map((value, i, all) =>
    i % 2 === 1 && all[i - 1]?.toLowerCase() === 'host' ? redactAuthority(value) : value,
  )
}

function lengthOf(fields: HeaderList): number {
  return fields.reduce((sum, text) => sum + text.length, 0)
}
