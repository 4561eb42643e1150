import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { ResolvedProxy, ResolvedUpstream } from '../../src/config/kinds/proxy-types.ts'
import type { UpstreamRequest } from '../../src/proxy/types.ts'
import { createGate } from './gate.ts'

/** A server that sends raw bytes, also invalid ones. */
export class RawUpstream implements AsyncDisposable {
  readonly #server: ReturnType<typeof createServer>
  readonly sockets: Socket[] = []

  private constructor(onConnection: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.sockets.push(socket)
      socket.on('error', () => {})
      onConnection(socket)
    })
  }

  /** Listens on a port of the loopback address, or at a path. */
  static async open(onConnection: (socket: Socket) => void, path?: string): Promise<RawUpstream> {
    const upstream = new RawUpstream(onConnection)
    if (path === undefined) upstream.#server.listen(0, '127.0.0.1')
    else upstream.#server.listen(path)
    await once(upstream.#server, 'listening')
    return upstream
  }

  /** Calls `answer` with the first header section of each connection. */
  static answering(answer: (head: string, socket: Socket) => void, path?: string): Promise<RawUpstream> {
    return RawUpstream.open((socket) => {
      let head = ''
      const read = (chunk: Buffer): void => {
        head += chunk.toString('latin1')
        if (!head.includes('\r\n\r\n')) return
        socket.off('data', read)
        answer(head, socket)
        // A socket that is not read never ends.
        if (socket.readableFlowing === false && !socket.isPaused()) socket.resume()
      }
      socket.on('data', read)
    }, path)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Resolves when every connection that came in is closed. */
  async allClosed(): Promise<void> {
    const open = this.sockets.filter((socket) => !socket.closed)
    await Promise.all(open.map((socket) => once(socket, 'close')))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    const gate = createGate()
    this.#server.close(gate.open)
    await gate.opened
  }
}

/** The value of `Sec-WebSocket-Accept` for a key (RFC 6455 section 4.2.2). */
export function websocketAccept(key = ''): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** An upstream on this port of the loopback address, with some of its facts changed. */
export function upstreamAt(port: number, facts: Partial<ResolvedUpstream> = {}): ResolvedUpstream {
  return {
    label: `127.0.0.1:${port}`,
    protocol: 'http:',
    hostname: '127.0.0.1',
    port,
    socketPath: undefined,
    authority: `127.0.0.1:${port}`,
    prefix: undefined,
    ...facts,
  }
}

/** Timeouts that no test reaches by accident. */
export const patientTimeouts: ResolvedProxy['timeouts'] = {
  connectMs: 20_000,
  headersMs: 20_000,
  bodyIdleMs: 20_000,
  totalMs: 0,
  upgradeMs: 20_000,
}

/** A request for an upstream, GET unless the facts differ. */
export function requestOf(facts: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: 'GET',
    path: '/',
    headers: ['Host', 'app.test'],
    body: null,
    length: undefined,
    whenGone: () => () => {},
    inform: () => {},
    ...facts,
  }
}
