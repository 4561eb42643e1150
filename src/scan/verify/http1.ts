import type { Duplex } from 'node:stream'
import { joinChunks } from '../identify/reply.ts'

/** What came back for a request. */
export interface Received {
  /** The final status; undefined where no header section came. */
  readonly status: number | undefined
  /** Fields by their names in lower case; several of one name are joined by commas. */
  readonly fields: ReadonlyMap<string, string>
  /** The beginning of the content, each byte as one character. */
  readonly body: string
  /** Whether the time was over before the message ended. */
  readonly isLate: boolean
}

/** How a request is sent. */
export interface SendOptions {
  readonly timeoutMs: number
  /** Whether to read no content: event streams do not end. */
  readonly headOnly?: boolean
  /** What is sent once a CONNECT is answered by a 2xx. */
  readonly tunnelled?: string
}

/** Most bytes of a reply that are read. */
export const mostReplyBytes = 262_144

/**
 * Writes bytes exactly as given and reads one reply (RFC 9112 section 6.3), then destroys the connection. Never rejects: a
 * server that resets the connection has closed it.
 */
export function sendHttp1(socket: Duplex, bytes: string, options: SendOptions): Promise<Received> {
  const { timeoutMs, headOnly = false, tunnelled } = options
  return new Promise((resolve) => {
    let text = ''
    let tunnel = tunnelled
    const timer = setTimeout(() => end(true), timeoutMs)

    function end(isLate: boolean): void {
      clearTimeout(timer)
      socket.destroy()
      const { status, fields, body } = parseReply(text) ?? {
        status: undefined,
        fields: new Map<string, string>(),
        body: '',
      }
      const content = isChunked(fields) ? joinChunks(Buffer.from(body, 'latin1')).toString('latin1') : body
      resolve({ status, fields, body: content, isLate })
    }

    socket.on('error', () => {})
    socket.on('close', () => end(false))
    socket.on('end', () => end(false))
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      const reply = parseReply(text)
      if (reply === undefined) return void (text.length > mostReplyBytes && end(false))
      if (tunnel !== undefined && reply.status >= 200 && reply.status < 300) {
        // What follows is the reply of the server behind the tunnel.
        text = reply.body
        socket.write(tunnel, 'latin1')
        tunnel = undefined
        return
      }
      if (headOnly || isWhole(reply) || text.length > mostReplyBytes) end(false)
    })
    socket.write(bytes, 'latin1')
  })
}

interface Parsed {
  readonly status: number
  readonly fields: Map<string, string>
  readonly body: string
}

/** The final reply as far as it is here; undefined before the end of its header section. Interim replies are skipped. */
function parseReply(text: string): Parsed | undefined {
  const border = /\r?\n\r?\n/.exec(text)
  if (border === null) return undefined
  const [line = '', ...lines] = text.slice(0, border.index).split(/\r?\n/)
  const [, code] = /^HTTP\/\d(?:\.\d)? (\d{3})/.exec(line) ?? []
  if (code === undefined) return undefined
  const status = Number(code)
  const body = text.slice(border.index + border[0].length)
  if (status >= 100 && status < 200 && status !== 101) return parseReply(body)
  const fields = new Map<string, string>()
  for (const each of lines) {
    const at = each.indexOf(':')
    const name = each.slice(0, at).trim().toLowerCase()
    const value = each.slice(at + 1).trim()
    fields.set(name, fields.has(name) ? `${fields.get(name)}, ${value}` : value)
  }
  return { status, fields, body }
}

function isChunked(fields: ReadonlyMap<string, string>): boolean {
  return /chunked/i.test(fields.get('transfer-encoding') ?? '')
}

function isWhole({ status, fields, body }: Parsed): boolean {
  if (status === 101 || status === 204 || status === 304) return true
  if (isChunked(fields)) return /(?:^|\r\n)0\r\n(?:.*\r\n)*\r\n$/.test(body)
  const length = fields.get('content-length')
  return length !== undefined && body.length >= Number(length)
}
