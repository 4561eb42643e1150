import type { Readable } from 'node:stream'
import type { FileSlice } from '../body/file.ts'
import type { HeaderList } from './headers.ts'

/** Where a {@link Source} writes. `write` resolves when more is wanted: that is the backpressure. */
export interface Sink {
  write(chunk: Uint8Array): Promise<void> | void
  /**
   * As `write`, for a chunk that is given away: the promise comes only when the connection has enough.
   *
   * @param free Called when nothing refers to the chunk's memory any more, if that is ever known for sure.
   * @internal
   */
  pass?(chunk: Uint8Array, free?: () => void): Promise<void> | void
}

/**
 * A body that pushes itself into a sink. It is pulled at most once; `cancel` is called instead of
 * `pull` when the body turns out not to be needed (HEAD, 304), and must free what it holds.
 */
export interface Source {
  /** Exact length in bytes where it is known; it becomes `Content-Length`. */
  readonly length?: number | undefined
  /** Resolves with the trailer section, if there is one, when the whole content was written. */
  pull(sink: Sink, signal: AbortSignal): Promise<HeaderList | void>
  cancel(): void
}

/** What can follow a reply's header section. */
export type Body = null | Uint8Array | FileSlice | Readable | Source

/** The validators of a representation (RFC 9110 section 8.8). */
export interface Validators {
  /** Entity tag with its quotes, `W/` in front when weak. */
  readonly etag?: string | undefined
  /** Time of the last change in milliseconds since 1970, as `Last-Modified` states it (whole seconds). */
  readonly modified?: number | undefined
}

/** Takes over the connection after the 101 that a reply with an upgrade sends. */
export type Takeover = (socket: import('node:stream').Duplex, head: Uint8Array) => void

/**
 * The answer to an exchange, as plain data. Handlers make replies, filters map them, and only
 * `write-response.ts` writes them. Replies may be shared between exchanges, so they are never mutated.
 */
export interface Reply {
  readonly status: number
  /** What HTTP/1.1 says beside the status. Default: its usual phrase. */
  readonly reason?: string | undefined
  /** `Content-Length`, `Date` and `Connection` are set when it is written. */
  readonly headers: HeaderList
  readonly body: Body
  /**
   * Present when the reply is a whole representation whose preconditions and ranges are still to
   * be applied (RFC 9110 sections 13 and 14.2).
   */
  readonly validators?: Validators | undefined
  /** Close the connection after this reply. */
  readonly close?: boolean | undefined
  /** Whether it is another server's answer, passed on: filters that speak about our own files leave it alone. */
  readonly relayed?: boolean | undefined
  /**
   * Whether a relayed page may get the client of live reload: its route asks for it.
   *
   * @internal
   */
  readonly injectable?: boolean | undefined
  /** With status 101: who owns the connection afterwards. */
  readonly takeover?: Takeover | undefined
}

/** What became of a reply. */
export interface Sent {
  /** Bytes of content handed to the connection. */
  readonly bytes: number
  /** Whether the content did not go out whole. */
  readonly aborted: boolean
  /** Why, unless the client left. */
  readonly error?: unknown
}

/** A reply without a body. */
export function emptyReply(status: number, headers: HeaderList = []): Reply {
  return { status, headers, body: null }
}

/** A reply with text; the type defaults to plain text in UTF-8. */
export function textReply(status: number, text: string, headers: HeaderList = []): Reply {
  return {
    status,
    headers: ['Content-Type', 'text/plain; charset=utf-8', 'X-Content-Type-Options', 'nosniff', ...headers],
    body: Buffer.from(text),
  }
}

/**
 * Makes a mapping of replies remember what it made of a shared (frozen) one, so that a filter which adds
 * constant fields costs a look-up. The mapped reply is shared in turn, and forgotten with its original.
 */
export function memoizeReply(map: (reply: Reply) => Reply): (reply: Reply) => Reply {
  const known = new WeakMap<Reply, Reply>()
  return (reply) => {
    const before = known.get(reply)
    if (before !== undefined) return before
    const mapped = map(reply)
    if (Object.isFrozen(reply)) known.set(reply, mapped === reply ? reply : Object.freeze(mapped))
    return mapped
  }
}
