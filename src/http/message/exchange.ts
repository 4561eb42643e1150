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
  /** Whether the connection uses TLS. */
  readonly encrypted: boolean
  /** Name of the listener that accepted the connection; undefined for `handler` and `fetch`. */
  readonly listener?: string | undefined
}

/**
 * Content on its way to another server.
 *
 * @internal
 */
export interface Relayed extends Readable {
  /** Frees the memory of a chunk that was sent, and that its reader does not keep. */
  free?(chunk: Uint8Array): void
}

/**
 * How much content is waited for. Default: up to `limits.bodyBytes`.
 *
 * @internal
 */
export interface DrainBounds {
  /** Bytes of content. */
  readonly bytes?: number
  /** Whether to read only content that has arrived. Default false. */
  readonly isHere?: boolean
}

/**
 * Follows one exchange for a recording. It keeps no chunk: their memory may be used again.
 *
 * @internal
 */
export interface ExchangeObserver {
  /** A reply is about to be written; another one follows if it cannot be. */
  replying(reply: Reply): void
  /** A chunk of the reply's content is given to the connection. */
  sent(chunk: Uint8Array): void
  /** The content of the reply is complete, with this trailer section. */
  trailing(trailers: HeaderList): void
  /** The request goes to an upstream. Called for each attempt. */
  forwarding(upstream: string, sent: ForwardedHead): ForwardingObserver
  /** Another handler answers the request. */
  release(): void
}

/**
 * What an upstream is sent, without what frames it.
 *
 * @internal
 */
export interface ForwardedHead {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: HeaderList
}

/**
 * Follows one attempt to forward a request.
 *
 * @internal
 */
export interface ForwardingObserver {
  /** It has a connection; not called over HTTP/2 and for upgrades. */
  connected(isReused: boolean): void
  /** The upstream has answered. */
  answered(reply: { readonly status: number; readonly headers: HeaderList }): void
}

/** The content of a request. Reading it is optional: unread content is dropped. */
export interface RequestBody {
  /** Whether there is content: HTTP/1.1 announces it (`Content-Length` above 0 or chunked), HTTP/2 shows it. */
  readonly expected: boolean
  /** Announced length in bytes, undefined without one, as in chunks. */
  readonly length: number | undefined
  /**
   * Whether the connection can switch to another protocol after the content (RFC 9110 section 7.8).
   *
   * @internal
   */
  readonly allowsUpgrade: boolean
  /** Whether the content was taken by a reader. */
  readonly taken: boolean
  /** Whether all of it was read. */
  readonly read: boolean
  /** The trailer section (RFC 9110 section 6.5), as received; empty before the content was read to its end. */
  readonly trailers: HeaderList
  /** The content as a stream, which the caller must read. Fails with `E8008_BODY_TOO_LARGE` above the limit. */
  stream(): Readable
  /**
   * The content for a caller that forwards it and keeps none of it: without a limit of size, for as long as it makes
   * progress. The first read takes it, and invites content that the client holds back.
   *
   * @internal
   */
  relay(): Relayed
  /**
   * Reads and drops the rest. Resolves with whether all of it arrived: at once without content, or when the client
   * holds it back.
   *
   * @param within Above these bounds it resolves with false, and drops what still arrives.
   * @internal
   */
  drain(within?: DrainBounds): Promise<boolean>
  /**
   * From now on calls back with each chunk that a reader gets. It must not keep the memory of a chunk.
   *
   * @internal
   */
  observe(read: (chunk: Uint8Array) => void): void
}

/** Facts for the access log, set by the stages of the pipeline. */
export interface Notes {
  /** Code of the error that was sent, such as `E8008_HOST_NOT_ALLOWED`. */
  refusal?: string
  /** A short remark for the log line. */
  remark?: string
  /** Name of the route that took the exchange. */
  route?: string
  /** The upstream that it was forwarded to last. */
  upstream?: string
  /** Why that upstream did not answer, in few words. */
  reason?: string
  /** Name of the site that answers, where it is neither the only nor the default one. */
  site?: string
  /**
   * The path belongs to an embedding program, whatever the reply.
   *
   * @internal
   */
  unclaimed?: boolean
  /**
   * Path at which an embedding program mounted this server, without a final slash; undefined at the top.
   *
   * @internal
   */
  mount?: string
  /**
   * The path is below `/__serve8008/`: it is logged only if it gets an error.
   *
   * @internal
   */
  own?: boolean
  /**
   * The path is a page of a single-page app that is served without `single`.
   *
   * @internal
   */
  missesApp?: true
  /**
   * A browser requested a missing service worker, and got a script that unregisters it.
   *
   * @internal
   */
  staleWorker?: boolean
  /** The user that authenticated. */
  user?: string
  /**
   * The field `Authorization` holds credentials for this server alone, which no upstream gets.
   *
   * @internal
   */
  ownAuthorization?: boolean
}

/**
 * One request and its context. The server makes it; the pipeline only reads it.
 *
 * It is the same for every version of HTTP: in HTTP/2 `Host` of `headers` has the authority, and a WebSocket (RFC 8441)
 * is a GET with `Upgrade` and `Sec-WebSocket-Key`, as in HTTP/1.1.
 */
export interface Exchange {
  /** Counts up from 1 within the process. */
  readonly id: number
  /** `performance.now()` when the header section was complete, in milliseconds. */
  readonly startedAt: number
  /**
   * Exchanges with the same number all arrived before the first of them was handled, so that they can share a look at
   * the file system. NaN where that is not known.
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
  /** The authority of the request, from its target or `Host`. The guard sets it. */
  authority: Authority | undefined
  readonly headers: RequestHeaders
  readonly peer: Peer
  readonly body: RequestBody
  /** Aborts when the client goes away or the server closes by force. */
  readonly signal: AbortSignal
  /**
   * Calls back when the client goes away, which costs less than the signal. Until the callback is removed, a client
   * that closes its sending side counts as gone: it may only send no more requests, but an upstream must not work for a
   * client that left. Returns a function that removes the callback.
   *
   * @internal
   */
  whenGone(callback: () => void): () => void
  /** Sends an interim reply (1xx) such as 103. Ignored where the protocol has none. */
  inform(status: number, headers: HeaderList): void
  readonly notes: Notes
  /**
   * Set while exchanges are recorded.
   *
   * @internal
   */
  observer?: ExchangeObserver | undefined
}

/** Turns an exchange into a reply, synchronously where it can: an await costs a turn of the event loop. */
export type Handler = (x: Exchange) => Reply | Promise<Reply>

/** Wraps a handler, once at start-up. */
export type Layer = (next: Handler) => Handler

/** Changes a reply before it is written. */
export type Filter = (reply: Reply, x: Exchange) => Reply | Promise<Reply>
