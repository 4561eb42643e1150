import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Limits } from '../config/types.ts'
import { isServeError, ServeError } from '../errors/serve-error.ts'
import { createBatches } from './batches.ts'
import { discard } from './body.ts'
import { Connection } from './connection.ts'
import type { Exchange, Handler } from './exchange.ts'
import { createBrokenMessage } from './broken-message.ts'
import { finish, finishInterim, finishUpgrade, type Sent } from './finish.ts'
import { NodeExchange, type NodeHost } from './node-exchange.ts'
import type { Reply } from './reply.ts'

/** What the adapter is given. */
export interface AdapterOptions {
  /** The whole pipeline. Must neither throw nor reject. */
  readonly handler: Handler
  readonly limits: Limits
  /** Makes the reply of a message that never became an exchange. */
  readonly refuse: (error: ServeError) => Reply
  /** Called once for every message, when its reply is out or lost. */
  readonly done: (x: Exchange, reply: Reply, sent: Sent) => void
  /** Called when a reply could not be written. */
  readonly onFault: (error: ServeError) => void
}

/** Node's side of the server: the one place where its requests become exchanges. */
export interface Adapter {
  /** A server for one address, not yet listening. */
  createListener(options: { upgrades: boolean }): Server
  /** Answers Node's `request` event. With `next`, what the pipeline does not know goes there. */
  handle(request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void
  /** Answers the `upgrade` event of someone else's server; upgrades that nobody takes are left alone. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void
  /** From now on every reply ends its connection. */
  drain(): void
  /** Ends the connections that upgrades took over, which the listeners no longer know. */
  cut(): void
}

/** The reply that was written in the end, and what becomes of it. */
interface Written {
  readonly written: Reply
  readonly sent: Sent | Promise<Sent>
}

type ServerExchange = NodeExchange<ServerResponse>

/** Builds the adapter around a pipeline. */
export function createAdapter(options: AdapterOptions): Adapter {
  const { handler, limits, refuse, done, onFault } = options

  const connections = new WeakMap<Duplex, Connection>()
  const host: NodeHost<ServerResponse> = {
    bodyBytes: limits.bodyBytes,
    invite: (response) => response.writeContinue(),
    inform: finishInterim,
  }
  const upgraded = new Set<Duplex>()
  let openConnections = 0
  const batches = createBatches(() => openConnections)
  let draining = false

  function connectionOf(socket: Duplex): Connection {
    let connection = connections.get(socket)
    if (connection === undefined) {
      connection = new Connection(socket as Socket, limits.halfClosedMs)
      openConnections++
      socket.once('close', () => openConnections--)
      connections.set(socket, connection)
    }
    return connection
  }

  function open(request: IncomingMessage, response: ServerResponse, waits: boolean): ServerExchange {
    const connection = connectionOf(request.socket)
    const x = new NodeExchange(host, { message: request, response, connection, batch: batches.next(connection), waits })
    connection.latest = x
    return x
  }

  function answer(x: ServerExchange, next?: (error?: unknown) => void): void {
    const reply = handler(x)
    if (reply instanceof Promise) void reply.then((settled) => deliver(x, settled, next))
    else void deliver(x, reply, next)
  }

  function deliver(x: ServerExchange, reply: Reply, next?: (error?: unknown) => void): void | Promise<void> {
    if (next !== undefined && isUnknown(x)) return (discard(reply.body), next())
    if (x.unread && reply.close !== true) return deliverAfterDrain(x, reply)
    send(x, reply)
  }

  /** Content that nobody wanted still has to be valid, small and in time before it is answered. */
  async function deliverAfterDrain(x: ServerExchange, reply: Reply): Promise<void> {
    const refusal = await x.body.drain().then(
      () => undefined,
      // Anything else is a broken message or a lost client, which `clientError` deals with.
      (error: unknown) => (isServeError(error) ? refuse(error) : { ...reply, body: null }),
    )
    if (refusal !== undefined) discard(reply.body)
    send(x, refusal ?? (x.body.taken ? reply : { ...reply, close: true }))
  }

  function send(x: ServerExchange, reply: Reply): void {
    const { response } = x
    if (response.headersSent || response.destroyed || x.gone) return lose(x, reply, response.headersSent)
    if (draining) response.shouldKeepAlive = false
    if (reply.close === true) connectionOf(response.req.socket).linger()
    const { written, sent } = tryFinish(x, reply)
    // A handler may take its time; a client that does not read may not.
    const { socket } = response
    const pending = sent instanceof Promise || (socket !== null && socket.writableLength > 0)
    if (pending) socket?.setTimeout(limits.writeMs)
    if (sent instanceof Promise) void sent.then((late) => settle(x, written, late))
    else settle(x, written, sent)
  }

  /** The client left, or was refused while the reply was being made. */
  function lose(x: ServerExchange, reply: Reply, answered: boolean): void {
    discard(reply.body)
    if (!answered) settle(x, reply, { bytes: 0, aborted: true })
  }

  /** A reply of the program may be one that cannot be written, such as a field with a line break. */
  function tryFinish(x: ServerExchange, reply: Reply): Written {
    const { response } = x
    try {
      if (reply.takeover !== undefined)
        throw new Error('a reply that takes over a connection that asked for no upgrade')
      return { written: reply, sent: finish(response, reply, x) }
    } catch (cause) {
      discard(reply.body)
      const fault = new ServeError('E8008_INTERNAL', 'The reply could not be written.', { cause })
      x.notes.refusal = fault.code
      onFault(fault)
      const written = refuse(fault)
      return { written, sent: finish(response, written, x) }
    }
  }

  function settle(x: ServerExchange, reply: Reply, sent: Sent): void {
    x.release()
    done(x, reply, sent)
  }

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    // Node has let go of the connection: without a listener a reset would end the process.
    socket.on('error', () => socket.destroy())
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket as Socket)
    response.once('finish', () => (socket as Socket).destroySoon())
    const x = open(request, response, false)
    void Promise.resolve(handler(x)).then((reply) => {
      if (reply.takeover === undefined) return send(x, { ...reply, close: true })
      response.detachSocket(socket as Socket)
      takeOver(x, socket, reply, head)
    })
  }

  function takeOver(x: ServerExchange, socket: Duplex, reply: Reply, head: Uint8Array): void {
    upgraded.add(socket)
    socket.once('close', () => upgraded.delete(socket))
    try {
      finishUpgrade(socket, reply, head)
      settle(x, reply, { bytes: 0, aborted: false })
    } catch (cause) {
      socket.destroy()
      const fault = new ServeError('E8008_INTERNAL', 'The connection could not be taken over.', { cause })
      x.notes.refusal = fault.code
      onFault(fault)
      settle(x, refuse(fault), { bytes: 0, aborted: true })
    }
  }

  const onClientError = createBrokenMessage({
    connectionOf,
    targetBytes: limits.targetBytes,
    refuse,
    send: (latest, reply) => send(latest as ServerExchange, reply),
    done,
  })

  return {
    createListener: ({ upgrades }) => {
      const server = createServer({
        keepAliveTimeout: limits.idleMs,
        headersTimeout: limits.headerMs,
        requestTimeout: limits.requestMs,
        connectionsCheckingInterval: Math.max(20, Math.min(limits.headerMs, limits.requestMs, 4000) / 4),
        maxHeaderSize: limits.headerBytes,
        noDelay: true,
        // The guard refuses a missing Host itself, so that it is logged like any refusal.
        requireHostHeader: false,
      })
      // Counted by the guard: Node would cut the surplus off in silence.
      server.maxHeadersCount = 0
      server.maxConnections = limits.connections
      // A client may close its sending side and still wait for the reply.
      Object.assign(server, { httpAllowHalfOpen: true })
      server.on('request', (request, response) => answer(open(request, response, false)))
      server.on('checkContinue', (request, response) => answer(open(request, response, true)))
      server.on('checkExpectation', (request, response) => answer(open(request, response, true)))
      server.on('connect', onUpgrade)
      if (upgrades) server.on('upgrade', onUpgrade)
      server.on('clientError', onClientError)
      server.on('timeout', (socket: Socket) => {
        const response = connections.get(socket)?.latest?.response
        if (response === undefined || response.closed || socket.writableLength > 0) socket.destroy()
      })
      return server
    },
    handle: (request, response, next) => answer(open(request, response, false), next),
    upgrade: (request, socket, head) => {
      socket.on('error', () => socket.destroy())
      const response = new ServerResponse(request)
      const x = open(request, response, false)
      void Promise.resolve(handler(x)).then((reply) => {
        if (reply.takeover === undefined) discard(reply.body)
        else takeOver(x, socket, reply, head)
      })
    },
    drain: () => void (draining = true),
    cut: () => upgraded.forEach((socket) => socket.destroy()),
  }
}

function isUnknown(x: Exchange): boolean {
  return x.notes.unclaimed === true || x.notes.refusal === 'E8008_NOT_FOUND' || x.notes.refusal === 'E8008_METHOD'
}
