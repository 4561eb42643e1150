import type { Transform } from 'node:stream'
import type { BrotliOptions } from 'node:zlib'
import type { ContentCoding } from '../http/semantics/negotiate.ts'
import { nodeZlib } from '../core/util/builtin.ts'

/** A streaming compressor that can be flushed before its end. */
export type Encoder = Transform & { flush(kind: number, callback?: () => void): void }

type Callback = (error: Error | null, result: Buffer) => void

/** Node before 22.15, and its types, lack zstd. */
interface Zstd {
  readonly createZstdCompress?: (options?: object) => Encoder
  readonly zstdCompress?: (content: Uint8Array, callback: Callback) => void
}

/** ZSTD_e_flush, a constant of the zstd library that older types lack. */
const zstdFlush = 1

/**
 * Quality 5 beats the ratio of gzip at the same cost; 4 is fast enough for a stream. The default 11 is far too slow.
 */
function brotliParameters(quality: number, size: number | undefined): BrotliOptions {
  const { constants } = nodeZlib()
  const params: Record<number, number> = {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: quality,
    // A window of 512 KiB: the default takes 4 MiB and more for each stream.
    [constants.BROTLI_PARAM_LGWIN]: 19,
  }
  if (size !== undefined && size < 2 ** 30) params[constants.BROTLI_PARAM_SIZE_HINT] = size
  return { params }
}

/** Compresses content in memory, on the thread pool. */
export function encodeWhole(content: Uint8Array, coding: ContentCoding): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const zlib = nodeZlib()
    const { zstdCompress }: Zstd = zlib as Zstd
    const settle: Callback = (error, result) => (error === null ? resolve(result) : reject(error))
    if (coding === 'br') zlib.brotliCompress(content, brotliParameters(5, content.length), settle)
    else if (coding === 'zstd' && zstdCompress !== undefined) zstdCompress(content, settle)
    else zlib.gzip(content, { level: 6 }, settle)
  })
}

/**
 * Makes a compressor for a stream.
 *
 * @param size Length of the content in bytes, if known.
 */
export function createEncoder(coding: ContentCoding, size: number | undefined): Encoder {
  const zlib = nodeZlib()
  const { createZstdCompress }: Zstd = zlib as Zstd
  if (coding === 'br') return zlib.createBrotliCompress(brotliParameters(4, size))
  if (coding === 'zstd' && createZstdCompress !== undefined) return createZstdCompress()
  return zlib.createGzip({ level: 6 })
}

/** Flushes a compressor, so that the client receives all bytes that were written before a pause. */
export function flushEncoder(encoder: Encoder, coding: ContentCoding): void {
  if (encoder.destroyed || encoder.writableEnded) return
  const { constants } = nodeZlib()
  const gzipFlush = constants.Z_SYNC_FLUSH
  encoder.flush(coding === 'br' ? constants.BROTLI_OPERATION_FLUSH : coding === 'zstd' ? zstdFlush : gzipFlush)
}
