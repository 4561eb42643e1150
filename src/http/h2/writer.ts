import type { ServerHttp2Stream } from 'node:http2'
import type { Backlog, Waiting } from '../backlog.ts'
import { resetStream } from './reset.ts'
import type { ReplyWriter } from '../body/reply-writer.ts'

/** Bytes that are written at once: what a client takes of them is the progress by which a slow one is told from none. */
const pieceBytes = 64 * 1024

/** Puts content on a stream, and notes what its client has not taken, such as one that never opens its window. */
export class Http2Writer implements ReplyWriter {
  readonly #stream: ServerHttp2Stream
  readonly #account: Waiting
  /** Called when a piece is gone, or the client. */
  readonly #waiting = new Set<() => void>()
  #whenTaken: (() => void) | undefined
  /** Resolves when everything that had to wait was taken; undefined when nothing had to. */
  #queue: Promise<void> | undefined

  constructor(stream: ServerHttp2Stream, backlog: Backlog) {
    this.#stream = stream
    this.#account = backlog.open(() => resetStream(stream, 'cancel'))
    if (stream.destroyed || stream.closed) this.#account.close()
    stream.once('close', () => {
      this.#account.close()
      for (const done of this.#waiting) done()
    })
  }

  write(chunk: Uint8Array): Promise<void> {
    this.#account.add(chunk.byteLength)
    const isSmall = chunk.byteLength <= pieceBytes
    if (isSmall && this.#queue === undefined && !this.#stream.writableNeedDrain) return this.#writePiece(chunk)
    const written = (this.#queue ?? Promise.resolve()).then(() => this.#writePieces(chunk))
    this.#queue = written
    return written.then(() => {
      if (this.#queue === written) this.#queue = undefined
    })
  }

  pass(chunk: Uint8Array): Promise<void> | void {
    const written = this.write(chunk)
    if (this.#queue !== undefined || this.#stream.writableNeedDrain) return written
  }

  /** Ends the content when the client has taken all that was written, and resolves then, or when it has left. */
  async end(): Promise<void> {
    while (this.#queue !== undefined) await this.#queue.then(() => Promise.resolve())
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => (this.#whenTaken = resolve))
    // Not before: an end behind content for which there is no window must not meet a reset (see there).
    if (!this.#stream.destroyed && !this.#stream.closed) this.#stream.end()
  }

  /** Ends the content with its last part, which is small, at once. */
  endWith(last: Uint8Array): void {
    this.#account.add(last.byteLength)
    this.#stream.once(
      'finish',
      this.#wait(last.byteLength, () => {}),
    )
    this.#stream.end(last)
  }

  /** One after the other: Node makes one of those that wait for each other, and tells of none before the last. */
  async #writePieces(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; at += pieceBytes) {
      await this.#writePiece(chunk.subarray(at, at + pieceBytes))
    }
  }

  #writePiece(piece: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream.destroyed || this.#stream.closed) return resolve()
      this.#stream.write(piece, this.#wait(piece.byteLength, resolve))
    })
  }

  /** Notes that bytes are to be taken. Returns what to call when they were. */
  #wait(bytes: number, act: () => void): () => void {
    const done = (): void => {
      if (!this.#waiting.delete(done)) return
      this.#account.taken(bytes)
      if (this.#waiting.size === 0) this.#whenTaken?.()
      act()
    }
    this.#waiting.add(done)
    return done
  }
}
