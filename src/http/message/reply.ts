import type { Readable } from 'node:stream'
import type { FileSlice } from '../body/file.ts'
import { withVary, type HeaderList } from './headers.ts'

/** Receives the content of a {@link Source}. */
export interface Sink {
  /** Takes a chunk. Resolves when the next one is wanted, which is the backpressure. */
  write(chunk: Uint8Array): Promise<void> | void
  /**
   * As `write`, for a chunk that the caller gives away: returns a promise only for backpressure.
   *
   * @param free Called when the chunk's memory is unused, if that becomes known.
   * @internal
   */
  pass?(chunk: Uint8Array, free?: () => void): Promise<void> | void
}

/**
 * A body that pushes itself into a sink. It is pulled at most once. `cancel` is called instead of `pull` where the body
 * is not sent (HEAD, 304), and must free what it holds.
 */
export interface Source {
  /** Exact length in bytes, if known; it becomes `Content-Length`. */
  readonly length?: number | undefined
  /** Resolves when all content is written, with the trailer section if there is one. */
  pull(sink: Sink, signal: AbortSignal): Promise<HeaderList | void>
  cancel(): void
}

/** The content of a reply. */
export type Body = null | Uint8Array | FileSlice | Readable | Source

/** The validators of a representation (RFC 9110 section 8.8). */
export interface Validators {
  /** Entity tag with its quotes, `W/` in front when weak. */
  readonly etag?: string | undefined
  /** Time of the last change in milliseconds since 1970, as `Last-Modified` states it (whole seconds). */
  readonly modified?: number | undefined
}

/** Takes over the connection after the 101 of an upgrade. */
export type Takeover = (socket: import('node:stream').Duplex, head: Uint8Array) => void

/**
 * The reply to an exchange, as plain data. Handlers make replies, and filters change copies of them. Replies may be
 * shared between exchanges: never mutate one.
 */
export interface Reply {
  readonly status: number
  /** The reason phrase of HTTP/1.1. Default: the usual one of the status. */
  readonly reason?: string | undefined
  /** Without `Content-Length`, `Date` and `Connection`, which the server sets. */
  readonly headers: HeaderList
  readonly body: Body
  /**
   * Set for a complete representation, to which the server applies preconditions and ranges (RFC 9110 sections 13 and
   * 14.2).
   */
  readonly validators?: Validators | undefined
  /** Close the connection after this reply. */
  readonly close?: boolean | undefined
  /** Whether it is the reply of an upstream: filters for the server's own files leave it unchanged. */
  readonly relayed?: boolean | undefined
  /**
   * Whether a relayed page may get the client of live reload, as its route says.
   *
   * @internal
   */
  readonly injectable?: boolean | undefined
  /** With status 101: takes over the connection. */
  readonly takeover?: Takeover | undefined
}

/** The result of writing a reply. */
export interface Sent {
  /** Bytes of content that were written. */
  readonly bytes: number
  /** Whether the content is incomplete. */
  readonly aborted: boolean
  /** Why, unless the client left. */
  readonly error?: unknown
}

/** A reply without a body. */
export function emptyReply(status: number, headers: HeaderList = []): Reply {
  return { status, headers, body: null }
}

/**
 * For the access log only, since the connection is gone: the client has closed it (499 is nginx's status for that), or this
 * server has, by closing.
 */
export function abandonedReply({ notes }: { readonly notes: { readonly refusal?: string } }): Reply {
  return { ...emptyReply(notes.refusal === 'E8008_CLOSED' ? 503 : 499), close: true }
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
 * Memoizes a mapping for shared (frozen) replies, so that a filter with constant fields costs a look-up. The result is
 * shared too, as long as the original is.
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

/**
 * The reply with more request fields in its `Vary`. It is memoized as {@link memoizeReply} does.
 *
 * @param fields One of a few constant lists.
 */
export function variedBy(reply: Reply, fields: readonly string[]): Reply {
  const known = varied.get(fields)
  if (known !== undefined) return known(reply)
  const vary = memoizeReply((plain) => ({ ...plain, headers: fields.reduce(withVary, plain.headers) }))
  varied.set(fields, vary)
  return vary(reply)
}

const varied = new Map<readonly string[], (reply: Reply) => Reply>()
