import { connect, type Socket } from 'node:net'

/** One reply as it was on the wire. */
export interface RawReply {
  readonly status: number
  readonly reason: string
  /** Name (lower case) and value, in order. */
  readonly fields: readonly (readonly [string, string])[]
  readonly body: Buffer
  /** The first value of a field, or the empty string. */
  field(name: string): string
}

/** Bytes that come in chunks. Their room doubles, so that all are not copied again for each. */
class ReceivedBytes {
  #room = Buffer.alloc(0)
  #start = 0
  #end = 0

  get bytes(): Buffer {
    return this.#room.subarray(this.#start, this.#end)
  }

  add(chunk: Buffer): void {
    if (this.#end + chunk.length > this.#room.length) {
      const { bytes } = this
      this.#room = Buffer.allocUnsafeSlow(2 * (bytes.length + chunk.length))
      this.#start = 0
      this.#end = bytes.copy(this.#room)
    }
    this.#end += chunk.copy(this.#room, this.#end)
  }

  take(count: number): void {
    this.#start += count
  }
}

/** A connection that keeps what it receives and sends bytes exactly as given. */
export class RawConnection {
  readonly socket: Socket
  readonly #received = new ReceivedBytes()
  protected ended = false
  readonly #waiting = new Set<() => void>()

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.#received.add(chunk)
      this.#wake()
    })
    const end = (): void => {
      this.ended = true
      this.#wake()
    }
    socket.on('end', end).on('error', end).on('close', end)
  }

  /** What was received and not yet taken. */
  protected get buffer(): Buffer {
    return this.#received.bytes
  }

  protected take(count: number): void {
    this.#received.take(count)
  }

  /** Sends text as Latin-1, byte for byte. */
  send(bytes: string | Uint8Array): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
    return this
  }

  /** Whether the other side closed. */
  get hasEnded(): boolean {
    return this.ended
  }

  /** Resolves when the other side closed; returns what was left unread. */
  async closed(): Promise<Buffer> {
    await this.until(() => this.ended)
    return this.buffer
  }

  /** Waits until this holds of what was received; false when the connection ended before. */
  async until(holds: () => boolean): Promise<boolean> {
    while (!holds()) {
      if (this.ended) return false
      await this.more()
    }
    return true
  }

  /** Resolves when more was received, or the connection ended. */
  protected more(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** The client of a connection. */
export class RawClient extends RawConnection {
  /** Opens a connection to a port of the loopback address, or to a unix socket. */
  static open(port: number | string, host = '127.0.0.1'): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = typeof port === 'string' ? connect({ path: port }) : connect({ port, host, allowHalfOpen: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawClient(socket))
      })
    })
  }

  /** Everything received and not yet taken. */
  get received(): Buffer {
    return this.buffer
  }

  /** Takes the next whole reply. Rejects when the connection ends before. */
  async reply(method = 'GET'): Promise<RawReply> {
    for (;;) {
      const taken = takeReply(this.buffer, method, this.ended)
      if (taken !== undefined) {
        this.take(taken.length)
        return taken.reply
      }
      if (this.ended) throw new Error(`the connection ended after ${JSON.stringify(this.buffer.toString('latin1'))}`)
      await this.more()
    }
  }

  /** Waits until this many bytes have been received. */
  async bytes(count: number): Promise<void> {
    await this.until(() => this.buffer.length >= count)
  }

  /** Waits until what was received holds a text. Rejects when the connection ends before. */
  async sees(text: string): Promise<void> {
    if (await this.until(() => this.buffer.includes(text))) return
    throw new Error(`the connection ended after ${JSON.stringify(this.buffer.toString('latin1'))}`)
  }

  end(): void {
    this.socket.destroy()
  }

  [Symbol.dispose](): void {
    this.end()
  }
}

/** Sends one message on a new connection and returns the first final reply. */
export async function rawRequest(port: number | string, message: string, method = 'GET'): Promise<RawReply> {
  using client = await RawClient.open(port)
  return await client.send(message).reply(method)
}

/** Sends a GET with these header lines on a new connection, which the reply closes. */
export function rawGet(port: number, target: string, lines: readonly string[] = []): Promise<RawReply> {
  const head = [`GET ${target} HTTP/1.1`, `Host: localhost:${port}`, 'Connection: close', ...lines]
  return rawRequest(port, `${head.join('\r\n')}\r\n\r\n`)
}

function takeReply(buffer: Buffer, method: string, ended: boolean): { reply: RawReply; length: number } | undefined {
  const headEnd = buffer.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [first = '', ...lines] = buffer.subarray(0, headEnd).toString('latin1').split('\r\n')
  const match = /^HTTP\/1\.1 (\d{3}) (.*)$/.exec(first)
  if (match === null) throw new Error(`not a status line: ${JSON.stringify(first)}`)
  const status = Number(match[1])
  const fields = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const field = (name: string): string => fields.find(([key]) => key === name)?.[1] ?? ''
  const start = headEnd + 4
  const content = takeContent(buffer.subarray(start), { status, method, field, ended })
  if (content === undefined) return undefined
  return {
    reply: { status, reason: match[2] ?? '', fields, body: content.body, field },
    length: start + content.length,
  }
}

interface ContentFacts {
  readonly status: number
  readonly method: string
  readonly field: (name: string) => string
  readonly ended: boolean
}

function takeContent(rest: Buffer, facts: ContentFacts): { body: Buffer; length: number } | undefined {
  const { status, method, field, ended } = facts
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { body: Buffer.alloc(0), length: 0 }
  if (field('transfer-encoding') === 'chunked') return takeChunks(rest)
  if (field('content-length') !== '') {
    const length = Number(field('content-length'))
    return rest.length >= length ? { body: rest.subarray(0, length), length } : undefined
  }
  return ended ? { body: rest, length: rest.length } : undefined
}

function takeChunks(rest: Buffer): { body: Buffer; length: number } | undefined {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString('latin1'), 16)
    const next = lineEnd + 2 + size + 2
    if (rest.length < next) return undefined
    if (size === 0) return { body: Buffer.concat(chunks), length: next }
    chunks.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = next
  }
}
