import type { ServerHttp2Stream } from 'node:http2'
import type { Authority } from '../message/authority.ts'
import type { ServerExchange } from '../respond.ts'
import type { ExchangeObserver, Notes, Peer } from '../message/exchange.ts'
import { RequestHeaders, type HeaderList } from '../message/headers.ts'
import { writeHttp2Response, writeHttp2Interim, goesOutAtOnce, type Http2Host } from './write-response.ts'
import type { Http2Head } from './head.ts'
import { whenContentEnds } from './reset.ts'
import { noMount, type Mount } from '../mounted-reply.ts'
import { nextExchangeId } from '../synthetic-exchange.ts'
import type { Reply, Sent } from '../message/reply.ts'
import { StreamBody } from '../body/request-body.ts'
import type { RequestTarget } from '../message/request-target.ts'

/** What an exchange is made of. */
export interface Http2ExchangeOptions {
  readonly stream: ServerHttp2Stream
  readonly head: Http2Head
  readonly peer: Peer
  readonly host: Http2Host
}

/** An exchange of HTTP/2, on one stream. */
export class Http2Exchange implements ServerExchange {
  readonly id: number = nextExchangeId()
  readonly startedAt: number = performance.now()
  // Streams are handled as they are read, so a later one may have arrived after the first was handled.
  readonly batch: number = Number.NaN
  readonly version = '2'
  readonly mount: Mount = noMount
  readonly method: string
  readonly target: RequestTarget
  readonly headers: RequestHeaders
  readonly peer: Peer
  readonly body: StreamBody
  readonly notes: Notes = {}
  authority: Authority | undefined = undefined
  observer: ExchangeObserver | undefined = undefined
  /** Its index among the exchanges under way. */
  place: number | undefined = undefined
  readonly #stream: ServerHttp2Stream
  readonly #host: Http2Host
  readonly #whenGone = new Set<() => void>()
  #controller: AbortController | undefined
  #trailers: HeaderList = []
  #progress = 0

  constructor({ stream, head, peer, host }: Http2ExchangeOptions) {
    this.#stream = stream
    this.#host = host
    this.peer = peer
    this.method = head.method
    this.target = head.target
    this.headers = new RequestHeaders(head.headers)
    const waits = this.headers.get('expect')?.toLowerCase() === '100-continue'
    this.body = new StreamBody(stream, {
      headers: this.headers,
      limit: host.limits.bodyBytes,
      // The data of a WebSocket is not content.
      expected: head.protocol === undefined && !stream.endAfterHeaders,
      invite: waits ? () => this.inform(100, []) : undefined,
      // Node ends the readable side of a reset stream as if it were complete; such a stream is closed by then.
      isWhole: () => !stream.closed,
      trailers: () => this.#trailers,
    })
    stream.once('trailers', (fields, _flags, raw?: string[]) => (this.#trailers = raw ?? flat(fields)))
    stream.once('close', () => {
      for (const callback of this.#whenGone) callback()
      this.#whenGone.clear()
    })
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController()
      this.#controller = controller
      this.whenGone(() => controller.abort())
    }
    return this.#controller.signal
  }

  whenGone(callback: () => void): () => void {
    if (this.gone) callback()
    else this.#whenGone.add(callback)
    return () => void this.#whenGone.delete(callback)
  }

  /** Whether the client still sends content. */
  get isSending(): boolean {
    return this.body.expected && !this.body.read
  }

  /**
   * A reply that needs several writes waits for the content. A client that sees an error may end its content too early,
   * and Node then resets the stream: the reply must be complete by then, or follow the content. An early success of an
   * upstream does not wait: it may be a call that streams both ways (gRPC).
   */
  arrival(reply: Reply): Promise<boolean> | undefined {
    const isCall = reply.relayed === true && reply.status < 300
    if (!this.isSending || isCall) return undefined
    // As in HTTP/1.1, drain() rejects with the error for content above the limit.
    if (this.body.isTooLong && !this.body.taken && reply.close !== true) return this.body.drain()
    if (goesOutAtOnce(reply, this.method)) return undefined
    return whenContentEnds(this.#stream, this.#host.limits)
  }

  get answered(): boolean {
    return this.#stream.headersSent
  }

  get gone(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  /** Whether all content arrived. */
  get complete(): boolean {
    return this.#stream.readableEnded
  }

  /** Whether the content is forwarded, and more of it arrived since the last call. */
  progressed(): boolean {
    const { relayed } = this.body
    if (relayed === undefined || relayed === this.#progress) return false
    this.#progress = relayed
    return true
  }

  inform(status: number, headers: HeaderList): void {
    writeHttp2Interim(this.#stream, status, headers)
  }

  write(reply: Reply): Sent | Promise<Sent> {
    return writeHttp2Response(this.#stream, reply, this, this.#host)
  }

  release(): void {
    this.#whenGone.clear()
  }
}

/** Node 20 gives no raw list of trailers. */
function flat(fields: Readonly<Record<string, string | string[] | undefined>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => [value ?? []].flat().flatMap((each) => [name, each]))
}
