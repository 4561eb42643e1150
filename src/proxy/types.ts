import type { Duplex } from 'node:stream'
import type { Limits } from '../config/types.ts'
import type { ResolvedMatch, ResolvedProxy, ResolvedUpstream } from '../config/route-types.ts'
import type { Exchange, Relayed } from '../http/message/exchange.ts'
import type { HeaderList } from '../http/message/headers.ts'
import type { Source } from '../http/message/reply.ts'
import type { Joined } from './upgrade/tunnel.ts'

/** One route that forwards. */
export interface ProxyRoute {
  /** As people know it: `/api`, `api.localhost`. */
  readonly name: string
  readonly match: ResolvedMatch
  readonly proxy: ResolvedProxy
}

/** A request as it goes to an upstream: end-to-end fields only, framing left to the transport. */
export interface OutboundRequest {
  readonly method: string
  /** Path and query, byte for byte as they shall be sent. */
  readonly path: string
  /** `Host` included; no `Content-Length`, no `Transfer-Encoding`, nothing hop-by-hop. */
  readonly headers: HeaderList
  /** The content, or null where the request has none. */
  readonly body: Relayed | null
  /** Length of the content in bytes where it is known. */
  readonly length: number | undefined
  /** Names, in lower case, of the trailers that the client announced and that may go on. */
  readonly announced?: readonly string[]
  /** The trailer section behind the content as it may go on, once the content was read to its end. */
  readonly trailers?: () => HeaderList
  /** The same request once more, while nothing of its content was read; undefined afterwards. Default: as it is. */
  readonly again?: () => OutboundRequest | undefined
  /** Calls back when the client leaves. Returns the way to stop listening. */
  whenGone(callback: () => void): () => void
  /** Passes an interim reply (1xx) on to the client. */
  inform(status: number, headers: HeaderList): void
}

/** An upstream's answer: end-to-end fields only. */
export interface UpstreamReply {
  readonly status: number
  /** The reason phrase of HTTP/1.1, where it may go on. */
  readonly reason?: string | undefined
  /** Whether it is one of HTTP/1.0. Default false. */
  readonly isHttp10?: boolean
  readonly headers: HeaderList
  /** Null where the answer has no content. Its pull fails when the upstream breaks off. */
  readonly body: Source | Uint8Array | null
}

/** An upstream's answer to an upgrade: a refusal, or a 101 with what joins the two connections. */
export interface UpgradeAnswer extends UpstreamReply {
  readonly relayed: true
  readonly takeover?: (client: Duplex, head: Uint8Array) => Joined
}

/** Asks an upstream to upgrade, until the signal aborts. Resolves with the 101 and its takeover, or with the refusal as it is. */
export type Upgrade = (x: Exchange, outbound: OutboundRequest, signal: AbortSignal) => Promise<UpgradeAnswer>

/** Speaks to one upstream in one version of HTTP. */
export interface Transport {
  /** @throws UpstreamError */
  send(request: OutboundRequest): Promise<UpstreamReply>
  /** Opens a WebSocket as a stream; undefined where the upstream takes none, or for another protocol. */
  upgrade?(...asked: Parameters<Upgrade>): Promise<UpgradeAnswer | undefined>
  /**
   * Ends idle connections now and the others with their exchanges; a request that comes later opens a new one. Default:
   * `close`, when no request is under way.
   */
  retire?(): Promise<void>
  /** Ends every connection, or where a protocol has a way to say so, those without an exchange first. */
  close(): Promise<void>
}

/** What {@link Transport}s are made from. */
export interface TransportOptions {
  readonly upstream: ResolvedUpstream
  readonly timeouts: ResolvedProxy['timeouts']
  readonly tls: ResolvedProxy['tls']
  readonly limits: UpstreamLimits
}

/** The limits of what upstreams may cost. */
export type UpstreamLimits = Pick<Limits, 'replyHeaderBytes' | 'upstreamConnections'>

/** What went wrong with an upstream; `left` when it was the client's doing. */
export type UpstreamFault =
  | 'refused'
  | 'unreachable'
  | 'forbidden-address'
  | 'connect-timeout'
  | 'tls'
  | 'headers-timeout'
  | 'body-timeout'
  | 'total-timeout'
  | 'reset'
  | 'protocol'
  | 'headers-too-large'
  | 'left'
