import type { Transform } from 'node:stream'
import type { BrotliOptions } from 'node:zlib'
import type { ContentCoding } from '../http/semantics/negotiate.ts'
import { nodeZlib } from '../core/util/builtin.ts'

/** A streaming compressor that can hand out what it holds without ending. */
export type Encoder = Transform & { flush(kind: number, callback?: () => void): void }

type Callback = (error: Error | null, result: Buffer) => void

/** zstd came with Node 22.15; older ones and their types lack it. */
interface Zstd {
  readonly createZstdCompress?: (options?: object) => Encoder
  readonly zstdCompress?: (content: Uint8Array, callback: Callback) => void
}

/** ZSTD_e_flush, a constant of the format's library that older types lack. */
const zstdFlush = 1

/** The codings that this Node can make, the one that shrinks text most first. */
export const contentCodings: readonly ContentCoding[] =
  'zstd' in process.versions ? ['br', 'zstd', 'gzip'] : ['br', 'gzip']

/** 5 is where brotli passes gzip's ratio at gzip's cost; 4 keeps up with a download. Both far from the slow 11. */
function brotliParameters(quality: number, size: number | undefined): BrotliOptions {
  const { constants } = nodeZlib()
  const params: Record<number, number> = {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: quality,
    // 512 KiB: many downloads at once must not cost 4 MiB and more of window each.
    [constants.BROTLI_PARAM_LGWIN]: 19,
  }
  if (size !== undefined && size < 2 ** 30) params[constants.BROTLI_PARAM_SIZE_HINT] = size
  return { params }
}

/** Compresses content that is at hand, on the thread pool. */
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
 * Makes a compressor for content that passes by.
 *
 * @param size Length of the content in bytes where it is known.
 */
export function createEncoder(coding: ContentCoding, size: number | undefined): Encoder {
  const zlib = nodeZlib()
  const { createZstdCompress }: Zstd = zlib as Zstd
  if (coding === 'br') return zlib.createBrotliCompress(brotliParameters(4, size))
  if (coding === 'zstd' && createZstdCompress !== undefined) return createZstdCompress()
  return zlib.createGzip({ level: 6 })
}

/** Makes a compressor give out all that it was given so far, so that a slow stream arrives as it is written. */
export function flushEncoder(encoder: Encoder, coding: ContentCoding): void {
  if (encoder.destroyed || encoder.writableEnded) return
  const { constants } = nodeZlib()
  const gzipFlush = constants.Z_SYNC_FLUSH
  encoder.flush(coding === 'br' ? constants.BROTLI_OPERATION_FLUSH : coding === 'zstd' ? zstdFlush : gzipFlush)
}
