import { randomBytes } from 'node:crypto'
import { METHODS } from 'node:http'
import { createServer, type Http2Server, type Http2Session, type ServerHttp2Stream } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { Limits } from '../../config/types.ts'
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

/** Requests that a session may have under way. Browsers want many; RFC 9113 section 6.5.2 asks for 100 at least. */
const maxStreams = 100
/** Bytes that a client may send ahead, for each stream; and for all of a session together. */
const streamWindow = 256 * 1024
const sessionWindow = 4 * 1024 * 1024
/** Megabytes that Node may hold for one session before it refuses further streams. */
const sessionMegabytes = 32
/** Requests that are answered in the turn of the event loop that reads them; more wait for the next turn. */
const startsInTurn = 16
/** What Node counts for a field beside its name and value (RFC 9113 section 6.5.2). */
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
  /** Told of every exchange whose reply will come. */
  readonly opened: (x: Exchange) => void
  readonly isDraining: () => boolean
}

/** The HTTP/2 side of the server. */
export interface Http2Adapter {
  /** Never listening itself: it takes connections that others have accepted, by its `connection` event. */
  readonly server: Http2Server
  /** No new streams: sessions end when those under way are over. */
  drain(): void
  /** Ends every session now. */
  cut(): void
}

/** Builds the HTTP/2 side around the same pipeline as the rest. */
export function createHttp2Adapter(options: Http2AdapterOptions): Http2Adapter {
  const { limits, responder, connections, refuse, isDraining } = options
  const sessions = new Map<Http2Session, SessionWatch>()
  const peers = new WeakMap<Http2Session, Peer>()
  /** WebSockets that lead to another server: nobody here could end them in good order. */
  const relayed = new Set<ServerHttp2Stream>()

  const server = createServer({
    settings: {
      enableConnectProtocol: true,
      maxConcurrentStreams: maxStreams,
      initialWindowSize: streamWindow,
      // Twice as much as we take: what Node itself refuses gets no reply that says why.
      maxHeaderListSize: 2 * (limits.headerBytes + limits.headerCount * fieldOverhead),
    },
    maxHeaderListPairs: 2 * limits.headerCount + 1000,
    maxSendHeaderBlockLength,
    maxSessionMemory: sessionMegabytes,
  })

  let accepted: Duplex
  // Before Node's own listener, which makes the session at once.
  server.prependListener('connection', (socket: Duplex) => (accepted = socket))

  server.on('session', (session) => {
    session.on('error', () => {})
    if (isDraining()) return session.destroy()
    const { headerMs, idleMs } = limits
    const watch = watchSession({ session, socket: accepted, headerMs, idleMs })
    sessions.set(session, watch)
    connections.follow(accepted, { idleSince: watch.idleSince, close: watch.cut })
    session.once('close', () => sessions.delete(session))
    peers.set(session, peerOf(session))
    session.setLocalWindowSize(sessionWindow)
  })

  server.on('stream', (stream: ServerHttp2Stream, _fields: object, _flags: number, raw: string[] = []) => {
    // Without a listener a reset would end the process.
    stream.on('error', ignore)
    const { session } = stream
    const watch = session === undefined ? undefined : sessions.get(session)
    if (session === undefined || watch === undefined) return stream.destroy()
    watch.began()
    // It may have been broken off before we heard of it.
    if (stream.destroyed || stream.closed) return watch.ended(true)
    stream.once('close', () => watch.ended(isBrokenByClient(stream)))
    if (started === 0) setImmediate(enterLate)
    if (started++ < startsInTurn) enter(stream, session, raw)
    else late.push({ stream, session, raw })
  })

  /** Requests that this turn has read. */
  let started = 0
  let late: { stream: ServerHttp2Stream; session: Http2Session; raw: readonly string[] }[] = []

  /** One read may hold 1,300 requests, each with its reset (CVE-2023-44487): those that are reset by now cost no answer. */
  function enterLate(): void {
    const waiting = late
    late = []
    started = 0
    for (const { stream, session, raw } of waiting) {
      if (!stream.destroyed && !stream.closed) enter(stream, session, raw)
    }
  }

  function enter(stream: ServerHttp2Stream, session: Http2Session, raw: readonly string[]): void {
    const peer = peers.get(session) as Peer
    const head = readHttp2Head(raw, peer.encrypted)
    const isUpgrade = head.protocol !== undefined && head.fault === undefined
    const x = new Http2Exchange({
      stream,
      head: isUpgrade ? asUpgrade(head) : head,
      peer,
      host: options,
    })
    options.opened(x)
    const fault = head.fault ?? tooLarge(raw, limits.headerBytes) ?? unknownMethod(x.method)
    if (fault !== undefined) {
      x.notes.refusal = fault.code
      return responder.send(x, refuse(fault))
    }
    if (isUpgrade) return answerUpgrade(x, stream)
    if (x.body.expected) boundRequest(x, stream)
    responder.answer(x)
  }

  /** Content that another server receives while it comes may be of any size, so it gets any time. */
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
      // A 2xx would say that the WebSocket is open (RFC 9110 section 9.3.6); who answered saw a GET.
      discard(reply.body)
      const error = new ServeError('E8008_METHOD', 'There is no WebSocket at this address.', {
        headers: ['Allow', 'GET, HEAD, OPTIONS'],
      })
      x.notes.refusal = error.code
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
    drain() {
      for (const stream of relayed) resetStream(stream, 'cancel')
      for (const { leave } of sessions.values()) leave()
    },
    cut() {
      // Node lets a connection under TLS live on after its session.
      for (const { cut } of sessions.values()) cut()
    },
  }
}

/** As the same wish looks in HTTP/1.1, so that nothing further in has to know two of them. */
function asUpgrade(head: Http2Head): Http2Head {
  const headers: string[] = []
  for (let i = 0; i < head.headers.length; i += 2) {
    // RFC 8441 section 5: the key and its answer are not used here; a server of HTTP/1.1 behind us wants one.
    const name = head.headers[i] as string
    if (name !== 'sec-websocket-key' && name !== 'content-length') headers.push(name, head.headers[i + 1] as string)
  }
  // Firefox leaves it out, which RFC 8441 does not forbid; in HTTP/1.1 it must be there (RFC 6455 section 4.1).
  if (getField(headers, 'sec-websocket-version') === undefined) headers.push('Sec-WebSocket-Version', '13')
  const key = randomBytes(16).toString('base64')
  return { ...head, headers: [...headers, 'Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Key', key] }
}

function tooLarge(raw: readonly string[], headerBytes: number): ServeError | undefined {
  // As it would be in HTTP/1.1, with a colon, a space and a line end for each field.
  let bytes = 2 * raw.length
  for (const text of raw) bytes += text.length
  if (bytes <= headerBytes) return undefined
  return new ServeError('E8008_HEADERS_TOO_LARGE', 'The header section is too large.')
}

/** As in HTTP/1.1, whose parser knows these only. */
function unknownMethod(method: string): ServeError | undefined {
  return methods.has(method) ? undefined : new ServeError('E8008_NOT_IMPLEMENTED', 'The method is not known here.')
}

const methods: ReadonlySet<string> = new Set(METHODS)

function ignore(): void {}

function peerOf({ socket, encrypted }: Http2Session): Peer {
  return {
    address: socket.remoteAddress ?? '',
    port: socket.remotePort ?? 0,
    localAddress: socket.localAddress ?? '',
    localPort: socket.localPort ?? 0,
    encrypted: encrypted === true,
  }
}
