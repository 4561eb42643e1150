import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http'
import type { Http2Server } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Backlog } from '../backlog.ts'
import { createArrivalBatches, Connection, limitIdle } from './connection.ts'
import { createClientErrorHandler } from './client-error.ts'
import { createResponder, type ResponderOptions, type Next } from '../respond.ts'
import { writeResponse, writeInterim, trackBacklog } from './write-response.ts'
import { createWriteCoalescer } from './write-coalescing.ts'
import { shouldUpgrade } from './declined-upgrade.ts'
import type { Http2Adapter } from '../h2/server.ts'
import { mountOf } from '../mounted-reply.ts'
import { OpenConnections } from '../open-connections.ts'
import { Http1Exchange, type Http1Host } from './exchange.ts'
import type { Exchange } from '../message/exchange.ts'
import { createUpgrades, type OpenOptions } from './upgrades.ts'

type OurExchange = Http1Exchange<ServerResponse>

/** What the adapter is given. */
export interface AdapterOptions extends Omit<ResponderOptions, 'isDraining'> {
  /**
   * Whether requests that arrived together may share what was seen of the files. Not when a program's
   * layers run between them, since one may write what the next is about to read.
   */
  readonly isShared: () => boolean
  /** Called when a client was turned away because `limits.connections` are open and all busy. */
  readonly onFull: () => void
}

/** Node's side of the server: the one place where its requests become exchanges. */
export interface Adapter {
  /** Every connection that a listener has accepted. */
  readonly connections: OpenConnections
  /** A server for one address, not yet listening. */
  createListener(): Server
  /**
   * The server of HTTP/2. It never listens itself: whoever accepts connections hands over those that speak HTTP/2, as
   * ALPN or their first bytes tell, by `server.emit('connection', socket)`.
   */
  createHttp2Listener(): Promise<Http2Server>
  /** Answers Node's `request` event. With `next`, what the pipeline does not know goes there. */
  handle(request: IncomingMessage, response: ServerResponse, next?: Next): void
  /** Answers the `upgrade` event of someone else's server; what nobody takes is left to its other listeners. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void
  /** From now on every reply ends its connection, and connections on which nothing was said end at once. */
  drain(): void
  /**
   * Ends the connections that upgrades took over or wait for, and those of HTTP/2, which the listeners do not know.
   * Tells how many replies are still under way.
   */
  cut(): number
}

