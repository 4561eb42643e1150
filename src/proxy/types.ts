import type { Duplex } from 'node:stream'
import type { Limits } from '../config/options/limits.ts'
import type { ResolvedMatch } from '../config/route-types.ts'
import type { ResolvedProxy, ResolvedUpstream } from '../config/kinds/proxy-types.ts'
import type { Exchange, Relayed } from '../http/message/exchange.ts'
import type { HeaderList } from '../http/message/headers.ts'
import type { Source } from '../http/message/reply.ts'
import type { Tunnel } from './tunnel.ts'

/** One route that forwards. */
export interface ProxyRoute {
  /** Id in logs and messages, such as `/api` or `api.localhost`. */
  readonly id: string
  readonly match: ResolvedMatch
  readonly proxy: ResolvedProxy
}

/** A request for an upstream: end-to-end fields only. The transport adds the framing. */
export interface UpstreamRequest {
  readonly method: string
  /** Path and query, byte for byte as they are sent. */
  readonly path: string
  /** With `Host`; without `Content-Length`, `Transfer-Encoding` and other hop-by-hop fields. */
  readonly headers: HeaderList
  /** The content, or null if the request has none. */
  readonly body: Relayed | null
  /** Length of the content in bytes, or undefined if unknown. */
  readonly length: number | undefined
  /** Names, in lower case, of the trailer fields that the client announced and the proxy may forward. Default none. */
  readonly announced?: readonly string[]
  /** The trailer fields to forward; call it after the content was read to its end. Default none. */
  readonly trailers?: () => HeaderList
  /** The same request for a retry; undefined once a byte of its content was read. Default: no retry of content. */
  readonly again?: () => UpstreamRequest | undefined
  /**
   * What counts as one client where connections are scarce: an IPv4 address, or the 64-bit network of an IPv6 address.
   * Default: this server itself.
   */
  readonly client?: () => string
  /** Called when it has a connection of HTTP/1.1. Default: nothing follows that. */
  readonly connected?: (isReused: boolean) => void
  /** Calls back when the client disconnects. Returns a function that unsubscribes. */
  whenGone(callback: () => void): () => void
  /** Sends an interim response (1xx) to the client. */
  inform(status: number, headers: HeaderList): void
}

/** A response of an upstream: end-to-end fields only. */
export interface UpstreamReply {
  readonly status: number
  /** The reason phrase of HTTP/1.1; undefined for the usual one. */
  readonly reason?: string | undefined
  /** Whether the upstream answered in HTTP/1.0. Default false. */
  readonly isHttp10?: boolean
  readonly headers: HeaderList
  /** Null if the response has no content. The pull rejects when the upstream closes the connection too early. */
  readonly body: Source | Uint8Array | null
}

/** An upstream's response to an upgrade: 101 with the function that opens the tunnel, or any other final status. */
export interface UpgradeAnswer extends UpstreamReply {
  readonly relayed: true
  readonly takeover?: (client: Duplex, head: Uint8Array) => Tunnel
}

/** Asks an upstream to upgrade, until the signal aborts. Resolves with whatever final response or 101 it sends. */
export type Upgrade = (x: Exchange, outbound: UpstreamRequest, signal: AbortSignal) => Promise<UpgradeAnswer>

/** Sends requests to one upstream in one version of HTTP. */
export interface Transport {
  /** @throws UpstreamError */
  send(request: UpstreamRequest): Promise<UpstreamReply>
  /** Opens a WebSocket as an HTTP/2 stream; undefined if the upstream does not support that, or for another protocol. */
  upgrade?(...asked: Parameters<Upgrade>): Promise<UpgradeAnswer | undefined>
  /**
   * Closes idle connections now, and busy ones after their exchange; a later request opens a new one. Default: `close`,
   * when no request is in progress.
   */
  retire?(): Promise<void>
  /** Closes every connection. HTTP/2 waits for its open streams. */
  close(): Promise<void>
}

/** Options of every {@link Transport}. */
export interface TransportOptions {
  readonly upstream: ResolvedUpstream
  readonly timeouts: ResolvedProxy['timeouts']
  readonly tls: ResolvedProxy['tls']
  readonly limits: UpstreamLimits
}

/** Limits for the connections and responses of upstreams. */
export type UpstreamLimits = Pick<
  Limits,
  'replyHeaderBytes' | 'upstreamConnections' | 'upstreamShare' | 'queuedRequests' | 'queueMs'
>

/** Why an upstream gave no usable response; `left` if the client disconnected first. */
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
  | 'no-http2'
  | 'headers-too-large'
  | 'queue-full'
  | 'queue-timeout'
  | 'left'
