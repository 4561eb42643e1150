import { ServerResponse, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { finished, type Duplex } from 'node:stream'
import { ServeError } from '../../core/serve-error.ts'
import { discard } from '../body/reply-body.ts'
import type { Connection } from './connection.ts'
import type { Responder, ResponderOptions } from '../respond.ts'
import { writeUpgrade, responseOnSocket } from './write-response.ts'
import { declineUpgrade, upgradeContentLength } from './declined-upgrade.ts'
import { mountOf, noMount, type Mount } from '../mounted-reply.ts'
import type { Http1Exchange, Http1ExchangeOptions } from './exchange.ts'
import { UpgradeInput } from './upgrade-input.ts'
import type { ClientError } from './client-error.ts'
import type { Reply } from '../message/reply.ts'

type OurExchange = Http1Exchange<ServerResponse>

/** What the server knows of a request beside its message. */
export type OpenOptions = Partial<
  Pick<Http1ExchangeOptions<ServerResponse>, 'waits' | 'mount' | 'url' | 'upgradeContent'>
>

/** What {@link createUpgrades} needs. */
export interface UpgradesOptions extends Pick<ResponderOptions, 'handler' | 'refuse' | 'onFault'> {
  readonly responder: Responder
  readonly connectionOf: (socket: Duplex) => Connection
  readonly open: (request: IncomingMessage, response: ServerResponse, options: OpenOptions) => OurExchange
  /** Answers a request whose content did not arrive. */
  readonly onClientError: (fault: ClientError, socket: Duplex) => void
  /** Milliseconds until the content of a request must have arrived. */
  readonly requestMs: number
}

/** Answers requests for another protocol or a tunnel, whose connections Node detaches from its server. */
export interface Upgrades {
  /** Answers one. Without a takeover it is an ordinary request, the last on its connection. */
  answer(request: IncomingMessage, socket: Duplex, head: Uint8Array): void
  /**
   * Answers one on another server. Without a takeover it is left to the other listeners.
   *
   * @param mount Path that is cut off its URL; the program does so for ordinary requests only.
   */
  offer(request: IncomingMessage, socket: Duplex, head: Uint8Array, mount: string): void
  /** Closes the chosen ones of the connections that were taken over, or wait for that. */
  cut(isChosen: (socket: Duplex) => boolean): void
}

export function createUpgrades(options: UpgradesOptions): Upgrades {
  const { handler, refuse, onFault, responder, connectionOf, open, onClientError, requestMs } = options
  const sockets = new Set<Duplex>()

  function hold(socket: Duplex): void {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }

  /** @param mount undefined on our own listeners */
  function answer(request: IncomingMessage, socket: Duplex, head: Uint8Array, mount: string | undefined): void {
    // Node has detached the connection: without a listener a reset would end the process.
    socket.on('error', () => socket.destroy())
    hold(socket)
    const connection = connectionOf(request.socket)
    connection.inTurn(connection.latest?.response, () => decideInTurn(request, socket, head, mount))
  }

  function decideInTurn(request: IncomingMessage, socket: Duplex, head: Uint8Array, mount: string | undefined): void {
    // RFC 9112 section 9.6: no request after the reply that ends a connection is processed.
    if (socket.destroyed || socket.writableEnded) return void socket.resume()
    // On another server an earlier reply may be the program's.
    const { _httpMessage: before } = socket as { _httpMessage?: ServerResponse | null }
    if (before) return void before.once('close', () => decideInTurn(request, socket, head, mount))
    const length = upgradeContentLength(request)
    // On another server the content may be for the program.
    if (length === 0 || (length !== undefined && mount === undefined)) {
      return decide(request, socket, head, { length, mount: mount ?? '' })
    }
    declineUpgrade(request, socket, head, () =>
      serverOf(request)?.emit('request', request, responseOnSocket(socket, request)),
    )
  }

  function decide(
    request: IncomingMessage,
    socket: Duplex,
    head: Uint8Array,
    { length, mount }: { readonly length: number; readonly mount: string },
  ): void {
    const connection = connectionOf(request.socket)
    const input = new UpgradeInput({
      request,
      socket,
      head,
      length,
      requestMs,
      whenClosed: (callback) => connection.whenClosed(callback),
      onFault: (code) =>
        onClientError(Object.assign(new Error('The content is incomplete.'), { code }), request.socket),
    })
    const response = responseOnSocket(socket, request)
    const x = open(request, response, { ...cutOff(mount, request, noMount), upgradeContent: input.content })
    const send = (reply: Reply): void => {
      const isUnsent = !x.answered && !x.gone
      // RFC 9110 section 7.8: the protocol changes once the request is complete.
      if (reply.takeover !== undefined && length > 0 && !input.content.readableEnded && isUnsent) {
        input.start()
        return void finished(input.content.resume(), () => send(reply))
      }
      const rest = input.stop()
      if (reply.takeover === undefined || !isUnsent) return responder.send(x, { ...reply, close: true })
      response.detachSocket(socket as Socket)
      takeOver(x, socket, reply, rest)
    }
    const reply = handler(x)
    if (!(reply instanceof Promise)) return send(reply)
    input.start()
    void reply.then(send)
  }

  function takeOver(x: OurExchange, socket: Duplex, reply: Reply, head: Uint8Array): void {
    try {
      writeUpgrade(socket, reply, head)
      responder.settle(x, reply, { bytes: 0, aborted: false })
    } catch (cause) {
      socket.destroy()
      const fault = new ServeError('E8008_INTERNAL', 'The connection could not be taken over.', { cause })
      x.notes.refusal = fault.code
      onFault(fault)
      responder.settle(x, refuse(fault), { bytes: 0, aborted: true })
    }
  }

  function offer(request: IncomingMessage, socket: Duplex, head: Uint8Array, mount: string): void {
    // Without other listeners a declined upgrade would get no answer.
    if (serverOf(request)?.listenerCount('upgrade') === 1) return answer(request, socket, head, mount)
    // Another listener may read the content, so it cannot be read here.
    if (upgradeContentLength(request) !== 0) return
    socket.on('error', () => socket.destroy())
    const where = cutOff(mount, request, mountOf(request))
    const x = open(request, new ServerResponse(request), { ...where, upgradeContent: request })
    void Promise.resolve(handler(x)).then((reply) => {
      if (reply.takeover === undefined) return (x.observer?.release(), discard(reply.body))
      hold(socket)
      takeOver(x, socket, reply, head)
    })
  }

  return {
    answer: (request, socket, head) => answer(request, socket, head, undefined),
    offer,
    cut: (isChosen) => sockets.forEach((socket) => isChosen(socket) && socket.destroy()),
  }
}

/** Cuts a mount off the URL of an exchange. The request keeps its URL, for other listeners. */
function cutOff(mount: string, { url }: IncomingMessage, otherwise: Mount): Pick<OpenOptions, 'mount' | 'url'> {
  return mount === '' ? { mount: otherwise } : { mount: { path: mount, isBare: false }, url: url?.slice(mount.length) }
}

function serverOf({ socket }: IncomingMessage): Server | undefined {
  return (socket as Socket & { server?: Server }).server
}
