import zlib from 'node:zlib'

/** Content is not in the coding that it is said to be in, or decodes to far too much. */
export class CodingError extends Error {}

/** A decoder that has seen the beginning of some content, and how many bytes of that it must not get. */
export interface StartedDecoder {
  readonly decoder: zlib.Gunzip | zlib.BrotliDecompress
  readonly skipped: number
  /** Whether what follows an end is content too, and has to be used; Node's decoder drops it. */
  readonly isExact?: boolean
}

/** Starts the decoder that fits the first bytes: undefined for none, `more` when that cannot be said yet. */
type StartDecoder = (first: Buffer) => StartedDecoder | 'more' | undefined

/** Most bytes of the header of a gzip member, which may hold a file name and a comment. */
const gzipHeaderBytes = 64 * 1024

/** zstd came with Node 22.15; older ones and their types lack it. */
const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: () => zlib.BrotliDecompress }

const starts = new Map<string, StartDecoder>([
  ['gzip', startGzip],
  ['x-gzip', startGzip],
  ['deflate', startDeflate],
  ['br', () => ({ decoder: zlib.createBrotliDecompress(), skipped: 0 })],
])
if (createZstdDecompress !== undefined) {
  // Frames may follow each other (RFC 8878 section 3).
  starts.set('zstd', () => ({ decoder: createZstdDecompress(), skipped: 0, isExact: true }))
}

/** Whether content in a coding (the value of `Content-Encoding`) can be decoded here. */
export function isDecodable(coding: string): boolean {
  return starts.has(coding.trim().toLowerCase())
}

/** Starts to decode content by its first bytes, of which there is at least one. */
export function startDecoder(coding: string, first: Buffer): StartedDecoder | 'more' | undefined {
  return starts.get(coding.trim().toLowerCase())?.(first)
}

/**
 * As browsers read gzip: one member, and what follows it does not count. Node's own decoder takes bytes behind the end
 * for another member, fails at them, and loses the end of the content with that.
 */
function startGzip(first: Buffer): StartedDecoder | 'more' | undefined {
  const length = gzipHeaderLength(first)
  return typeof length === 'number' ? { decoder: zlib.createInflateRaw(), skipped: length } : length
}

/** RFC 1952 section 2.3. */
function gzipHeaderLength(first: Buffer): number | 'more' | undefined {
  if ([0x1f, 0x8b, 8].some((byte, at) => at < first.length && first[at] !== byte)) return undefined
  const flags = first[3] ?? 0
  let end = 10
  if ((flags & 4) !== 0) end += 2 + (first[end] ?? 0) + 256 * (first[end + 1] ?? 0)
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue
    const zero = first.indexOf(0, end)
    end = zero === -1 ? first.length + 1 : zero + 1
  }
  if ((flags & 2) !== 0) end += 2
  if (end <= first.length) return end
  return first.length > gzipHeaderBytes ? undefined : 'more'
}

/** RFC 9110 section 8.4.1.2: some servers leave the zlib format (RFC 1950) around the data out. */
function startDeflate(first: Buffer): StartedDecoder | 'more' {
  const [format, check] = first
  if (format === undefined || check === undefined) return 'more'
  const isZlib = (format & 15) === 8 && ((format << 8) | check) % 31 === 0
  return { decoder: isZlib ? zlib.createInflate() : zlib.createInflateRaw(), skipped: 0 }
}
