import type { Readable } from 'node:stream'
import type { RequestHeaders, HeaderList } from './headers.ts'
import type { Reply } from './reply.ts'
import type { RequestTarget } from './request-target.ts'
import type { Authority } from './authority.ts'

/** Who is at the other end of the connection, and which of our addresses they reached. */
export interface Peer {
  /** Remote IP address; empty for a unix socket. */
  readonly address: string
  /** Remote port, 0 for a unix socket. */
  readonly port: number
  /** Our own address on this connection. */
  readonly localAddress: string
  /** Our own port on this connection. */
  readonly localPort: number
  /** Whether the connection is under TLS. */
  readonly encrypted: boolean
}

/**
 * A connection that content is written to.
 *
 * @internal
 */
export interface Outlet {
  /** Bytes that wait to be sent. */
  readonly writableLength: number
}

/**
 * Content on its way to another server.
 *
 * @internal
 */
export interface Relayed extends Readable {
  /** Tells where the reader puts every chunk at once and keeps none, so that their memory is free when they are out. */
  goTo?(outlet: Outlet): void
}

/**
 * How much content is waited for; what is left out has no bound but `limits.bodyBytes`.
 *
 * @internal
 */
export interface DrainBounds {
  /** Bytes of content. */
  readonly bytes?: number
  /** Whether content counts only that reached this machine by now. Default false. */
  readonly isHere?: boolean
}

/** The request's content. Reading it is optional: what nobody reads is dropped. */
export interface RequestBody {
  /** Whether there is content: HTTP/1.1 announces it (`Content-Length` above 0 or chunked), HTTP/2 shows it. */
  readonly expected: boolean
  /** Announced length in bytes, undefined when it was not said, as in chunks. */
  readonly length: number | undefined
  /**
   * All of the content, where an upgrade brought so little that it was read before; else undefined.
   *
   * @internal
   */
  readonly whole?: Uint8Array | undefined
  /** Whether someone took the stream. */
  readonly taken: boolean
  /** Whether all of it was read. */
  readonly read: boolean
  /** The trailer section (RFC 9110 section 6.5), as received; empty before the content was read to its end. */
  readonly trailers: HeaderList
  /** The content as a stream; the taker must consume it. Fails with `E8008_BODY_TOO_LARGE` past the limit. */
  stream(): Readable
  /**
   * The content for someone who passes it on and keeps none of it: without a limit, and for as long as it makes
   * progress. It counts as taken, and a client that waits is asked for it, when the first byte is wanted.
   *
   * @internal
   */
  relay(): Relayed
  /**
   * Reads and discards what is left, and tells whether all of it came. Resolves at once when there is nothing, or when
   * the client waits to be asked for it.
   *
   * @param within Past these bounds it resolves with false, and what still comes is dropped.
   * @internal
   */
  drain(within?: DrainBounds): Promise<boolean>
}

/** Facts for the access log that the stages leave behind. */
export interface Notes {
  /** Code of the refusal, for example `E8008_HOST_NOT_ALLOWED`. */
  refusal?: string
  /** One short remark shown beside the log line. */
  remark?: string
  /** Name of the route that took the exchange. */
  route?: string
  /** Where it was forwarded to last. */
  upstream?: string
  /** Why there is no answer of that upstream, in few words. */
  reason?: string
  /**
   * The path is none of ours, whatever the reply: a program that embeds us may have something there.
   *
   * @internal
   */
  unclaimed?: boolean
  /**
   * The address is one of serve8008's own: the log tells of it only when it was refused.
   *
   * @internal
   */
  own?: boolean
  /**
   * The address is one of a single-page app that is served without its option.
   *
   * @internal
   */
  missesApp?: true
  /**
   * A browser asked for the script of a service worker that is not here, and got one that unregisters itself.
   *
   * @internal
   */
  staleWorker?: boolean
  /** The user that authenticated. */
  user?: string
}

/**
 * One request and everything known about it. Made once by the adapter; the pipeline only reads it.
 *
 * It looks the same in every version of HTTP: in HTTP/2 the authority stands in `Host` of `headers`, and a WebSocket
 * (RFC 8441) is the GET with `Upgrade` and `Sec-WebSocket-Key` that it would be in HTTP/1.1.
 */
export interface Exchange {
  /** Counts up from 1 within the process. */
  readonly id: number
  /** `performance.now()` when the header section was complete, in milliseconds. */
  readonly startedAt: number
  /**
   * Exchanges with the same number had all arrived before the first of them was handled, so a look at
   * the outside world made for one holds for all. NaN when that cannot be said of this one.
   *
   * @internal
   */
  readonly batch: number
  /** Request method, case-sensitive. */
  readonly method: string
  /** HTTP version: `1.0`, `1.1`, `2`. */
  readonly version: string
  /** The request-target, parsed. */
  readonly target: RequestTarget
  /** The authority that the request names (from the target or `Host`); the guard sets it. */
  authority: Authority | undefined
  readonly headers: RequestHeaders
  readonly peer: Peer
  readonly body: RequestBody
  /** Aborts when the client goes away or the server closes by force. */
  readonly signal: AbortSignal
  /**
   * Calls back when the client goes away, which costs less than the signal. From now on a client that closes its
   * sending side counts as gone: it may only have said that no more requests follow, but where another server works
   * for it, one that left must cost nothing. Returns the way to stop listening.
   *
   * @internal
   */
  whenGone(callback: () => void): () => void
  /** Sends an interim reply (1xx) such as 103. Ignored where the protocol has none. */
  inform(status: number, headers: HeaderList): void
  readonly notes: Notes
}

/** Turns an exchange into a reply. Synchronous where it can be: an await costs a turn of the loop. */
export type Handler = (x: Exchange) => Reply | Promise<Reply>

/** Wraps a handler; layers are folded once, at start-up. */
export type Layer = (next: Handler) => Handler

/** Maps a reply on its way out. */
export type Filter = (reply: Reply, x: Exchange) => Reply | Promise<Reply>
