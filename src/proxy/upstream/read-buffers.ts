/**
 * A pool of read buffers. By default Node allocates a buffer for every read, and large responses then keep the garbage
 * collector busy.
 *
 * A reader returns a chunk after use. If it does not, the garbage collector frees the chunk as usual.
 */
import type { OnReadOpts } from 'node:net'

/** Bytes of one buffer: as many as Node reads at once. */
const bufferBytes = 64 * 1024
/** Shorter chunks are copied, because each would keep a whole buffer in use. */
const minPooledBytes = bufferBytes / 2
/** Number of free buffers in the pool. The garbage collector frees the others. */
const maxFreeBuffers = 64

const free: Buffer[] = []

/** Bytes in use of each buffer that a reader holds. */
const inUse = new WeakMap<ArrayBufferLike, number>()

/** Idle connections share one buffer: each read is copied out of it before the next one. */
let sharedBuffer: Buffer | undefined

/**
 * The `onread` option of `net.connect` for a connection that reads into pooled buffers.
 *
 * @param push Receives each chunk. Returns whether the connection should continue to read.
 */
export function pooledReads(push: (chunk: Buffer) => boolean): OnReadOpts {
  const shared = (sharedBuffer ??= Buffer.allocUnsafeSlow(bufferBytes))
  let next = shared
  return {
    buffer: () => next,
    callback(bytes, read) {
      const buffer = read as Buffer
      if (bytes < minPooledBytes) {
        // A connection that reads little returns its buffer, so that idle connections hold none.
        if (buffer !== shared) keep(buffer)
        next = shared
        return push(Buffer.from(buffer.subarray(0, bytes)))
      }
      const own = buffer === shared ? copied(buffer, bytes) : buffer
      next = take()
      inUse.set(own.buffer, bytes)
      return push(own.subarray(0, bytes))
    },
  }
}

/** Whether a chunk is a whole pooled read, so that no other chunk shares its buffer. */
export function isPooled(chunk: Uint8Array): boolean {
  return chunk.byteOffset === 0 && inUse.get(chunk.buffer) === chunk.byteLength
}

/** Returns the buffer of a chunk that {@link isPooled}. A later read may overwrite it at any time. */
export function returnToPool(chunk: Uint8Array): void {
  if (inUse.delete(chunk.buffer)) keep(Buffer.from(chunk.buffer as ArrayBuffer))
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
  if (free.length < maxFreeBuffers) free.push(buffer)
}
