import type { Peer } from '../http/message/exchange.ts'
import type { HeaderList } from '../http/message/headers.ts'

/** A message of a recorded exchange. */
export interface RecordedMessage {
  /** Fields as received or sent, names and values in turn. `…` replaces credentials, as in the access log. */
  readonly headers: HeaderList
  /** The first bytes of the content, at most `limits.recordedContentBytes`. They may hold secrets. */
  readonly content: Uint8Array
  /** Bytes of the whole content that passed. */
  readonly bytes: number
  /** Fields behind the content, redacted too. */
  readonly trailers: HeaderList
}

/** The reply of a recorded exchange. */
export interface RecordedReply extends RecordedMessage {
  /** 101 for an upgrade over HTTP/1.1, 200 over HTTP/2; what follows an upgrade is not recorded. */
  readonly status: number
}

/** An attempt to forward a recorded exchange. Fields are redacted as those of messages. */
export interface RecordedForwarding {
  readonly upstream: string
  readonly method: string
  /** Path and query as they were sent. */
  readonly target: string
  /** Fields as they were sent, without those of the framing. */
  readonly headers: HeaderList
  /** Whether its connection had carried another request; undefined over HTTP/2, for upgrades, and without one. */
  readonly isReused: boolean | undefined
  /** Milliseconds from the header section of the request to the attempt, to its connection, and to the answer. */
  readonly startMs: number
  readonly connectedMs: number | undefined
  readonly answeredMs: number | undefined
  /** Status and fields of the answer, as it came; undefined and empty without one, and for upgrades. */
  readonly status: number | undefined
  readonly replyHeaders: HeaderList
}

/** One recorded exchange. Until it ends, its members change. */
export interface RecordedExchange {
  /** Counts up from 1 within the process; it is the `id` of the exchange in layers too. */
  readonly id: number
  /** Wall-clock time of the request in milliseconds since 1970. */
  readonly time: number
  /** The other end of the connection, and which of our addresses it reached. */
  readonly peer: Pick<Peer, 'address' | 'port' | 'localAddress' | 'encrypted'>
  /** HTTP version as sent, for example `1.1`; `2` for HTTP/2. */
  readonly version: string
  /** The method as received; `-` for a message that could not be parsed. */
  readonly method: string
  /** The request-target as received, without the stamp of live reload; secrets in its query are redacted. */
  readonly target: string
  /** Host and port that the client asked for; empty without. */
  readonly authority: string
  readonly request: RecordedMessage
  /** Undefined until the reply is written. */
  readonly reply: RecordedReply | undefined
  /** Attempts to forward it, the last 10 of them. */
  readonly forwarded: readonly RecordedForwarding[]
  /** Milliseconds from the header section of the request to that of the reply; undefined until then. */
  readonly firstByteMs: number | undefined
  /** Milliseconds from the header section of the request to the end of the reply; undefined until then. */
  readonly endMs: number | undefined
  /** Whether the connection ended before the reply was complete; without `refusal` the client closed it. */
  readonly aborted: boolean
  /** The user who authenticated, or empty. */
  readonly user: string
  /** Name of the route that answered, or empty, as for served folders. */
  readonly route: string
  /** The upstream of the last attempt, or empty. */
  readonly upstream: string
  /** Why that upstream did not answer, or empty. */
  readonly reason: string
  /** Error code, for example `E8008_NOT_FOUND`, or empty. */
  readonly refusal: string
  /** Remark of the access log, or empty. */
  readonly remark: string
  /** Name of the site that answered, where it is neither the only nor the default one; else empty. */
  readonly site: string
  /** Name of the listener that accepted the connection; empty for `handler` and `fetch`. */
  readonly listener: string
}

/** Records exchanges until it is closed. Iterating yields each one that has ended since it was opened, in that order. */
export interface Recording extends AsyncIterable<RecordedExchange>, Disposable {
  /** What is kept: exchanges that have ended, the oldest first, then those under way. */
  readonly exchanges: readonly RecordedExchange[]
  /** Number of exchanges that the limits have dropped since it was opened. */
  readonly dropped: number
  /** Stops recording, and ends every iteration. What was kept can still be read. */
  close(): void
}