/** Builds the adapter around a pipeline. */
export function createAdapter(options: AdapterOptions): Adapter {
  const { handler, limits, refuse, done, onFault, isShared } = options
  const connections = new WeakMap<Duplex, Connection>()
  const accepted = new OpenConnections(limits.connections, options.onFull)
  const host: Http1Host<ServerResponse> = {
    limits,
    invite: (response) => response.writeContinue(),
    inform: writeInterim,
    write: (x, reply, isLast) => {
      const { response, connection } = x
      if (isLast || x.isIncomplete) response.shouldKeepAlive = false
      if (reply.close === true) connection.linger()
      else if (x.isIncomplete) connection.lingerAfterReply()
      return writeResponse(response, reply, x, { end, backlog })
    },
  }
  const backlog = new Backlog(limits)
  const writes = createWriteCoalescer()
  const unheard = new Set<Socket>()
  let openConnections = 0
  const batches = createArrivalBatches(() => openConnections)
  let draining = false
  let http2: Http2Adapter | undefined
  let openingHttp2: Promise<Http2Adapter> | undefined
  const underWay = new Set<Exchange>()
  const responder = createResponder({
    ...options,
    isDraining: () => draining,
    done: (x, reply, sent) => {
      underWay.delete(x)
      done(x, reply, sent)
    },
  })

  function end(response: ServerResponse, content: string | Uint8Array | null): void {
    const write = (): void => {
      if (content === null) response.end()
      else response.end(content, 'latin1')
      // A handler may take its time; a client that does not read may not.
      const { writableLength } = response
      if (writableLength > 0) trackBacklog(backlog, response).set(writableLength)
    }
    // Middleware such as a compressor puts its own `end` in place, and may throw in it.
    if (response.end === ServerResponse.prototype.end) writes.add(write)
    else write()
  }

  function connectionOf(socket: Duplex): Connection {
    let connection = connections.get(socket)
    if (connection === undefined) {
      connection = new Connection(socket as Socket, limits)
      openConnections++
      socket.once('close', () => openConnections--)
      connections.set(socket, connection)
      accepted.follow(socket, connection)
      unheard.delete(socket as Socket)
    }
    return connection
  }

  function open(
    request: IncomingMessage,
    response: ServerResponse,
    { waits = false, mount, content }: OpenOptions = {},
  ): OurExchange {
    const connection = connectionOf(request.socket)
    // Another program's middleware may have written what we are about to read, so nothing is shared with it.
    const batch = mount === undefined && isShared() ? batches.next(connection) : Number.NaN
    const x = new Http1Exchange(host, { message: request, response, connection, batch, waits, mount, content })
    connection.latest = x
    return x
  }

  /** Pipelined requests are worked on one by one: the next when the reply before it is out. */
  function enter(request: IncomingMessage, response: ServerResponse, waits: boolean): void {
    const connection = connectionOf(request.socket)
    // RFC 9112 section 9.6: nothing behind the reply that ends a connection is processed.
    if (request.socket.writableEnded) return void request.resume()
    const before = connection.latest?.response
    const x = open(request, response, { waits })
    const answer = (): void => {
      underWay.add(x)
      responder.answer(x)
    }
    if (before === undefined || before.closed) answer()
    else connection.inTurn(before, answer)
  }

  const upgrades = createUpgrades({
    handler,
    refuse,
    onFault,
    responder,
    connectionOf,
    open,
    requestMs: limits.requestMs,
  })

  async function openHttp2(): Promise<Http2Adapter> {
    const { createHttp2Adapter } = await import('../h2/server.ts')
    const opened = (x: Exchange): unknown => underWay.add(x)
    const made = createHttp2Adapter({
      ...options,
      responder,
      connections: accepted,
      backlog,
      opened,
      isDraining: () => draining,
    })
    return (http2 = made)
  }

  const onClientError = createClientErrorHandler({
    connectionOf,
    targetBytes: limits.targetBytes,
    requestMs: limits.requestMs,
    refuse,
    send: (latest, reply) => responder.send(latest as OurExchange, reply),
    done,
  })

  return {
    connections: accepted,
    createListener: () => {
      const server = createServer({
        headersTimeout: limits.headerMs,
        requestTimeout: limits.requestMs,
        connectionsCheckingInterval: Math.max(20, Math.min(limits.headerMs, limits.requestMs, 4000) / 4),
        maxHeaderSize: limits.headerBytes,
        noDelay: true,
        // Unknown to the oldest Node that we run on.
        ...{ shouldUpgradeCallback: shouldUpgrade },
        // The guard refuses a missing Host itself, so that it is logged like any refusal.
        requireHostHeader: false,
      })
      // Counted by the guard: Node would cut the surplus off in silence.
      server.maxHeadersCount = 0
      limitIdle(server, limits.idleMs)
      // A client may close its sending side and still wait for the reply.
      Object.assign(server, { httpAllowHalfOpen: true })
      server.on('request', (request, response) => enter(request, response, false))
      server.on('checkContinue', (request, response) => enter(request, response, true))
      server.on('checkExpectation', (request, response) => enter(request, response, true))
      server.prependListener('connection', accepted.admit)
      server.on('connection', (socket: Socket) => {
        // One that is given back was heard of.
        if (connections.has(socket)) return
        unheard.add(socket)
        socket.once('close', () => unheard.delete(socket))
      })
      server.on('connect', upgrades.answer)
      // Without a listener Node answers, but loses whatever else came in the same packet.
      server.on('upgrade', upgrades.answer)
      server.on('clientError', onClientError)
      server.on('timeout', (socket: Socket) => {
        const response = connections.get(socket)?.latest?.response
        if (response === undefined || response.closed || socket.writableLength > 0) socket.destroy()
      })
      return server
    },
    createHttp2Listener: async () => (await (openingHttp2 ??= openHttp2())).server,
    handle: (request, response, next) => {
      const x = open(request, response, { mount: mountOf(request) })
      responder.answer(x, next)
    },
    upgrade: upgrades.offer,
    drain: () => {
      draining = true
      http2?.drain()
      // Browsers open connections in advance; Node does not count them as idle.
      unheard.forEach((socket) => socket.bytesRead === 0 && socket.destroy())
    },
    cut: () => {
      upgrades.cut()
      const lost = underWay.size
      http2?.cut()
      return lost
    },
  }
}
