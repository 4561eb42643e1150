import type { Writable } from 'node:stream'
import type { Waiting } from '../backlog.ts'

/** Milliseconds that a header section waits for content to share a write with. A client never waits longer for it. */
const headMs = 2

/** Puts the content of a reply on its connection. */
export interface ReplyWriter {
  /** Each promise resolves when the chunk's memory is free again, or when the client left. */
  write(chunk: Uint8Array): Promise<void>
  /** For chunks that are given away: a promise only while the connection takes no more. */
  pass(chunk: Uint8Array, free?: () => void): Promise<void> | void
}

/** A response whose header section Node holds back until something follows it. */
type Held = Writable & { flushHeaders(): void }

/** Puts content behind a header section that is held back. */
export interface HeldHeadWriter extends ReplyWriter {
  /** Sends the header section alone when no content comes at once. */
  releaseHead(): void
  /** No more content comes. */
  end(): void
}

/** What {@link createReplyWriter} needs. */
export interface ReplyWriterOptions {
  readonly signal: AbortSignal
  /** Where what the client has not taken is noted. */
  readonly waiting: Waiting
  /**
   * Whether someone put a `write` of their own in place, such as a compressor of Connect middleware: it keeps chunks and
   * may forget the callback.
   */
  readonly isForeign: boolean
}

/**
 * Makes the writer of one reply.
 */
export function createReplyWriter(
  response: Held,
  { signal, waiting: account, isForeign }: ReplyWriterOptions,
): HeldHeadWriter {
  // Not a race with one promise for the whole reply: that would hold on to every chunk's until the end.
  const waiting = new Set<() => void>()
  signal.addEventListener('abort', () => waiting.forEach((resolve) => resolve()), { once: true })
  let drained: Promise<void> | undefined
  let begun = false
  let head: NodeJS.Timeout | undefined

  function begin(): void {
    if (begun) return
    begun = true
    clearTimeout(head)
  }

  function write(chunk: Uint8Array): Promise<void> {
    begin()
    account.add(chunk.byteLength)
    return new Promise((resolve) => {
      waiting.add(resolve)
      const done = (): void => {
        account.taken(chunk.byteLength)
        waiting.delete(resolve)
        resolve()
      }
      if (!isForeign) response.write(chunk, done)
      else if (response.write(Uint8Array.from(chunk))) done()
      else response.once('drain', done)
    })
  }

  function pass(chunk: Uint8Array, free?: () => void): Promise<void> | void {
    begin()
    const written = (error?: Error | null): void => {
      if (error === undefined || error === null) free?.()
    }
    if (free === undefined ? response.write(chunk) : response.write(chunk, written)) return
    account.set(response.writableLength)
    drained ??= new Promise((resolve) => {
      const done = (): void => {
        account.set(0)
        drained = undefined
        waiting.delete(done)
        resolve()
      }
      waiting.add(done)
      response.once('drain', done)
    })
    return drained
  }

  return {
    write,
    pass: isForeign ? write : pass,
    releaseHead() {
      if (!begun) head = setTimeout(() => response.flushHeaders(), headMs)
    },
    end: begin,
  }
}
