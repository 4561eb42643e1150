import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http'
import type { Http2Server } from 'node:http2'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Backlog } from '../backlog.ts'
import { createArrivalBatches, Connection, limitIdle } from './connection.ts'
import { createClientErrorHandler } from './client-error.ts'
import { createResponder, type ResponderOptions, type Next } from '../respond.ts'
import { writeResponse, writeInterim, trackBacklog } from './write-response.ts'
import { createWriteCoalescer } from './write-coalescing.ts'
import { isDeclinedUpgrade, shouldUpgrade } from './declined-upgrade.ts'
import type { Http2Adapter } from '../h2/server.ts'
import { mountOf } from '../mounted-reply.ts'
import { OpenConnections } from '../open-connections.ts'
import { Http1Exchange, type Http1Host } from './exchange.ts'
import type { Exchange } from '../message/exchange.ts'
import { UnderWay } from '../under-way.ts'
import { createUpgrades, type OpenOptions } from './upgrades.ts'

type OurExchange = Http1Exchange<ServerResponse>

/** What {@link createAdapter} needs. */
export interface AdapterOptions extends Omit<ResponderOptions, 'isDraining'> {
  /**
   * Whether requests that arrived together may share looks at the file system. Not with layers of a program, since one
   * request may write a file that the next one reads.
   */
  readonly isShared: () => boolean
  /** Called when a connection was refused because `limits.connections` are open and busy. */
  readonly onFull: () => void
}

