import { isToken, type HeaderList } from '../../http/message/headers.ts'
import { maxInterim, protocolError, readReason, readResponseHead, type ResponseHead } from '../response/head.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'

/** The start of a response: its status line and its header section. */
export interface ResponseStart {
  readonly status: number
  readonly reason: string | undefined
  readonly isHttp10: boolean
  /** Every field, as it was received. */
  readonly raw: HeaderList
  readonly head: ResponseHead
}

/** What a {@link ResponseParser} reads. */
export interface ResponseEvents {
  /** An interim response (1xx) other than 101. */
  interim(status: number, fields: HeaderList): void
  /** The final response, or a 101 where the request asks for an upgrade. */
  start(start: ResponseStart): void
  /** A part of the content, in the memory of the bytes that were read. */
  data(chunk: Buffer): void
  /** The end of the content. */
  end(trailers: HeaderList | undefined): void
}

/** The request whose response is read. */
export interface AwaitedResponse {
  readonly method: string
  readonly isUpgrade: boolean
}

/** Where the parser is in a response. `over`: no response is awaited, or the protocol has changed. */
type State = 'over' | 'head' | 'length' | 'close' | 'size' | 'chunk' | 'chunk end' | 'trailers'

/** Bytes of a line with the size of a chunk and its extensions. */
const maxSizeLine = 4096
/** Bytes of all chunk extensions of a response: they are dropped, and must not cost more than the content. */
const maxExtensions = 64 * 1024
/** Bytes of the blank line after a section that may have arrived without its last one. */
const partOfEnd = 3
const lineFeed = 0x0a
const carriageReturn = 0x0d

const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: ([^\r\n]*))?$/

