import { once } from 'node:events'
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2'
import { connect as connectSocket, createServer, type AddressInfo, type Socket } from 'node:net'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import type { ServeError } from '../../src/core/serve-error.ts'
import { createAdapter, type Adapter } from '../../src/http/h1/server.ts'
import type { Layer, ServeOptions } from '../../src/index.ts'
import type { Live } from '../../src/live/live.ts'
import { createPipeline, openSites, openLive } from '../../src/server/pipeline.ts'
import { programPhrase, refusalReply } from '../../src/server/error-boundary.ts'
import { Events } from '../../src/server/events.ts'
import { createAllowedHosts } from '../../src/server/allowed-hosts.ts'
import { ServerRoutes } from '../../src/server/server-routes.ts'
import type { AccessRecord } from '../../src/server/types.ts'
import { createRecorder } from '../../src/inspect/recorder.ts'
import { TempFolder } from './server.ts'

/** A server that speaks HTTP/2 by prior knowledge, with the whole pipeline behind it. */
export interface Http2Front extends AsyncDisposable {
  readonly port: number
  readonly folder: TempFolder
  readonly adapter: Adapter
  readonly events: Events
  readonly live: Live | undefined
  /** Exchanges that ended, as the log sees them. */
  readonly records: readonly AccessRecord[]
  readonly faults: readonly ServeError[]
  /** Connections that are open now. */
  readonly open: number
  /** Waits until no connection is open. */
  quiet(): Promise<void>
  /** Waits for the next record. */
  recorded(): Promise<AccessRecord>
}

/** Serves a temporary folder with these files over HTTP/2. */
export async function startHttp2(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: ServeOptions & { readonly layers?: readonly Layer[] } = {},
): Promise<Http2Front> {
  const folder = await new TempFolder().write(files)
  const { layers = [], ...serve } = options
  const config = resolveConfig({ root: folder.path, host: '127.0.0.1', ...serve })
  const events = new Events()
  const faults: ServeError[] = []
  const records: AccessRecord[] = []
  const waiting = new Set<(record: AccessRecord) => void>()
  const onFault = (error: ServeError): unknown => faults.push(error)
  const sites = openSites(config)
  const live = openLive(config, sites, events)
  const routes = new ServerRoutes({ config, onWarning: () => {}, rebuild: () => {} })
  const record = createRecorder({
    emit(entry) {
      records.push(entry)
      for (const tell of waiting) tell(entry)
      waiting.clear()
    },
  })
  const handler = createPipeline(
    {
      config,
      isOurs: createAllowedHosts(config, config.routes),
      routes: config.routes,
      forward: (route) => routes.forward(route),
      layers,
      opened: () => {},
      onFault,
      phrase: programPhrase,
      live,
    },
    sites,
  )
  const adapter = createAdapter({
    handler,
    limits: config.limits,
    isShared: () => false,
    onFull: () => {},
    refuse: (error) => refusalReply(error, undefined),
    onFault,
    done: record,
  })
  live?.start()
  const listener = await adapter.createHttp2Listener()
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      server.emit('gone')
    })
    adapter.connections.admit(socket)
    if (!socket.destroyed) listener.emit('connection', socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    folder,
    adapter,
    events,
    live,
    records,
    faults,
    get open() {
      return open.size
    },
    async quiet() {
      while (open.size > 0) await once(server, 'gone')
    },
    recorded: () => new Promise((resolve) => waiting.add(resolve)),
    [Symbol.asyncDispose]: async () => {
      server.close()
      await live?.close()
      adapter.drain()
      adapter.cut()
      for (const socket of open) socket.destroy()
      await routes.close()
      for (const { site } of sites) site.close()
      folder[Symbol.dispose]()
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
