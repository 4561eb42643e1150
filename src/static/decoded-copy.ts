import type { Body } from '../http/reply.ts'
import type { ContentCoding } from '../http/negotiate.ts'
import { nodeZlib } from '../util/builtin.ts'

/** Coded content, and the content that it was found to hold. */
const known = new WeakMap<Uint8Array, Uint8Array>()

/** Whether coded content holds exactly this content. Of files that are not in memory it is not known. */
export function holds(coded: Body, coding: ContentCoding, content: Body): boolean {
  if (!(coded instanceof Uint8Array) || !(content instanceof Uint8Array)) return false
  if (known.get(coded) === content) return true
  if (decoded(coded, coding, content.length)?.equals(content) !== true) return false
  known.set(coded, content)
  return true
}

/** Content that is longer than expected is given up, whatever it would become. */
function decoded(coded: Uint8Array, coding: ContentCoding, length: number): Buffer | undefined {
  const { brotliDecompressSync, gunzipSync, zstdDecompressSync } = nodeZlib() as typeof import('node:zlib') & {
    readonly zstdDecompressSync?: typeof import('node:zlib').gunzipSync
  }
  const decode = { br: brotliDecompressSync, gzip: gunzipSync, zstd: zstdDecompressSync }[coding]
  try {
    return decode?.(coded, { maxOutputLength: Math.max(length, 1) })
  } catch {
    return undefined
  }
}
