import { connect, type Socket } from 'node:net'

/** What a client's connection begins with (RFC 9113 section 3.4), before its SETTINGS. */
export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** Types of frames (RFC 9113 section 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const

/** Flags of frames; `ack` shares its bit with `endStream`. */
export const flags = { none: 0, endStream: 1, ack: 1, endHeaders: 4 } as const

/** A frame that was received. */
export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/** The fields of a plain request for `/a.txt`. */
export const plainGet = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', '/a.txt'],
] as const

/** Encodes one frame. */
export function frame(
  type: keyof typeof frameTypes,
  flag: number,
  stream: number,
  payload: Uint8Array = noBytes,
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.byteLength, 0, 3)
  head[3] = frameTypes[type]
  head[4] = flag
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const noBytes = new Uint8Array()

/** A header block of literals without indexing or Huffman code (RFC 7541 section 6.2.2), byte for byte as given. */
export function block(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]))
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([length(bytes.length), bytes])
}

/** RFC 7541 section 5.1, with a prefix of 7 bits. */
function length(value: number): Buffer {
  if (value < 127) return Buffer.of(value)
  const bytes = [127]
  let rest = value - 127
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return Buffer.from([...bytes, rest])
}

/** A 32-bit number, as error codes and windows are written. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** A connection on which frames are sent exactly as given. Settings are acknowledged only by hand. */
export class FrameClient implements Disposable {
  readonly socket: Socket
  readonly frames: Frame[] = []
  #buffer = Buffer.alloc(0)
  #ended = false
  readonly #waiting = new Set<() => void>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk])
      this.#take()
      this.#wake()
    })
    const end = (): void => {
      this.#ended = true
      this.#wake()
    }
    socket.on('error', end).on('close', end)
  }

  /** Connects, and sends the preface with these settings (identifier, value). */
  static open(port: number, settings: readonly (readonly [number, number])[] = []): Promise<FrameClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(FrameClient.over(socket, settings))
      })
    })
  }

  /** Sends the preface on an open connection, such as one under TLS. */
  static over(socket: Socket, settings: readonly (readonly [number, number])[] = []): FrameClient {
    const client = new FrameClient(socket)
    const values = settings.map(([id, value]) => Buffer.concat([Buffer.of(id >> 8, id & 255), uint32(value)]))
    return client.send(Buffer.from(preface), frame('settings', 0, 0, Buffer.concat(values)))
  }

  /** Whether the connection is over. */
  get ended(): boolean {
    return this.#ended
  }

  send(...bytes: readonly Uint8Array[]): this {
    if (!this.#ended) this.socket.write(Buffer.concat(bytes))
    return this
  }

  /** Sends a request whose header section has exactly these fields. */
  request(stream: number, fields: readonly (readonly [string, string])[], end = true): this {
    const flag = flags.endHeaders | (end ? flags.endStream : 0)
    return this.send(frame('headers', flag, stream, block(fields)))
  }

  /** The first frame, of those that came and those that will, for which this holds. Rejects when the connection ends. */
  async frame(wanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(wanted)
      if (found !== undefined) return found
      if (this.#ended) throw new Error(`the connection ended after ${JSON.stringify(this.frames.map(described))}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** What becomes of a stream: the code of its reset, or undefined when it ends as it should. */
  async outcome(stream: number): Promise<number | undefined> {
    const { reset, goaway } = frameTypes
    const last = await this.frame(
      ({ stream: of, type, flags: bits }) =>
        type === goaway || (of === stream && (type === reset || (type < 2 && (bits & flags.endStream) !== 0))),
    )
    if (last.type === reset) return last.payload.readUInt32BE(0)
    return last.type === goaway ? last.payload.readUInt32BE(4) : undefined
  }

  /** Waits for the end of the connection. Returns the code of a GOAWAY that names an error, of any other, or undefined. */
  async closed(): Promise<number | undefined> {
    while (!this.#ended) await new Promise<void>((resolve) => this.#waiting.add(resolve))
    const codes = this.frames
      .filter(({ type }) => type === frameTypes.goaway)
      .map(({ payload }) => payload.readUInt32BE(4))
    return codes.find((code) => code !== 0) ?? codes[0]
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #take(): void {
    while (this.#buffer.length >= 9) {
      const size = this.#buffer.readUIntBE(0, 3)
      if (this.#buffer.length < 9 + size) return
      const [type, bits] = [this.#buffer[3] as number, this.#buffer[4] as number]
      const stream = this.#buffer.readUInt32BE(5) & 0x7fff_ffff
      this.frames.push({ type, flags: bits, stream, payload: Buffer.from(this.#buffer.subarray(9, 9 + size)) })
      this.#buffer = this.#buffer.subarray(9 + size)
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

function described({ type, flags: bits, stream, payload }: Frame): string {
  return `${type}/${bits}@${stream}:${payload.length}`
}
