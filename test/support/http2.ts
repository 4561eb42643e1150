import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2'
import { connect as connectSocket, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Layer, ServeError, ServeOptions } from '../../src/index.ts'
import type { AccessRecord } from '../../src/server/types.ts'
import type { Secured } from './secure.ts'
import { startServer, type Started } from './server.ts'

/** A server that takes HTTP/2 by prior knowledge, and what it reports. */
export interface Http2Front extends Started {
  /** Exchanges that ended, as the log sees them. */
  readonly records: readonly AccessRecord[]
  readonly faults: readonly ServeError[]
  /** Waits until no connection is open. */
  quiet(): Promise<void>
  /** Waits for the next record. */
  recorded(): Promise<AccessRecord>
}

/** Serves a temporary folder with these files over HTTP/2. */
export async function startHttp2(
  files: Readonly<Record<string, string | Uint8Array>>,
  { layers = [], ...options }: ServeOptions & { readonly layers?: readonly Layer[] } = {},
): Promise<Http2Front> {
  const started = await startServer(files, { h2c: true, ...options })
  const { server, port } = started
  for (const layer of layers) server.use(layer)
  const faults: ServeError[] = []
  const records: AccessRecord[] = []
  server.on('error', (error) => void faults.push(error))
  server.on('reply', (record) => void records.push(record))
  const sockets = new Set<Socket>()
  const accepted = (message: unknown): void => {
    const { socket } = message as { socket: Socket }
    if (socket.localPort !== port) return
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  // The server does not expose its sockets; Node reports each one that it accepts.
  channel('net.server.socket').subscribe(accepted)
  return {
    ...started,
    records,
    faults,
    async quiet() {
      for (const socket of sockets) if (!socket.closed) await once(socket, 'close')
    },
    recorded: () =>
      new Promise((resolve) => {
        const listener = (record: AccessRecord): void => {
          server.off('reply', listener)
          resolve(record)
        }
        server.on('reply', listener)
      }),
    [Symbol.asyncDispose]: async () => {
      channel('net.server.socket').unsubscribe(accepted)
      await started[Symbol.asyncDispose]()
    },
  }
}

/** A reply as a client of HTTP/2 sees it. */
export interface Http2Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly raw: readonly string[]
  readonly interim: readonly { readonly status: number; readonly headers: Readonly<Record<string, unknown>> }[]
  readonly body: Buffer
  readonly trailers: Readonly<Record<string, unknown>>
  /** Error code with which the stream closed. */
  readonly code: number
}

/** A session to a port of the loopback address, closed with its scope. */
export function openSession(port: number, settings = {}): ClientHttp2Session & Disposable {
  const session = connect(`http://localhost:${port}`, {
    settings,
    maxSendHeaderBlockLength: 1_000_000,
    createConnection: () => connectSocket({ port, host: '127.0.0.1' }),
  })
  session.on('error', () => {})
  return Object.assign(session, { [Symbol.dispose]: () => session.destroy() })
}

/** A session to the port for HTTPS, closed with its scope. */
export function openSecureSession({
  tlsPort: port,
  ca,
}: Pick<Secured, 'tlsPort' | 'ca'>): ReturnType<typeof openSession> {
  const session = connect(`https://localhost:${port}`, {
    createConnection: () => connectTls({ host: '127.0.0.1', port, servername: 'localhost', ca, ALPNProtocols: ['h2'] }),
  })
  session.on('error', () => {})
  return Object.assign(session, { [Symbol.dispose]: () => session.destroy() })
}

/** Collects the reply of a stream to its end. Rejects when there is none. */
export function replyOf(stream: ClientHttp2Stream): Promise<Http2Reply> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const interim: { status: number; headers: Record<string, unknown> }[] = []
    let head: { headers: Record<string, string | string[] | undefined>; raw: string[] } | undefined
    let trailers: Record<string, unknown> = {}
    stream.on('headers', (headers) => interim.push({ status: Number(headers[':status']), headers }))
    stream.once('response', (headers, _flags, raw?: string[]) => (head = { headers, raw: raw ?? [] }))
    stream.once('trailers', (fields) => (trailers = fields))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', () => {})
    stream.once('close', () => {
      const code = stream.rstCode
      if (head === undefined) return reject(Object.assign(new Error(`no reply, code ${code}`), { code }))
      resolve({
        status: Number(head.headers[':status']),
        ...head,
        interim,
        body: Buffer.concat(chunks),
        trailers,
        code,
      })
    })
  })
}

/** Sends one request and collects its reply. */
export function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  content?: string | Buffer,
): Promise<Http2Reply> {
  const stream = session.request(headers, { endStream: content === undefined })
  if (content !== undefined) stream.end(content)
  return replyOf(stream)
}
