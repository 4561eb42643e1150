import type { Readable } from 'node:stream'
import type { Limits } from '../../config/options/limits.ts'
import type { ResponseState, Connection, LatestRequest } from './connection.ts'
import type { ServerExchange } from '../respond.ts'
import type { ExchangeObserver, Notes, Peer, RequestBody } from '../message/exchange.ts'
import type { Authority } from '../message/authority.ts'
import { RequestHeaders, type HeaderList } from '../message/headers.ts'
import { receivedFields } from './declined-upgrade.ts'
import { noMount, type Mount } from '../mounted-reply.ts'
import { nextExchangeId } from '../synthetic-exchange.ts'
import type { Reply, Sent } from '../message/reply.ts'
import { StreamBody } from '../body/request-body.ts'
import { parseRequestTarget, type RequestTarget } from '../message/request-target.ts'

/** The part of Node's request that an exchange needs. */
export interface Http1Message extends Readable {
  method?: string | undefined
  url?: string | undefined
  httpVersion: string
  rawHeaders: string[]
  rawTrailers: string[]
  complete: boolean
}

/** What all exchanges of a server share. */
export interface Http1Host<Response extends ResponseState> {
  readonly limits: Pick<Limits, 'bodyBytes' | 'drainBytes'>
  /** Sends the 100 (Continue) that the client waits for. */
  readonly invite: (response: Response) => void
  /** Sends an interim reply. */
  readonly inform: (response: Response, status: number, headers: HeaderList) => void
  /** Writes a reply. */
  readonly write: (x: Http1Exchange<Response>, reply: Reply, isLast: boolean) => Sent | Promise<Sent>
}

/** What an exchange is made of. */
export interface Http1ExchangeOptions<Response> {
  readonly message: Http1Message
  readonly response: Response
  readonly connection: Connection
  readonly batch: number
  /** Whether the client holds its content back (`Expect: 100-continue`). */
  readonly waits: boolean
  /** Where an embedding program mounted this server; undefined on our own listeners. */
  readonly mount: Mount | undefined
  /** The URL below the mount, where the program did not cut the mount off. Default: that of the message. */
  readonly url?: string | undefined
  /** The content of an upgrade, whose connection can switch to another protocol after it. */
  readonly upgradeContent?: Readable | undefined
}

/** An exchange of HTTP/1.1. What a request for a file never needs is made on demand. */
export class Http1Exchange<Response extends ResponseState> implements ServerExchange, LatestRequest {
  readonly id: number = nextExchangeId()
  readonly startedAt: number = performance.now()
  readonly batch: number
  readonly method: string
  readonly version: string
  readonly target: RequestTarget
  readonly headers: RequestHeaders
  readonly notes: Notes = {}
  readonly message: Http1Message
  readonly response: Response
  readonly connection: Connection
  readonly mount: Mount
  authority: Authority | undefined = undefined
  observer: ExchangeObserver | undefined = undefined
  /** Its index among the exchanges under way. */
  place: number | undefined = undefined
  readonly #host: Http1Host<Response>
  readonly #waits: boolean
  readonly #isOurs: boolean
  readonly #upgradeContent: Readable | undefined
  #body: StreamBody | undefined
  #progress = 0
  #watch: { signal: AbortSignal; release: () => void } | undefined

  constructor(
    host: Http1Host<Response>,
    { message, response, connection, batch, waits, mount, upgradeContent, url: given }: Http1ExchangeOptions<Response>,
  ) {
    this.#upgradeContent = upgradeContent
    this.#host = host
    this.connection = connection
    this.#waits = waits
    this.message = message
    this.response = response
    this.batch = batch
    this.mount = mount ?? noMount
    this.#isOurs = mount === undefined
    if (this.mount.path !== '') this.notes.mount = this.mount.path
    this.method = message.method ?? ''
    this.version = message.httpVersion
    const url = given ?? message.url ?? ''
    // Polka cuts a mount path off, and may leave a query alone.
    this.target = parseRequestTarget(this.method, mount !== undefined && url.startsWith('?') ? `/${url}` : url)
    this.headers = new RequestHeaders(receivedFields(message))
  }

  get peer(): Peer {
    return this.connection.peer
  }

  get body(): RequestBody {
    this.#body ??= this.#openBody()
    return this.#body
  }

  get signal(): AbortSignal {
    this.#watch ??= this.connection.watch()
    return this.#watch.signal
  }

  whenGone(callback: () => void): () => void {
    const { connection } = this
    connection.isGoneAtEnd = true
    const release = connection.whenClosed(callback)
    return () => {
      connection.isGoneAtEnd = false
      release()
    }
  }

  inform(status: number, headers: HeaderList): void {
    this.#host.inform(this.response, status, headers)
  }

  /**
   * Content that is small and has arrived is read before the reply: its framing is then known to be valid, and the
   * connection stays open. No reply waits for content still to come: the connection closes (RFC 9112 section 9.3).
   */
  arrival({ close }: Reply): Promise<boolean> | undefined {
    const { headers } = this
    // Most requests have no content: no body has to be made for them.
    if (close === true || (!headers.has('content-length') && !headers.has('transfer-encoding'))) return undefined
    if (!this.body.expected || this.body.taken) return undefined
    return this.body.drain({ bytes: this.#host.limits.drainBytes, isHere: true })
  }

  /** Whether the content has not ended, so that the reply ends the connection. False for injected requests. */
  get isIncomplete(): boolean {
    return this.#body?.expected === true && this.message.complete === false
  }

  progressed(): boolean {
    const relayed = this.#body?.relayed
    if (relayed === undefined || relayed === this.#progress) return false
    this.#progress = relayed
    return true
  }

  fail(error: Error): void {
    this.#body ??= this.#openBody()
    this.#body.fail(error)
  }

  get answered(): boolean {
    return this.response.headersSent
  }

  get gone(): boolean {
    return this.response.destroyed || this.connection.socket.destroyed
  }

  write(reply: Reply, isLast: boolean): Sent | Promise<Sent> {
    return this.#host.write(this, reply, isLast)
  }

  /** Removes its listener from the connection. */
  release(): void {
    this.#watch?.release()
  }

  #openBody(): StreamBody {
    const { limits, invite } = this.#host
    const content = this.#upgradeContent
    return new StreamBody(content ?? this.message, {
      headers: this.headers,
      limit: limits.bodyBytes,
      allowsUpgrade: content !== undefined,
      invite: this.#waits ? () => invite(this.response) : undefined,
      isOurs: this.#isOurs,
      trailers: () => this.message.rawTrailers,
    })
  }
}
