import type { ServerHttp2Stream } from 'node:http2'
import type { Authority } from '../message/authority.ts'
import type { ServerExchange } from '../respond.ts'
import type { Notes, Peer } from '../message/exchange.ts'
import { RequestHeaders, type HeaderList } from '../message/headers.ts'
import { writeHttp2Response, writeHttp2Interim, goesOutAtOnce, type Http2Host } from './write-response.ts'
import type { Http2Head } from './head.ts'
import { whenContentEnds } from './reset.ts'
import { noMount, type Mount } from '../mounted-reply.ts'
import { nextExchangeId } from '../synthetic-exchange.ts'
import type { Reply, Sent } from '../message/reply.ts'
import { StreamBody } from '../body/request-body.ts'
import type { RequestTarget } from '../message/request-target.ts'

/** What belongs to one request. */
export interface Http2ExchangeOptions {
  readonly stream: ServerHttp2Stream
  readonly head: Http2Head
  readonly peer: Peer
  readonly host: Http2Host
}

/** An exchange over a stream of HTTP/2. */
export class Http2Exchange implements ServerExchange {
  readonly id: number = nextExchangeId()
  readonly startedAt: number = performance.now()
  // Streams of one session are handled one by one as they are read, so nothing is known of their order.
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
      // What comes on the stream of a WebSocket is no content.
      expected: head.protocol === undefined && !stream.endAfterHeaders,
      invite: waits ? () => this.inform(100, []) : undefined,
      // Node ends a stream that is reset as if all had come. One that is closed by now may have been.
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

  /** Whether content is to come. */
  get isSending(): boolean {
    return this.body.expected && !this.body.read
  }

  /**
   * Only a reply that cannot go out at once waits. A client that sees that it was refused may end its content, now too
   * short, and Node then resets the stream: all of the reply must be out by then, or comes behind the content. An early
   * success of another server may be a call that goes on both ways (gRPC).
   */
  arrival(reply: Reply): Promise<boolean> | undefined {
    const isCall = reply.relayed === true && reply.status < 300
    if (!this.isSending || isCall) return undefined
    // Refused as it is in HTTP/1.1.
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

  /** Whether all content came. */
  get complete(): boolean {
    return this.#stream.readableEnded
  }

  /** Whether the content is passed on elsewhere, and more of it came since this was last asked. */
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

/** Older Nodes give no raw list of trailers. */
function flat(fields: Readonly<Record<string, string | string[] | undefined>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => [value ?? []].flat().flatMap((each) => [name, each]))
}
