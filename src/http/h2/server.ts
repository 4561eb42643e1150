import { randomBytes } from 'node:crypto'
import { METHODS } from 'node:http'
import { createServer, type Http2Server, type Http2Session, type ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { Limits } from '../../config/options/limits.ts'
import { ServeError } from '../../core/serve-error.ts'
import type { Backlog } from '../backlog.ts'
import { discard } from '../body/reply-body.ts'
import type { Responder } from '../respond.ts'
import type { Exchange, Handler, Peer } from '../message/exchange.ts'
import { Http2Exchange } from './exchange.ts'
import { getField } from '../message/headers.ts'
import { writeHttp2Upgrade } from './write-response.ts'
import { maxSendHeaderBlockLength, readHttp2Head, type Http2Head } from './head.ts'
import { isBrokenByClient, resetStream } from './reset.ts'
import { watchSession, type SessionWatch } from './flood-limits.ts'
import type { OpenConnections } from '../open-connections.ts'
import type { Reply } from '../message/reply.ts'

/** Concurrent streams of a session. RFC 9113 section 6.5.2 recommends 100 at least. */
const maxStreams = 100
/** Bytes of the flow-control windows, of a stream and of a session. */
const streamWindow = 256 * 1024
const sessionWindow = 4 * 1024 * 1024
/** Megabytes that Node may use for one session before it refuses new streams. */
const sessionMegabytes = 32
/** Requests that are answered in the turn of the event loop that reads them; the rest waits for the next turn. */
const startsInTurn = 16
/** Bytes that count for a field beside its name and value (RFC 9113 section 6.5.2). */
const fieldOverhead = 32

/** What {@link createHttp2Adapter} needs. */
export interface Http2AdapterOptions {
  readonly handler: Handler
  readonly limits: Limits
  readonly refuse: (error: ServeError) => Reply
  readonly onFault: (error: ServeError) => void
  readonly responder: Responder
  readonly connections: OpenConnections
  readonly backlog: Backlog
  /** Called for every exchange that will get a reply. */
  readonly opened: (x: Exchange) => void
  /** Whether a listener stops, or the whole server. */
  readonly isDraining: (listener: string | undefined) => boolean
  /** Name of the listener that accepted a connection. */
  readonly listenerOf: (socket: Duplex) => string | undefined
}

/** The HTTP/2 side of the server. */
export interface Http2Adapter {
  /** Never listens: listeners hand over their connections by its `connection` event. */
  readonly server: Http2Server
  /** Takes no new streams: sessions end after their last open one. @param listener Default: those of all listeners. */
  drain(listener?: string): void
  /** Destroys every session. @param listener Default: those of all listeners. */
  cut(listener?: string): void
}

/** A request whose header section was read. */
interface PendingRequest {
  readonly x: Http2Exchange
  readonly stream: ServerHttp2Stream
  readonly isUpgrade: boolean
  /** Why it gets no answer but this error. */
  readonly fault: ServeError | undefined
}

/** Builds the HTTP/2 side around the same pipeline as the rest. */
export function createHttp2Adapter(options: Http2AdapterOptions): Http2Adapter {
  const { limits, responder, connections, refuse, isDraining, listenerOf } = options
  const sessions = new Map<Http2Session, SessionWatch>()
  const peers = new WeakMap<Http2Session, Peer>()
  /** WebSockets to upstreams: this server cannot send their close frame. */
  const relayed = new Set<ServerHttp2Stream>()

  function isOf(session: Http2Session | undefined, listener: string | undefined): boolean {
    return listener === undefined || (session !== undefined && peers.get(session)?.listener === listener)
  }

  const server = createServer({
    settings: {
      enableConnectProtocol: true,
      maxConcurrentStreams: maxStreams,
      initialWindowSize: streamWindow,
      // Twice the limit: Node refuses larger ones without a reply, this server with a 431.
      maxHeaderListSize: 2 * (limits.headerBytes + limits.headerCount * fieldOverhead),
    },
    maxHeaderListPairs: 2 * limits.headerCount + 1000,
    maxSendHeaderBlockLength,
    maxSessionMemory: sessionMegabytes,
  })

  let accepted: Duplex
  // Before Node's own listener, which creates the session synchronously.
  server.prependListener('connection', (socket: Duplex) => (accepted = socket))

  server.on('session', (session) => {
    session.on('error', () => {})
    const listener = listenerOf(accepted)
    if (isDraining(listener)) return session.destroy()
    const { headerMs, idleMs } = limits
    const watch = watchSession({ session, socket: accepted, headerMs, idleMs })
    sessions.set(session, watch)
    connections.follow(accepted, { idleSince: watch.idleSince, close: watch.cut })
    session.once('close', () => sessions.delete(session))
    peers.set(session, peerOf(session, listener))
    session.setLocalWindowSize(sessionWindow)
  })

  server.on('stream', (stream: ServerHttp2Stream, _fields: object, _flags: number, raw: string[] = []) => {
    // Without a listener a reset would end the process.
    stream.on('error', ignore)
    const { session } = stream
    const watch = session === undefined ? undefined : sessions.get(session)
    if (session === undefined || watch === undefined) return stream.destroy()
    watch.began()
    // The client may have reset it before this event.
    if (stream.destroyed || stream.closed) return watch.ended(true)
    stream.once('close', () => watch.ended(isBrokenByClient(stream)))
    const request = readRequest(stream, session, raw)
    if (started === 0) setImmediate(startLate)
    if (started++ < startsInTurn) start(request)
    else late.push(request)
  })

  /** Streams that this turn has read. */
  let started = 0
  let late: PendingRequest[] = []

  /** A read may hold 1,300 requests with their resets (CVE-2023-44487): those that are reset by now get no answer. */
  function startLate(): void {
    const waiting = late
    late = []
    started = 0
    for (const request of waiting) if (!request.stream.destroyed && !request.stream.closed) start(request)
  }

  /** At once, also for a request that waits: its trailers may be in the same read. */
  function readRequest(stream: ServerHttp2Stream, session: Http2Session, raw: readonly string[]): PendingRequest {
    const peer = peers.get(session) as Peer
    const head = readHttp2Head(raw, peer.encrypted)
    const isUpgrade = head.protocol !== undefined && head.fault === undefined
    const x = new Http2Exchange({
      stream,
      head: isUpgrade ? asUpgrade(head) : head,
      peer,
      host: options,
    })
    return { x, stream, isUpgrade, fault: head.fault ?? tooLarge(raw, limits.headerBytes) ?? unknownMethod(x.method) }
  }

  function start({ x, stream, isUpgrade, fault }: PendingRequest): void {
    options.opened(x)
    if (fault !== undefined) {
      x.notes.refusal = fault.code
      return responder.send(x, refuse(fault))
    }
    if (isUpgrade) return answerUpgrade(x, stream)
    if (x.body.expected) boundRequest(x, stream)
    responder.answer(x)
  }

  /** Bounds the time of a request. Forwarded content may have any size, so it gets any time while it progresses. */
  function boundRequest(x: Http2Exchange, stream: ServerHttp2Stream): void {
    const timer = setInterval(() => {
      if (x.complete || x.answered) return clearInterval(timer)
      if (x.progressed()) return
      clearInterval(timer)
      const error = new ServeError('E8008_TIMEOUT', 'The request did not arrive in time.')
      x.body.fail(error)
      x.notes.refusal = error.code
      responder.send(x, refuse(error))
    }, limits.requestMs)
    stream.once('close', () => clearInterval(timer))
  }

  function answerUpgrade(x: Http2Exchange, stream: ServerHttp2Stream): void {
    void Promise.resolve(options.handler(x)).then((reply) => {
      if (reply.takeover !== undefined) return takeOver(x, stream, reply)
      if (reply.status < 200 || reply.status > 299) return responder.send(x, reply)
      // A 2xx would open the WebSocket (RFC 9110 section 9.3.6), but the handler answered a GET.
      discard(reply.body)
      const error = new ServeError('E8008_METHOD', 'There is no WebSocket at this address.', {
        headers: ['Allow', 'GET, HEAD, OPTIONS'],
      })
      x.notes.refusal = error.code
      x.notes.remark = `${x.notes.remark ?? ''} (no WebSocket)`.trimStart()
      responder.send(x, refuse(error))
    })
  }

  function takeOver(x: Http2Exchange, stream: ServerHttp2Stream, reply: Reply): void {
    if (reply.relayed === true) {
      relayed.add(stream)
      stream.once('close', () => relayed.delete(stream))
    }
    try {
      writeHttp2Upgrade(stream, reply)
      responder.settle(x, { ...reply, status: 200 }, { bytes: 0, aborted: false })
    } catch (cause) {
      resetStream(stream, 'internal')
      const isGone = stream.destroyed
      const fault = new ServeError('E8008_INTERNAL', 'The connection could not be taken over.', { cause })
      x.notes.refusal = fault.code
      if (!isGone) options.onFault(fault)
      responder.settle(x, refuse(fault), { bytes: 0, aborted: true })
    }
  }

  return {
    server,
    drain(listener) {
      for (const stream of relayed) if (isOf(stream.session, listener)) resetStream(stream, 'cancel')
      for (const [session, { leave }] of sessions) if (isOf(session, listener)) leave()
    },
    cut(listener) {
      // Node keeps a TLS connection open after its session.
      for (const [session, { cut }] of sessions) if (isOf(session, listener)) cut()
    },
  }
}

/** The same request as HTTP/1.1 has it, so that the pipeline knows only that form. */
function asUpgrade(head: Http2Head): Http2Head {
  const headers: string[] = []
  for (let i = 0; i < head.headers.length; i += 2) {
    // RFC 8441 section 5: HTTP/2 has no key; an HTTP/1.1 upstream needs one, which is added below.
    const name = head.headers[i] as string
    if (name !== 'sec-websocket-key' && name !== 'content-length') headers.push(name, head.headers[i + 1] as string)
  }
  // Firefox omits it, which RFC 8441 allows; HTTP/1.1 requires it (RFC 6455 section 4.1).
  if (getField(headers, 'sec-websocket-version') === undefined) headers.push('Sec-WebSocket-Version', '13')
  const key = randomBytes(16).toString('base64')
  return { ...head, headers: [...headers, 'Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', key] }
}

function tooLarge(raw: readonly string[], headerBytes: number): ServeError | undefined {
  // Its size in HTTP/1.1, with a colon, a space and a line end for each field.
  let bytes = 2 * raw.length
  for (const text of raw) bytes += text.length
  if (bytes <= headerBytes) return undefined
  return new ServeError('E8008_HEADERS_TOO_LARGE', 'The header section is too large.')
}

/** The methods that Node's HTTP/1.1 parser knows, in HTTP/2 too. */
function unknownMethod(method: string): ServeError | undefined {
  return methods.has(method) ? undefined : new ServeError('E8008_NOT_IMPLEMENTED', 'The method is not implemented.')
}

const methods: ReadonlySet<string> = new Set(METHODS)

function ignore(): void {}

function peerOf({ socket, encrypted }: Http2Session, listener: string | undefined): Peer {
  return {
    address: socket.remoteAddress ?? '',
    port: socket.remotePort ?? 0,
    localAddress: socket.localAddress ?? '',
    localPort: socket.localPort ?? 0,
    encrypted: encrypted === true,
    listener,
  }
}
