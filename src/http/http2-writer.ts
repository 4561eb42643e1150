import type { ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import { resetStream } from './http2-reset.ts'
import type { ReplyWriter } from './reply-writer.ts'

/** Bytes that are written at once: what a client takes of them is the progress by which a slow one is told from none. */
const pieceBytes = 64 * 1024

/** Puts content on a stream, and gives a client up that takes none of it, such as one that never opens its window. */
export class Http2Writer implements ReplyWriter {
  readonly #stream: ServerHttp2Stream
  readonly #stallMs: number
  readonly #waiting = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #pending = 0

  constructor(stream: ServerHttp2Stream, stallMs: number) {
    this.#stream = stream
    this.#stallMs = stallMs
    stream.once('close', () => {
      this.stop()
      for (const resolve of this.#waiting) resolve()
      this.#waiting.clear()
    })
  }

  async write(chunk: Uint8Array): Promise<void> {
    const written: Promise<void>[] = []
    for (let at = 0; at < chunk.byteLength; at += pieceBytes) {
      written.push(this.#writePiece(chunk.subarray(at, at + pieceBytes)))
    }
    await Promise.all(written)
  }

  pass(chunk: Uint8Array): Promise<void> | void {
    const written = this.write(chunk)
    if (this.#stream.writableNeedDrain) return written
  }

  /** Ends the content, perhaps with its last part. Resolves when the client has taken that, or left. */
  end(last?: Uint8Array): Promise<void> {
    const stream = this.#stream
    if (last !== undefined && last.byteLength > pieceBytes) void this.write(last)
    const isSmall = last !== undefined && last.byteLength <= pieceBytes
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
      this.#pending++
      stream.once('finish', () => {
        this.#taken()
        resolve()
      })
      this.#watch()
      if (isSmall) stream.end(last)
      else stream.end()
    })
  }

  /** Nothing more is waited for. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #writePiece(piece: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stream.destroyed || this.#stream.closed) return resolve()
      this.#waiting.add(resolve)
      this.#pending++
      this.#watch()
      this.#stream.write(piece, () => {
        this.#waiting.delete(resolve)
        this.#taken()
        resolve()
      })
    })
  }

  #taken(): void {
    if (--this.#pending === 0) this.stop()
    else this.#timer?.refresh()
  }

  #watch(): void {
    if (this.#stream.destroyed || this.#timer !== undefined) return
    this.#timer = setTimeout(() => resetStream(this.#stream, constants.NGHTTP2_CANCEL), this.#stallMs)
  }
}
