import { read } from 'node:fs'
import { ServeError } from '../errors/serve-error.ts'
import type { Sink } from './reply.ts'

const chunkBytes = 64 * 1024

/**
 * Pushes bytes of an open file into a sink, which may keep the chunks. It leaves the descriptor open and
 * has no read under way when it settles, so that its caller can close it.
 *
 * @param start First byte.
 * @param length How many bytes.
 * @throws ServeError `E8008_INTERNAL` when the file is shorter than that; the abort reason of the signal.
 */
export async function pushFile(
  fd: number,
  start: number,
  length: number,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  for (let done = 0; done < length;) {
    signal.throwIfAborted()
    const chunk = await readAt(fd, start + done, Math.min(chunkBytes, length - done))
    if (chunk.length === 0) throw new ServeError('E8008_INTERNAL', 'The file became shorter while it was being sent.')
    done += chunk.length
    await sink.write(chunk)
  }
}

function readAt(fd: number, position: number, length: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    read(fd, Buffer.allocUnsafeSlow(length), 0, length, position, (error, count, buffer) => {
      if (error === null) resolve(buffer.subarray(0, count))
      else reject(error)
    })
  })
}
