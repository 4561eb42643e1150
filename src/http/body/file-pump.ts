import { ServeError } from '../../core/serve-error.ts'
import type { FileSlice } from './file-slice.ts'
import type { Sink } from '../message/reply.ts'

const chunkBytes = 64 * 1024

/**
 * Pushes bytes of a slice into a sink, which may keep the chunks. The file stays its owner's, and has no read under way
 * when this settles.
 *
 * @param start First byte, within the slice.
 * @param length How many bytes.
 * @throws ServeError `E8008_INTERNAL` when the file is shorter than that; the abort reason of the signal.
 */
export async function pushFile(
  file: FileSlice,
  start: number,
  length: number,
  sink: Sink,
  signal: AbortSignal,
): Promise<void> {
  for (let done = 0; done < length;) {
    signal.throwIfAborted()
    const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, length - done))
    const count = await file.read(chunk, start + done, chunk.length)
    if (count === 0) throw new ServeError('E8008_INTERNAL', 'The file became shorter while it was being sent.')
    done += count
    await sink.write(chunk.subarray(0, count))
  }
}
