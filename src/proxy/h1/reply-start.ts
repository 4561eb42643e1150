import { maxInterim } from '../response/head.ts'

/** Bytes of a status line that are buffered. */
const maxLineBytes = 8 * 1024
/** The same for the header section of an interim response. */
const maxInterimBytes = 64 * 1024
const digitZero = 0x30
const digitOne = 0x31
const lineFeed = 0x0a

/**
 * Filters the start of a response before undici's parser reads it. The parser rejects every `100 Continue`, but a client
 * must accept an unrequested one and may drop it (RFC 9110 section 15.2).
 */
export class ReplyStart {
  #isAwaited = false
  #held: Buffer | undefined
  #dropped = 0
  /** Whether the last response was HTTP/1.0. */
  isHttp10 = false
  /** The reason phrase of the last response, a character for each byte; undici decodes it as UTF-8 and loses others. */
  reason: string | undefined

  /** Call it when a request is sent: the next bytes begin its response. */
  expect(): void {
    this.#isAwaited = true
    this.#held = undefined
    this.#dropped = 0
  }

  /** The bytes for the parser; undefined while more must be read first. */
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
        this.reason = rest.toString('latin1', 13, rest.indexOf('\r', 13))
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

/** The length of an interim response at the start of the bytes. Anything else is `'final'`, left to the parser. */
function endOfInterim(bytes: Buffer): number | 'final' | 'unknown' {
  // Nearly every response: the status begins after `HTTP/1.1 `.
  const isFinal = bytes.byteLength > 9 && bytes[9] !== digitOne
  const isOther = !'HTTP/1.'.startsWith(bytes.toString('latin1', 0, Math.min(7, bytes.byteLength)))
  if (isOther) return 'final'
  if (bytes.indexOf(lineFeed) === -1) return bytes.byteLength > maxLineBytes ? 'final' : 'unknown'
  // 101 is followed by another protocol.
  if (isFinal || bytes.byteLength < 12 || bytes.toString('latin1', 9, 12) === '101') return 'final'
  const end = bytes.indexOf('\r\n\r\n', 0, 'latin1')
  // A bare line feed could end the header section earlier, and a final response would be dropped with it. The parser
  // rejects it.
  const head = end === -1 ? '' : bytes.toString('latin1', 0, end)
  if (/(?<!\r)\n/.test(head)) return 'final'
  if (end !== -1) return end + 4
  return bytes.byteLength > maxInterimBytes ? 'final' : 'unknown'
}
