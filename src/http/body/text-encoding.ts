/** How markup is encoded. `bytewise`: any encoding in which ASCII characters are single bytes. */
export type TextEncoding = 'bytewise' | 'utf-16le' | 'utf-16be'

const declared = /;\s*charset\s*=\s*"?utf-16(le|be)?(?=["\s;]|$)/i

/**
 * Detects the encoding of a document from its first four bytes and its `Content-Type`. A byte order mark overrides the
 * type, as in browsers (Encoding standard section 6). A `<meta>` cannot declare UTF-16.
 */
export function detectEncoding(start: Uint8Array, contentType: string): TextEncoding {
  const [a, b, c, d] = start
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'bytewise'
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  const match = declared.exec(contentType)
  if (match !== null) return match[1]?.toLowerCase() === 'be' ? 'utf-16be' : 'utf-16le'
  // XML 1.0 appendix F: the zero bytes of `<?` show the encoding.
  if (a === 0x3c && b === 0 && c === 0x3f && d === 0) return 'utf-16le'
  if (a === 0 && b === 0x3c && c === 0 && d === 0x3f) return 'utf-16be'
  return 'bytewise'
}

/** Bytes of each character of {@link decodeMarkup}. */
export function unitBytes(encoding: TextEncoding): number {
  return encoding === 'bytewise' ? 1 : 2
}

/** Decodes bytes so that each unit of the encoding is one character: an index in the text gives an offset in bytes. */
export function decodeMarkup(bytes: Uint8Array, encoding: TextEncoding): string {
  if (encoding === 'bytewise') return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const whole = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
  return (encoding === 'utf-16be' ? whole.swap16() : whole).toString('utf16le')
}

/** The bytes of ASCII text, or of what {@link decodeMarkup} made. */
export function encodeMarkup(text: string, encoding: TextEncoding): Buffer {
  if (encoding === 'bytewise') return Buffer.from(text, 'latin1')
  const bytes = Buffer.from(text, 'utf16le')
  return encoding === 'utf-16be' ? bytes.swap16() : bytes
}