/** Old servers pad the size with blanks. Extensions are valid, and dropped (RFC 9112 section 7.1.1). */
const sizeLine =
  /^([0-9a-fA-F]{1,13})[ \t]*((?:;[!#$%&'*+.^_`|~\w-]+(?:=(?:[!#$%&'*+.^_`|~\w-]+|"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t\x20-\x7e\x80-\xff])*"))?)*)$/

/**
 * Reads the responses of one HTTP/1.1 connection (RFC 9112), one for each call of `expect`. It is strict, since a
 * response that two recipients read differently is an attack: lines end in CRLF, a length is declared once, in one way.
 * Pure: it reads bytes in pieces of any size, and keeps no piece.
 */
export class ResponseParser {
  readonly #events: ResponseEvents
  readonly #headerBytes: number
  #awaited: AwaitedResponse | undefined
  #state: State = 'over'
  /** Memory of the first bytes of a head, a size line or a trailer section whose rest has not arrived. */
  #room: Buffer | undefined
  /** How many bytes are there. Their end was not found in them. */
  #held = 0
  /** Where the content in the bytes being read begins and ends that is not passed on yet. */
  #from = 0
  #to = 0
  /** Bytes that are missing from the content or the chunk. */
  #missing = 0
  #interim = 0
  #extensions = 0
  #isReusable = false

  /** @param headerBytes Bytes that a header or trailer section may have. */
  constructor(events: ResponseEvents, headerBytes: number) {
    this.#events = events
    this.#headerBytes = headerBytes
  }

  /** Whether a response is awaited or being read. */
  get isBusy(): boolean {
    return this.#state !== 'over'
  }

  /** Whether the connection may serve another request after the response. */
  get isReusable(): boolean {
    return this.#isReusable
  }

  /** The next bytes begin the response to this request. */
  expect(awaited: AwaitedResponse): void {
    this.#awaited = awaited
    this.#state = 'head'
    this.#interim = 0
    this.#extensions = 0
    this.#isReusable = false
  }

  /**
   * Reads bytes. Returns those after the response, undefined if there are none.
   *
   * @throws UpstreamError `protocol` or `headers-too-large`
   */
  read(piece: Buffer): Buffer | undefined {
    const bytes = this.#room === undefined ? piece : this.#joined(this.#room, piece)
    let at = 0
    while (at < bytes.length && this.#state !== 'over') {
      const next = this.#step(bytes, at)
      if (next === undefined) {
        this.#passOn(bytes)
        if (at > 0 || this.#room === undefined) this.#room = Buffer.from(bytes.subarray(at))
        this.#held = bytes.length - at
        return undefined
      }
      at = next
      this.#held = 0
    }
    this.#passOn(bytes)
    this.#room = undefined
    return at < bytes.length ? bytes.subarray(at) : undefined
  }

  /** The connection has ended. Returns whether the response is complete. */
  finish(): boolean {
    if (this.#state === 'close') this.#end(undefined)
    return this.#state === 'over'
  }

  /** The held bytes and a piece. Their memory doubles, so that not all are copied again for each of many pieces. */
  #joined(room: Buffer, piece: Buffer): Buffer {
    const count = this.#held + piece.length
    if (count > room.length) this.#room = Buffer.concat([room.subarray(0, this.#held), piece], count * 2)
    else piece.copy(room, this.#held)
    return (this.#room as Buffer).subarray(0, count)
  }

  /** Reads one element at a position. Returns the position after it, undefined if its end has not arrived. */
  #step(bytes: Buffer, at: number): number | undefined {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes, at)
      case 'size':
        return this.#readSize(bytes, at)
      case 'chunk end':
        return this.#readChunkEnd(bytes, at)
      case 'trailers':
        return this.#readTrailers(bytes, at)
      default:
        return this.#readContent(bytes, at)
    }
  }

  #readHead(bytes: Buffer, at: number): number | undefined {
    const end = this.#findSectionEnd(bytes, at)
    if (end === -1) {
      this.#checkUnfinished(bytes, at)
      return undefined
    }
    this.#checkSize(end - at)
    const text = bytes.toString('latin1', at, end)
    const lineEnd = text.indexOf('\r\n')
    const line = statusLine.exec(lineEnd === -1 ? text : text.slice(0, lineEnd))
    if (line === null) throw protocolError(notHttp)
    const status = Number(line[2])
    const raw = lineEnd === -1 ? [] : parseFields(text, lineEnd + 2)
    const head = readResponseHead(raw)
    // RFC 9112 section 6.3: several lengths are an attempt to smuggle a response.
    if (head.isChunked && head.length !== undefined)
      throw protocolError('it sends Content-Length and Transfer-Encoding')
    const start = { status, reason: readReason(line[3]), isHttp10: line[1] === '0', raw, head }
    if (status < 200) this.#startInterim(start)
    else this.#startFinal(start)
    return end + 4
  }

  /** Where the blank line after a section begins, or -1. Held bytes have none, except that it may begin in them. */
  #findSectionEnd(bytes: Buffer, at: number): number {
    return bytes.indexOf('\r\n\r\n', at + Math.max(0, this.#held - 3), 'latin1')
  }

  /** Refuses the first bytes of a head at once where no rest could make it valid. */
  #checkUnfinished(bytes: Buffer, at: number): void {
    this.#checkSize(bytes.length - at - partOfEnd)
    const start = bytes.toString('latin1', at, Math.min(at + 9, bytes.length))
    if (!'HTTP/1.1 '.startsWith(start) && !'HTTP/1.0 '.startsWith(start)) throw protocolError(notHttp)
    for (let feed = bytes.indexOf(lineFeed, at + this.#held); feed !== -1; feed = bytes.indexOf(lineFeed, feed + 1))
      if (bytes[feed - 1] !== carriageReturn) throw protocolError('a line of its header section ends without CR')
  }

  #checkSize(count: number): void {
    if (count > this.#headerBytes)
      throw new UpstreamError('headers-too-large', `its header section has more than ${this.#headerBytes} bytes`, {
        wrote: true,
      })
  }

  #startInterim(start: ResponseStart): void {
    const { status, head } = start
    if (status < 100) throw protocolError(`its status is ${status}`)
    if (status !== 101) {
      if (++this.#interim > maxInterim) throw protocolError(`it sends more than ${maxInterim} interim responses`)
      return this.#events.interim(status, head.fields)
    }
    if (this.#awaited?.isUpgrade !== true) throw protocolError('it switches protocols without a request to upgrade')
    this.#state = 'over'
    this.#events.start(start)
  }

  #startFinal(start: ResponseStart): void {
    const { status, isHttp10, head } = start
    if (status > 599) throw protocolError(`its status is ${status}`)
    const { length, isChunked } = head
    // RFC 9112 section 9.3. Chunks are unknown to HTTP/1.0, so its framing may be wrong (section 6.1).
    const persists = isHttp10 ? head.connection.includes('keep-alive') && !isChunked : true
    // 204 has no content (section 6.3). An upstream that announces some may send it, as a response to the next request.
    const isAmbiguous = status === 204 && (isChunked || (length ?? 0) > 0)
    this.#isReusable = persists && !isAmbiguous && !head.connection.includes('close')
    this.#events.start(start)
    if (this.#awaited?.method === 'HEAD' || status === 204 || status === 304 || length === 0)
      return this.#end(undefined)
    if (isChunked) this.#state = 'size'
    else if (length === undefined) this.#readUntilClose()
    else {
      this.#state = 'length'
      this.#missing = length
    }
  }

  #readUntilClose(): void {
    this.#state = 'close'
    this.#isReusable = false
  }

  #readContent(bytes: Buffer, at: number): number {
    const end = this.#state === 'close' ? bytes.length : Math.min(bytes.length, at + this.#missing)
    this.#missing -= end - at
    if (this.#from === this.#to) {
      this.#from = at
      this.#to = end
    } else {
      // The content of chunks is moved together: a call for each of many tiny ones would cost more than they.
      bytes.copyWithin(this.#to, at, end)
      this.#to += end - at
    }
    if (this.#missing > 0 || this.#state === 'close') return end
    if (this.#state === 'length') this.#end(undefined, bytes)
    else this.#state = 'chunk end'
    return end
  }

  #passOn(bytes: Buffer): void {
    const from = this.#from
    const to = this.#to
    this.#from = this.#to = 0
    if (to > from) this.#events.data(to - from === bytes.length ? bytes : bytes.subarray(from, to))
  }

  #readSize(bytes: Buffer, at: number): number | undefined {
    const feed = bytes.indexOf(lineFeed, at + this.#held)
    const count = (feed === -1 ? bytes.length : feed) - at
    if (count > maxSizeLine) throw protocolError('the size of a chunk does not end')
    if (feed === -1) return undefined
    const line = bytes[feed - 1] === carriageReturn ? sizeLine.exec(bytes.toString('latin1', at, feed - 1)) : null
    if (line === null) throw protocolError('the size of a chunk is malformed')
    this.#extensions += (line[2] as string).length
    if (this.#extensions > maxExtensions) throw protocolError('its chunks have too many extensions')
    this.#missing = Number.parseInt(line[1] as string, 16)
    this.#state = this.#missing === 0 ? 'trailers' : 'chunk'
    return feed + 1
  }

  #readChunkEnd(bytes: Buffer, at: number): number | undefined {
    if (bytes[at] !== carriageReturn || (at + 1 < bytes.length && bytes[at + 1] !== lineFeed))
      throw protocolError('a chunk does not end where its size says')
    if (at + 1 === bytes.length) return undefined
    this.#state = 'size'
    return at + 2
  }

  #readTrailers(bytes: Buffer, at: number): number | undefined {
    if (bytes[at] === carriageReturn) {
      if (at + 1 === bytes.length) return undefined
      if (bytes[at + 1] !== lineFeed) throw protocolError('its trailer section is malformed')
      this.#end(undefined, bytes)
      return at + 2
    }
    const end = this.#findSectionEnd(bytes, at)
    this.#checkSize((end === -1 ? bytes.length - partOfEnd : end) - at)
    if (end === -1) return undefined
    const { fields, length, isChunked } = readResponseHead(parseFields(bytes.toString('latin1', at, end), 0))
    // RFC 9110 section 6.5.1.
    if (length !== undefined || isChunked) throw protocolError('its trailer section declares a length')
    this.#end(fields, bytes)
    return end + 4
  }

  #end(trailers: HeaderList | undefined, bytes?: Buffer): void {
    if (bytes !== undefined) this.#passOn(bytes)
    this.#state = 'over'
    this.#events.end(trailers)
  }
}

const notHttp = 'it sends bytes that are not an HTTP response'

/**
 * Field lines (RFC 9112 section 5) with names as they are spelled, a character for each byte. Values may hold characters
 * that are forbidden. A line that continues the one before (obs-fold) is joined with a blank, as section 5.2 asks.
 */
function parseFields(text: string, from: number): string[] {
  const fields: string[] = []
  for (let at = from; at < text.length;) {
    const found = text.indexOf('\r\n', at)
    const end = found === -1 ? text.length : found
    if (isBlank(text.charCodeAt(at)) && fields.length > 0) {
      const joined = `${fields.pop()} ${trimmed(text, at, end)}`
      fields.push(trimmed(joined, 0, joined.length))
    } else {
      const colon = text.indexOf(':', at)
      const name = colon === -1 || colon > end ? '' : text.slice(at, colon)
      if (!isToken(name)) throw protocolError('a line of its header section has no valid name')
      fields.push(name, trimmed(text, colon + 1, end))
    }
    at = end + 2
  }
  return fields
}

/** Without the blanks around it. */
function trimmed(text: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
