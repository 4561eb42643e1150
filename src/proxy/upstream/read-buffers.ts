/**
 * Memory for what connections read, which is used again. Node takes new memory for every read; what comes in large
 * replies then has the garbage collector at work all the time.
 *
 * A reader that is done with a chunk gives its memory back; one that forgets costs nothing but that memory's reuse.
 */
import type { OnReadOpts } from 'node:net'

/** Bytes that one read takes at most: as many as Node reads at once. */
const bufferBytes = 64 * 1024
/** Shorter pieces are copied: they would keep a whole buffer busy. */
const lentBytes = bufferBytes / 2
/** Buffers that are kept for later; more are left to the garbage collector. */
const keptBuffers = 64

/** Buffers that wait for a connection with much to read. */
const free: Buffer[] = []

/** Bytes that were lent of each buffer that is out. */
const lent = new WeakMap<ArrayBufferLike, number>()

/** What all connections read into when little is to be expected. Nothing stays in it: reads do not overlap. */
let landing: Buffer | undefined

/**
 * Settings of `net.connect` for a connection whose chunks can be given back.
 *
 * @param push Takes what was read. Returns whether more is wanted.
 */
export function reusedReads(push: (chunk: Buffer) => boolean): OnReadOpts {
  const shared = (landing ??= Buffer.allocUnsafeSlow(bufferBytes))
  let next = shared
  return {
    buffer: () => next,
    callback(bytes, read) {
      const buffer = read as Buffer
      if (bytes < lentBytes) {
        // An idle connection holds no buffer of its own.
        if (buffer !== shared) keep(buffer)
        next = shared
        return push(Buffer.from(buffer.subarray(0, bytes)))
      }
      const own = buffer === shared ? copied(buffer, bytes) : buffer
      next = take()
      lent.set(own.buffer, bytes)
      return push(own.subarray(0, bytes))
    },
  }
}

/** Whether a chunk is all that was read into its buffer, so that nobody else has a part of it. */
export function isLent(chunk: Uint8Array): boolean {
  return chunk.byteOffset === 0 && lent.get(chunk.buffer) === chunk.byteLength
}

/** Gives back the memory of a chunk that {@link isLent}: from now on it may change at any time. */
export function giveBack(chunk: Uint8Array): void {
  if (lent.delete(chunk.buffer)) keep(Buffer.from(chunk.buffer as ArrayBuffer))
}

function copied(from: Buffer, bytes: number): Buffer {
  const to = take()
  from.copy(to, 0, 0, bytes)
  return to
}

function take(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes)
}

function keep(buffer: Buffer): void {
  if (free.length < keptBuffers) free.push(buffer)
}
