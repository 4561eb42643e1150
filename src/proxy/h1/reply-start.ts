import { maxInterim } from '../response/head.ts'

/** Bytes of a status line that are waited for. */
const maxLineBytes = 8 * 1024
/** The same for the header section of an interim reply. */
const maxInterimBytes = 64 * 1024
const digitZero = 0x30
const digitOne = 0x31
const lineFeed = 0x0a

/**
 * Stands before undici's parser where a reply begins. That parser takes every `100 Continue` for a fault, and one that
 * nobody asked for must be understood and may be dropped (RFC 9110 section 15.2). It also keeps only the last piece of
 * a status line that comes in several.
 */
export class ReplyStart {
  #isAwaited = false
  #held: Buffer | undefined
  #dropped = 0
  /** Whether the last reply was one of HTTP/1.0. */
  isHttp10 = false

  /** A request goes out: what is read next begins its reply. */
  expect(): void {
    this.#isAwaited = true
    this.#held = undefined
    this.#dropped = 0
  }

  /** What the parser gets of what was read; undefined while it is to wait. */
  take(read: Buffer): Buffer | undefined {
    if (!this.#isAwaited) return read
    const passed: Buffer[] = []
    let rest = this.#held === undefined ? read : Buffer.concat([this.#held, read])
    this.#held = undefined
    while (rest.byteLength > 0) {
      const end = endOfInterim(rest)
      if (end === 'unknown') {
        this.#held = rest
        break
      }
      if (end === 'final') {
        this.#isAwaited = false
        // `HTTP/1.0 200`
        this.isHttp10 = rest[7] === digitZero && rest[5] === digitOne
        passed.push(rest)
        break
      }
      const isContinue = rest.toString('latin1', 9, 12) === '100'
      if (!isContinue || ++this.#dropped > maxInterim) passed.push(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
    const [first] = passed
    return passed.length > 1 ? Buffer.concat(passed) : first
  }
}

/** Where an interim reply ends that bytes begin with. Whatever is none is left to the parser. */
function endOfInterim(bytes: Buffer): number | 'final' | 'unknown' {
  // Nearly every reply: its status stands behind `HTTP/1.1 `.
  const isFinal = bytes.byteLength > 9 && bytes[9] !== digitOne
  const isOther = !'HTTP/1.'.startsWith(bytes.toString('latin1', 0, Math.min(7, bytes.byteLength)))
  if (isOther) return 'final'
  if (bytes.indexOf(lineFeed) === -1) return bytes.byteLength > maxLineBytes ? 'final' : 'unknown'
  // 101 is followed by another protocol.
  if (isFinal || bytes.byteLength < 12 || bytes.toString('latin1', 9, 12) === '101') return 'final'
  const end = bytes.indexOf('\r\n\r\n', 0, 'latin1')
  // The parser refuses bare line feeds. By one the head could be over before, and a final reply would go with it.
  const head = end === -1 ? '' : bytes.toString('latin1', 0, end)
  if (/(?<!\r)\n/.test(head)) return 'final'
  if (end !== -1) return end + 4
  return bytes.byteLength > maxInterimBytes ? 'final' : 'unknown'
}
