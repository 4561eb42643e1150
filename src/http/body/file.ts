import { readSync } from 'node:fs'
import { ServeError } from '../../core/serve-error.ts'
import type { FileHandle } from './open-files.ts'

/** A part of an open file. Its owner must send or dispose it, exactly once. */
export class FileSlice {
  /** First byte. */
  readonly start: number
  /** How many bytes. */
  readonly length: number
  readonly #file: FileHandle
  #isOurs = true

  constructor(file: FileHandle, start: number, length: number) {
    this.#file = file
    this.start = start
    this.length = length
  }

  /** Its descriptor, valid in this turn only. @throws ServeError `E8008_INTERNAL` when the file was replaced. */
  get fd(): number {
    return this.#file.fd
  }

  /**
   * Reads bytes of the slice into a buffer.
   *
   * @param offset Position in the slice.
   * @throws ServeError `E8008_INTERNAL` when the file has become shorter, or another one.
   */
  read(buffer: Uint8Array, offset: number, length: number): Promise<number> {
    return this.#file.read(buffer, length, this.start + offset)
  }

  /** A part of the slice, which takes the file over: this slice must not be used afterwards. */
  narrow(offset: number, length: number): FileSlice {
    this.#isOurs = false
    return new FileSlice(this.#file, this.start + offset, length)
  }

  /** Closes the file; further calls do nothing. */
  dispose(): void {
    if (this.#isOurs) this.#file.dispose()
    this.#isOurs = false
  }
}

/** Bytes of the first read, which is sent alone: a client that never reads costs no more. */
const firstReadBytes = 64 * 1024

/**
 * The bytes of a slice that one read takes, read in this turn like a small file: Node's threads for files would cost
 * more than the read. The slice itself if it is longer, or cannot be read: sending it reports the error.
 */
export function readIfSmall(slice: FileSlice): FileSlice | Uint8Array {
  if (slice.length > firstReadBytes) return slice
  const buffer = Buffer.allocUnsafe(slice.length)
  try {
    if (readSync(slice.fd, buffer, 0, slice.length, slice.start) < slice.length) return slice
  } catch {
    return slice
  }
  slice.dispose()
  return buffer
}

/** Bytes of each later read: fewer calls than with the 64 KiB of a stream. */
const chunkBytes = 256 * 1024
/** Buffers that are kept for the next download; the others are garbage. */
const keptBuffers = 8

const pool: Buffer[] = []

/** Writes a chunk and resolves when its memory may be used again. Never rejects. */
type WriteChunk = (chunk: Uint8Array) => Promise<void>

/**
 * Sends a slice through `write`, and closes it. Reads into one buffer while the other is written.
 *
 * @throws ServeError `E8008_INTERNAL` when the file has become shorter than the slice.
 *
 * @internal
 */
export async function sendFile(slice: FileSlice, write: WriteChunk, signal: AbortSignal): Promise<void> {
  const buffers: Buffer[] = []
  const written: [Promise<void>, Promise<void>] = [Promise.resolve(), Promise.resolve()]
  try {
    let turn: 0 | 1 = 0
    for (let sent = 0; sent < slice.length;) {
      await written[turn]
      if (signal.aborted) return
      const rest = slice.length - sent
      const size = Math.min(rest, sent === 0 ? firstReadBytes : chunkBytes)
      const buffer = sent === 0 ? Buffer.allocUnsafeSlow(size) : (buffers[turn] ??= takeBuffer(rest))
      const count = await slice.read(buffer, sent, Math.min(size, buffer.length))
      if (count === 0) throw new ServeError('E8008_INTERNAL', 'The file became shorter while it was being sent.')
      const taken = write(buffer.subarray(0, count))
      if (sent === 0) await taken
      else written[turn] = taken
      sent += count
      turn = turn === 0 ? 1 : 0
    }
  } finally {
    slice.dispose()
    await Promise.all(written)
    // After an abort the kernel may still read from them.
    if (!signal.aborted) for (const buffer of buffers) keepBuffer(buffer)
  }
}

function takeBuffer(length: number): Buffer {
  return (length >= chunkBytes ? pool.pop() : undefined) ?? Buffer.allocUnsafeSlow(Math.min(length, chunkBytes))
}

function keepBuffer(buffer: Buffer): void {
  if (buffer.length === chunkBytes && pool.length < keptBuffers) pool.push(buffer)
}
