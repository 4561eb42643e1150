import zlib from 'node:zlib'

/** Content is not in the coding that its `Content-Encoding` names, or expands too much. */
export class CodingError extends Error {}

/** A decoder for some content, and how many of the first bytes must not be written to it. */
export interface StartedDecoder {
  readonly decoder: zlib.Gunzip | zlib.BrotliDecompress
  readonly skipped: number
  /** Whether every byte must be decoded: Node's decoder stops after the first frame and drops the rest. */
  readonly isExact?: boolean
}

/** Starts the decoder for the first bytes: undefined if they are not in the coding, `more` if they are too few to tell. */
type StartDecoder = (first: Buffer) => StartedDecoder | 'more' | undefined

/** Most bytes of the header of a gzip member, which may hold a file name and a comment. */
const gzipHeaderBytes = 64 * 1024

/** Node has zstd since 22.15; the types of older versions lack it. */
const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: () => zlib.BrotliDecompress }

const starts = new Map<string, StartDecoder>([
  ['gzip', startGzip],
  ['x-gzip', startGzip],
  ['deflate', startDeflate],
  ['br', () => ({ decoder: zlib.createBrotliDecompress(), skipped: 0 })],
])
if (createZstdDecompress !== undefined) {
  // RFC 8878 section 3: content may have several frames.
  starts.set('zstd', () => ({ decoder: createZstdDecompress(), skipped: 0, isExact: true }))
}

/** Whether this Node can decode a coding (a value of `Content-Encoding`). */
export function isDecodable(coding: string): boolean {
  return starts.has(coding.trim().toLowerCase())
}

/** Starts a decoder for content. @param first The first bytes, at least one. */
export function startDecoder(coding: string, first: Buffer): StartedDecoder | 'more' | undefined {
  return starts.get(coding.trim().toLowerCase())?.(first)
}

/**
 * Decodes gzip as browsers do: one member, and bytes after it are ignored. Node's own decoder reads them as another
 * member, fails, and loses the end of the content.
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

/** RFC 9110 section 8.4.1.2: some servers omit the zlib format (RFC 1950) around the data. */
function startDeflate(first: Buffer): StartedDecoder | 'more' {
  const [format, check] = first
  if (format === undefined || check === undefined) return 'more'
  const isZlib = (format & 15) === 8 && ((format << 8) | check) % 31 === 0
  return { decoder: isZlib ? zlib.createInflate() : zlib.createInflateRaw(), skipped: 0 }
}