/** The HTTP server around a pipeline: requests of Node become exchanges here. */
export interface Adapter {
  /** Every connection that a listener has accepted. */
  readonly connections: OpenConnections
  /** A server for one address, not yet listening. @param name That of its listener; several addresses may share it. */
  createListener(name?: string): Server
  /**
   * The HTTP/2 server. It never listens: a listener hands over connections that speak HTTP/2, by ALPN or by their first
   * bytes, with `server.emit('connection', socket)`.
   */
  createHttp2Listener(): Promise<Http2Server>
  /** Answers Node's `request` event. With `next`, requests for which the pipeline has nothing go there. */
  handle(request: IncomingMessage, response: ServerResponse, next?: Next): void
  /**
   * Answers the `upgrade` event of another server; what the pipeline declines is left to its other listeners.
   *
   * @param mount Path that is cut off the URL, empty for none.
   */
  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array, mount: string): void
  /**
   * From now on every reply ends its connection. Connections without a request are closed at once.
   *
   * @param listener Name of one listener. Default: all of the server.
   */
  drain(listener?: string): void
  /**
   * Closes upgraded connections and those of HTTP/2, which the listeners do not track.
   *
   * @param listener Name of one listener. Default: all of the server.
   * @returns How many replies were cut off.
   */
  cut(listener?: string): number
  /** Forgets a drained listener, whose connections are closed: its name may be used again. */
  forget(listener: string): void
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
      if (reply.close === true) connection.closeAfterReply()
      else if (x.isIncomplete) connection.lingerIfClosed()
      return writeResponse(response, reply, x, { end, backlog })
    },
  }
  const backlog = new Backlog(limits)
  const writes = createWriteCoalescer()
  const unused = new Set<Socket>()
  let openConnections = 0
  const batches = createArrivalBatches(() => openConnections)
  let draining = false
  /** Names of listeners that stop. */
  const leaving = new Set<string | undefined>()
  const names = new WeakMap<object, string>()
  let http2: Http2Adapter | undefined
  let openingHttp2: Promise<Http2Adapter> | undefined
  const underWay = new UnderWay()
  const responder = createResponder({
    ...options,
    isDraining: (x) => draining || (leaving.size > 0 && leaving.has(x.peer.listener)),
    done: (x, reply, sent) => {
      underWay.delete(x)
      done(x, reply, sent)
    },
  })

  function end(response: ServerResponse, content: string | Uint8Array | null): void {
    const write = (): void => {
      if (content === null) response.end()
      else endWith(response, content)
      // Only the client is bounded in time, so the account opens after the handler.
      const { writableLength } = response
      if (writableLength > 0) trackBacklog(backlog, response).set(writableLength)
    }
    // Middleware such as a compressor replaces `end`, and may throw in it.
    if (response.end === ServerResponse.prototype.end) writes.add(write)
    else write()
  }

  /** Name of the listener that accepted a connection; undefined for one of an embedding program. */
  function listenerOf(socket: Duplex): string | undefined {
    const { server } = accepted.below(socket) as { server?: object }
    return server === undefined ? undefined : names.get(server)
  }

  /** Whether a connection is one of a listener; every one is without a name. */
  function isOf(socket: Duplex, listener: string | undefined): boolean {
    return listener === undefined || listenerOf(socket) === listener
  }

  function connectionOf(socket: Duplex): Connection {
    let connection = connections.get(socket)
    if (connection === undefined) {
      connection = new Connection(socket as Socket, limits, listenerOf(socket))
      openConnections++
      socket.once('close', () => openConnections--)
      connections.set(socket, connection)
      accepted.follow(socket, connection)
      unused.delete(socket as Socket)
    }
    return connection
  }

  function open(
    request: IncomingMessage,
    response: ServerResponse,
    { waits = false, mount, url, upgradeContent }: OpenOptions = {},
  ): OurExchange {
    const connection = connectionOf(request.socket)
    // Middleware of an embedding program may have changed files since the last request.
    const batch = mount === undefined && isShared() ? batches.next(connection) : Number.NaN
    const x = new Http1Exchange(host, {
      message: request,
      response,
      connection,
      batch,
      waits,
      mount,
      url,
      upgradeContent,
    })
    connection.latest = x
    return x
  }

  /** Pipelined requests are answered one by one: the next when the reply before it is sent. */
  function enter(request: IncomingMessage, response: ServerResponse, waits: boolean): void {
    const connection = connectionOf(request.socket)
    // RFC 9112 section 9.6: no request after the reply that ends a connection is processed.
    if (request.socket.writableEnded) return void request.resume()
    const before = connection.latest?.response
    const x = open(request, response, { waits })
    // Node has lost what came behind the content in the same packet: no further request can be read.
    if (isDeclinedUpgrade(request)) {
      response.shouldKeepAlive = false
      connection.lingerIfClosed()
    }
    const answer = (): void => {
      underWay.add(x)
      responder.answer(x)
    }
    if (before === undefined || before.closed) answer()
    else connection.inTurn(before, answer)
  }

  async function openHttp2(): Promise<Http2Adapter> {
    const { createHttp2Adapter } = await import('../h2/server.ts')
    const opened = (x: Exchange): void => underWay.add(x)
    const made = createHttp2Adapter({
      ...options,
      responder,
      connections: accepted,
      backlog,
      opened,
      isDraining: (listener) => draining || leaving.has(listener),
      listenerOf,
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

  const upgrades = createUpgrades({
    handler,
    refuse,
    onFault,
    responder,
    connectionOf,
    open,
    onClientError,
    requestMs: limits.requestMs,
  })

  return {
    connections: accepted,
    createListener: (name) => {
      const server = createServer({
        headersTimeout: limits.headerMs,
        requestTimeout: limits.requestMs,
        connectionsCheckingInterval: Math.max(20, Math.min(limits.headerMs, limits.requestMs, 4000) / 4),
        maxHeaderSize: limits.headerBytes,
        noDelay: true,
        // The types of Node 20 do not have it.
        ...{ shouldUpgradeCallback: shouldUpgrade },
        // The guard refuses a missing Host, which logs it.
        requireHostHeader: false,
      })
      if (name !== undefined) names.set(server, name)
      // The guard counts the fields: Node would drop those above the limit silently.
      server.maxHeadersCount = 0
      limitIdle(server, limits.idleMs)
      // A client may close its sending side and still wait for the reply.
      Object.assign(server, { httpAllowHalfOpen: true })
      server.on('request', (request, response) => enter(request, response, false))
      server.on('checkContinue', (request, response) => enter(request, response, true))
      server.on('checkExpectation', (request, response) => enter(request, response, true))
      server.prependListener('connection', accepted.admit)
      server.on('connection', (socket: Socket) => {
        // A declined upgrade comes back here.
        if (connections.has(socket)) return
        unused.add(socket)
        socket.once('close', () => unused.delete(socket))
      })
      server.on('connect', upgrades.answer)
      // Without a listener Node answers itself, and loses the rest of the packet.
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
    drain: (listener) => {
      if (listener === undefined) draining = true
      else leaving.add(listener)
      http2?.drain(listener)
      // Browsers open connections in advance, and Node does not count these as idle.
      unused.forEach((socket) => socket.bytesRead === 0 && isOf(socket, listener) && socket.destroy())
    },
    cut: (listener) => {
      const lost = [...underWay].filter(({ peer }) => listener === undefined || peer.listener === listener)
      // The log tells them from those whose client left.
      for (const { notes } of lost) notes.refusal ??= 'E8008_CLOSED'
      upgrades.cut((socket) => isOf(socket, listener))
      http2?.cut(listener)
      return lost.length
    },
    forget: (listener) => void leaving.delete(listener),
  }
}

/**
 * Ends a response with content. Node's `end(content)` adds an empty chunk, which tells when all is sent: that takes a
 * slower kind of write than the content alone, which a plain socket mostly takes at once.
 */
function endWith(response: ServerResponse, content: string | Uint8Array): void {
  const { socket } = response
  if (socket?.constructor !== Socket || response.write !== ServerResponse.prototype.write)
    return void response.end(content, 'latin1')
  socket.cork()
  response.write(content, 'latin1')
  socket.uncork()
  response.end()
}
