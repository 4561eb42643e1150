import { Duplex } from 'node:stream'
import type { Peer } from '../message/exchange.ts'
import type { HeaderList } from '../message/headers.ts'
import type { Sink } from '../message/reply.ts'

/** The header section of a reply. */
export interface ReplyHead {
  readonly status: number
  readonly reason: string
  readonly headers: HeaderList
}

/** What a {@link MiddlewareSocket} reports. */
export interface MiddlewareSocketHooks {
  /** Called for each interim reply (1xx), except a 101. */
  readonly onInterim: (head: ReplyHead) => void
  /**
   * Called once, with the final header section or that of a 101, and the content that was written with it. Returns
   * whether the content is complete with that.
   */
  readonly onHead: (head: ReplyHead, start: Buffer) => boolean
}

/** Content that waits for its reader, and what to call when it was taken. */
interface Piece {
  readonly chunk: Buffer
  readonly done: (error?: Error | null) => void
}

/**
 * The connection as middleware sees it. What it writes, itself or through Node's response, is HTTP/1.1 without framing:
 * a header section, then the content to its end. This class reads that back, so that it becomes a reply.
 *
 * Nothing can be read from it, unless {@link join} joins it to the connection of the client after a 101.
 */
export class MiddlewareSocket extends Duplex {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly remoteFamily: string
  readonly localAddress: string
  readonly localPort: number
  /** Whether the client uses TLS, as `req.socket.encrypted` says in Node. */
  readonly encrypted: boolean
  readonly #hooks: MiddlewareSocketHooks
  #head: Buffer | undefined = Buffer.alloc(0)
  #sink: Sink | undefined
  #waiting: Piece | undefined
  #client: Duplex | undefined
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined
  #isComplete = false
  #isUsed = false

  constructor(peer: Peer, hooks: MiddlewareSocketHooks) {
    super()
    this.#hooks = hooks
    this.remoteAddress = peer.address
    this.remotePort = peer.port
    this.remoteFamily = peer.address.includes(':') ? 'IPv6' : 'IPv4'
    this.localAddress = peer.localAddress
    this.localPort = peer.localPort
    this.encrypted = peer.encrypted
    // Without a listener an error of the middleware would end the process.
    this.on('error', () => {})
    this.once('finish', () => {
      this.complete()
      if (this.#client === undefined) this.destroy()
    })
  }

  /** Whether the program did more than to listen for errors. */
  get isUsed(): boolean {
    return this.#isUsed || this.destroyed || this.readableFlowing !== null
  }

  /** Writes the content into a sink, at the pace of the sink. Resolves when it is complete. */
  sendTo(sink: Sink): Promise<void> {
    this.#sink = sink
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting !== undefined) this.#deliver(waiting)
    return new Promise((resolve, reject) => {
      if (this.#isComplete) resolve()
      else if (this.destroyed) reject(this.errored ?? incomplete())
      else this.#settle = { resolve, reject }
    })
  }

  /** Marks the content as complete. */
  complete(): void {
    this.#isComplete = true
    this.#settle?.resolve()
  }

  /** Joins the middleware and the client, who speak another protocol from now on. */
  join(client: Duplex, head: Uint8Array): void {
    if (this.destroyed) return void client.destroy()
    this.#client = client
    if (head.byteLength > 0) this.push(head)
    client.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) client.pause()
    })
    client.once('end', () => this.push(null)).once('close', () => this.destroy())
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting !== undefined) this.#deliver(waiting)
  }

  override _read(): void {
    this.#client?.resume()
  }

  override _write(chunk: Buffer, _: string, done: Piece['done']): void {
    this.#isUsed = true
    let rest = chunk
    if (this.#head !== undefined) {
      try {
        const start = this.#readHead(Buffer.concat([this.#head, chunk]))
        if (start === undefined) return done()
        rest = start
      } catch (error) {
        return done(error as Error)
      }
    }
    if (rest.length === 0) return done()
    this.#deliver({ chunk: rest, done })
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#client === undefined) done()
    else this.#client.end(() => done())
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#isUsed = true
    this.#client?.destroy()
    if (!this.#isComplete) this.#settle?.reject(error ?? incomplete())
    this.#waiting?.done(error)
    done(error)
  }

  /** Returns what follows the final header section; undefined before its end. */
  #readHead(bytes: Buffer): Buffer | undefined {
    for (let rest = bytes; ;) {
      const end = rest.indexOf('\r\n\r\n')
      if (end === -1) {
        this.#head = rest
        return undefined
      }
      const head = parseHead(rest.toString('latin1', 0, end))
      rest = rest.subarray(end + 4)
      if (head.status >= 200 || head.status === 101) {
        this.#head = undefined
        return this.#hooks.onHead(head, rest) ? Buffer.alloc(0) : rest
      }
      this.#hooks.onInterim(head)
    }
  }

  #deliver(piece: Piece): void {
    const { chunk, done } = piece
    if (this.#client !== undefined) this.#client.write(chunk, () => done())
    else if (this.#sink === undefined) this.#waiting = piece
    else void pushInto(this.#sink, piece)
  }

  // What programs call on a socket of node:net, and what has no meaning here.

  setTimeout(): this {
    return this.#use()
  }

  setNoDelay(): this {
    return this.#use()
  }

  setKeepAlive(): this {
    return this.#use()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  address(): { address: string; port: number; family: string } {
    return { address: this.localAddress, port: this.localPort, family: this.remoteFamily }
  }

  destroySoon(): void {
    this.end(() => this.destroy())
  }

  #use(): this {
    this.#isUsed = true
    return this
  }
}

async function pushInto(sink: Sink, { chunk, done }: Piece): Promise<void> {
  try {
    await sink.write(chunk)
  } catch (error) {
    return done(error as Error)
  }
  done()
}

function incomplete(): Error {
  return new Error('the middleware closed its connection before its reply was complete')
}

/** @throws Error for bytes that are no reply: a program may write anything to a socket. */
function parseHead(text: string): ReplyHead {
  const [first = '', ...lines] = text.split('\r\n')
  const [, status = '', reason = ''] = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(first) ?? []
  if (status === '') throw new Error(`the middleware wrote ${JSON.stringify(first.slice(0, 60))} instead of a reply`)
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, Math.max(colon, 0)), line.slice(colon + 1).trim()]
  })
  return { status: Number(status), reason, headers }
}
