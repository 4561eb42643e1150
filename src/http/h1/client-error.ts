import type { Duplex } from 'node:stream'
import type { ServeError } from '../../core/serve-error.ts'
import type { Answer, Connection, Latest } from './connection.ts'
import type { Exchange } from '../message/exchange.ts'
import { finishRaw } from './write-response.ts'
import { messageError, type ReadFault } from './parse-error.ts'
import { plainExchange } from '../synthetic-exchange.ts'
import type { Reply, Sent } from '../message/reply.ts'

/** What the answer to a broken message needs. */
export interface BrokenMessageOptions {
  readonly connectionOf: (socket: Duplex) => Connection
  /** Most bytes of a request-target. */
  readonly targetBytes: number
  /** Milliseconds within which content that is passed on must make progress. */
  readonly requestMs: number
  readonly refuse: (error: ServeError) => Reply
  /** Sends a reply through the response that belongs to a request. */
  readonly send: (latest: Latest, reply: Reply) => void
  readonly done: (x: Exchange, reply: Reply, sent: Sent) => void
}

/**
 * Answers messages that cannot be read. A refusal must neither overtake nor replace the replies to
 * the messages before it, so it waits for them; and a message whose reply has begun gets no second.
 */
export function createBrokenMessage(options: BrokenMessageOptions): (fault: ReadFault, socket: Duplex) => void {
  const { connectionOf, refuse, send, done } = options

  function refuseUnread(connection: Connection, error: ServeError): void {
    const { socket, peer } = connection
    const reply = refuse(error)
    const x = plainExchange({ method: '-', target: '-', peer })
    x.notes.refusal = error.code
    finishRaw(socket, reply)
    socket.destroySoon()
    done(x, reply, { bytes: reply.body instanceof Uint8Array ? reply.body.byteLength : 0, aborted: false })
  }

  function refuseContent(latest: Latest, error: ServeError): void {
    latest.notes.refusal = error.code
    send(latest, { ...refuse(error), close: true })
  }

  /** Node tells of a request that takes long only once. */
  function askLater(fault: ReadFault, { socket, latest }: Connection): void {
    const timer = setTimeout(() => {
      if (connectionOf(socket).latest === latest && latest?.message.complete === false) answer(fault, socket)
    }, options.requestMs)
    timer.unref()
    socket.once('close', () => clearTimeout(timer))
  }

  function answer(fault: ReadFault, socket: Duplex): void {
    const connection = connectionOf(socket)
    if (connection.closing) return
    const { latest } = connection
    // Content that another server receives while it comes may be of any size, so it gets any time.
    if (fault.code === 'ERR_HTTP_REQUEST_TIMEOUT' && latest?.progressed() === true) return askLater(fault, connection)
    // Nobody is there, or someone who never said a word: browsers open such connections in advance.
    const unheard = latest === undefined && connection.socket.bytesRead === 0
    if (fault.code === 'ECONNRESET' || !socket.writable || unheard) return void socket.destroy()
    const error = messageError(fault, options.targetBytes)
    const inContent = latest !== undefined && !latest.message.complete
    if (inContent) latest.fail(fault)
    if (inContent && !latest.response.headersSent) return refuseContent(latest, error)
    connection.linger()
    if (inContent) whenClosed(latest.response, () => connection.socket.destroySoon())
    else if (latest === undefined) refuseUnread(connection, error)
    else whenClosed(latest.response, () => refuseUnread(connection, error))
  }

  return answer
}

function whenClosed(response: Answer, act: () => void): void {
  if (response.closed) act()
  else response.once('close', act)
}
