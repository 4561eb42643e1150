import { read } from 'node:fs'
import { ServeError } from '../errors/serve-error.ts'
import type { FileSlice } from './file-slice.ts'

/** Bytes read at once: fewer calls than a stream's 64 KiB, and no dearer to hold. */
const chunkBytes = 256 * 1024
/** Buffers kept for the next download; more are left to the collector. */
const keptBuffers = 8

const pool: Buffer[] = []

/** Writes a chunk and resolves when its memory may be used again. Never rejects. */
export type WriteChunk = (chunk: Uint8Array) => Promise<void>

/**
 * Sends a slice through `write`, reading one buffer while the other is on its way, and closes it.
 *
 * @throws ServeError `E8008_INTERNAL` when the file has become shorter than was promised.
 */
export async function sendFile(slice: FileSlice, write: WriteChunk, signal: AbortSignal): Promise<void> {
  const size = Math.min(chunkBytes, slice.length)
  const buffers = [takeBuffer(size), takeBuffer(size)] as const
  const written: [Promise<void>, Promise<void>] = [Promise.resolve(), Promise.resolve()]
  try {
    let turn: 0 | 1 = 0
    for (let sent = 0; sent < slice.length;) {
      await written[turn]
      if (signal.aborted) return
      const count = await readAt(slice.fd, buffers[turn], Math.min(size, slice.length - sent), slice.start + sent)
      if (count === 0) throw new ServeError('E8008_INTERNAL', 'The file became shorter while it was being sent.')
      written[turn] = write(buffers[turn].subarray(0, count))
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

function takeBuffer(size: number): Buffer {
  return (size === chunkBytes ? pool.pop() : undefined) ?? Buffer.allocUnsafeSlow(size)
}

function keepBuffer(buffer: Buffer): void {
  if (buffer.length === chunkBytes && pool.length < keptBuffers) pool.push(buffer)
}

function readAt(fd: number, buffer: Buffer, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, length, position, (error, count) => (error === null ? resolve(count) : reject(error)))
  })
}
