/** How characters of markup become bytes: `bytewise` in every encoding that holds ASCII as it is. */
export type TextEncoding = 'bytewise' | 'utf-16le' | 'utf-16be'

const declared = /;\s*charset\s*=\s*"?utf-16(le|be)?(?=["\s;]|$)/i

/**
 * The encoding of a document by its first four bytes and its `Content-Type`. A byte order mark overrides the type, as
 * in browsers (Encoding standard section 6). A `<meta>` cannot declare UTF-16.
 */
export function detectEncoding(start: Uint8Array, contentType: string): TextEncoding {
  const [a, b, c, d] = start
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'bytewise'
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  const match = declared.exec(contentType)
  if (match !== null) return match[1]?.toLowerCase() === 'be' ? 'utf-16be' : 'utf-16le'
  // An XML declaration shows its encoding by where the zeros are (XML 1.0 appendix F).
  if (a === 0x3c && b === 0 && c === 0x3f && d === 0) return 'utf-16le'
  if (a === 0 && b === 0x3c && c === 0 && d === 0x3f) return 'utf-16be'
  return 'bytewise'
}

/** Bytes of each character of {@link decodeMarkup}. */
export function unitBytes(encoding: TextEncoding): number {
  return encoding === 'bytewise' ? 1 : 2
}

/** Bytes as a text in which every unit of the encoding is one character, so that places can be counted back. */
export function decodeMarkup(bytes: Uint8Array, encoding: TextEncoding): string {
  if (encoding === 'bytewise') return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const whole = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
  return (encoding === 'utf-16be' ? whole.swap16() : whole).toString('utf16le')
}

/** ASCII text in an encoding. */
export function encodeMarkup(text: string, encoding: TextEncoding): Buffer {
  if (encoding === 'bytewise') return Buffer.from(text, 'latin1')
  const bytes = Buffer.from(text, 'utf16le')
  return encoding === 'utf-16be' ? bytes.swap16() : bytes
}
