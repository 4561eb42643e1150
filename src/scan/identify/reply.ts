import { constants, gunzipSync } from 'node:zlib'

/** An HTTP reply as the server wrote it, as far as it was read. */
export interface HttpReply {
  /** `1.0`, `1.1` or `2`. */
  readonly http: string
  readonly status: number
  /** The status line and the field lines, separated by `\n`: `HTTP/1.1 404 NOT FOUND\nServer: …`. */
  readonly head: string
  readonly body: string
}

const statusLine = /^HTTP\/(\d(?:\.\d)?) (\d{3})(?: |$)/

/** Bytes of the longest field section that is parsed. */
const headBytes = 32 * 1024

/** Most bytes of content that is decompressed, and of text that the rules are matched against. */
const inflatedBytes = 1024 * 1024
const textBytes = 64 * 1024

/** Whether bytes begin as an HTTP reply does, as far as they go. */
function isHttp(bytes: Buffer): boolean {
  return 'HTTP/'.startsWith(bytes.subarray(0, 5).toString('latin1'))
}

/**
 * Parses a reply, after its interim (1xx) ones. Undefined when the head is not complete or is not HTTP. The content may be
 * cut; chunks are joined.
 */
export function parseReply(bytes: Buffer): HttpReply | undefined {
  const found = headAt(bytes, interimEnd(bytes, 0))
  if (found === undefined) return undefined
  const lines = found.text.split(/\r?\n/)
  const [, http = '', status = ''] = statusLine.exec(lines[0] as string) ?? []
  if (http === '') return undefined
  const head = lines.join('\n')
  const content = bytes.subarray(found.end)
  const body = isChunked(head) ? joinChunks(content) : content
  return { http, status: Number(status), head, body: contentText(body, /^content-encoding:[ \t]*gzip/im.test(head)) }
}

/** The first value of a field, empty where it is missing. */
export function fieldOf(reply: HttpReply, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(reply.head)?.[1]?.trim() ?? ''
}

/** How much of a reply is there: not yet the head, a part of the content, or all. `other`: the bytes are not HTTP. */
export type ReplyState = 'head' | 'content' | 'complete' | 'other'

/** Makes a function for one connection that tells how much of a reply its bytes so far are. */
export function replyState(): (bytes: Buffer) => ReplyState {
  let searched = 0
  let end: number | undefined
  let length: number | 'chunked' | 'close' = 'close'
  return (bytes) => {
    if (end === undefined) {
      if (!isHttp(bytes)) return 'other'
      // Interim replies are searched once: a server may send them one by one.
      searched = interimEnd(bytes, searched)
      const found = headAt(bytes, searched)
      if (found === undefined) return 'head'
      end = found.end
      length = contentLength(found.text)
    }
    if (length === 'close') return 'content'
    if (length === 'chunked') return bytes.subarray(-5).toString('latin1') === '0\r\n\r\n' ? 'complete' : 'content'
    return bytes.length >= end + length ? 'complete' : 'content'
  }
}

/** The text of content that may be compressed though that was not asked for. What bursts the bound stays compressed. */
function contentText(content: Buffer, isGzip: boolean): string {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: inflatedBytes }
    return (isGzip ? gunzipSync(content, options) : content).subarray(0, textBytes).toString('utf8')
  } catch {
    return content.toString('latin1')
  }
}

function contentLength(head: string): number | 'chunked' | 'close' {
  if (/^HTTP\/\S+ (?:204|304)/.test(head)) return 0
  if (isChunked(head)) return 'chunked'
  const stated = /^content-length:[ \t]*(\d{1,15})[ \t]*\r?$/im.exec(head)?.[1]
  return stated === undefined ? 'close' : Number(stated)
}

function isChunked(head: string): boolean {
  return /^transfer-encoding:.*chunked/im.test(head)
}

/** Where the interim (1xx) replies end that have arrived. 101 is final. */
function interimEnd(bytes: Buffer, from: number): number {
  let start = from
  for (;;) {
    const head = headAt(bytes, start)
    if (head === undefined || !/^HTTP\/1\.\d 1(?!01)\d\d/.test(head.text)) return start
    start = head.end
  }
}

/** The lines up to the next empty one. Some servers end lines with LF alone. */
function headAt(bytes: Buffer, start: number): { text: string; end: number } | undefined {
  const window = bytes.subarray(start, start + headBytes)
  const crlf = window.indexOf('\r\n\r\n')
  const lf = window.indexOf('\n\n')
  if (crlf === -1 && lf === -1) return undefined
  const isCrlf = crlf !== -1 && (lf === -1 || crlf < lf)
  const length = isCrlf ? crlf : lf
  return { text: window.subarray(0, length).toString('latin1'), end: start + length + (isCrlf ? 4 : 2) }
}

/** The content of chunks (RFC 9112 section 7.1), as far as they are here. */
export function joinChunks(content: Buffer): Buffer {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const line = content.indexOf('\r\n', at)
    const size = line === -1 ? NaN : Number.parseInt(content.subarray(at, line).toString('latin1'), 16)
    if (!(size > 0)) return Buffer.concat(parts)
    parts.push(content.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
    if (at >= content.length) return Buffer.concat(parts)
  }
}
