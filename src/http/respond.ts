import type { Limits } from '../config/options/limits.ts'
import { isServeError, ServeError } from '../core/serve-error.ts'
import { thrownText } from '../core/util/thrown-text.ts'
import { discard } from './body/reply-body.ts'
import type { Exchange, Handler } from './message/exchange.ts'
import { mountedReply, type Mount } from './mounted-reply.ts'
import type { Reply, Sent } from './message/reply.ts'

/** An exchange with a connection, on which its reply is written. */
export interface ServerExchange extends Exchange {
  /** Where an embedding program mounted this server. */
  readonly mount: Mount
  /** Whether the header section of a reply is written. */
  readonly answered: boolean
  /** Whether no reply can be written any more. */
  readonly gone: boolean
  /**
   * What a reply waits for whose handler did not read the content: whether all content arrived, so that the connection
   * can stay open. Undefined where the reply is written at once.
   */
  arrival(reply: Reply): Promise<boolean> | undefined
  /**
   * Writes the reply. A client that takes nothing of it for `limits.writeMs` is disconnected.
   *
   * @param isLast Whether the server stops, so that the reply ends its connection.
   * @throws for a reply that cannot be written, before any byte is: another one may follow.
   */
  write(reply: Reply, isLast: boolean): Sent | Promise<Sent>
  /** Removes the exchange's listeners from its connection. */
  release(): void
}

/** Passes the request to the next handler of a Connect chain. */
export type Next = () => void

/** What {@link createResponder} needs. */
export interface ResponderOptions {
  /** The whole pipeline. Must neither throw nor reject. */
  readonly handler: Handler
  readonly limits: Limits
  /** Makes the reply to an error outside the pipeline. */
  readonly refuse: (error: ServeError) => Reply
  /** Called once for every message, when its reply is written or lost. */
  readonly done: (x: Exchange, reply: Reply, sent: Sent) => void
  /** Called when a reply could not be written. */
  readonly onFault: (error: ServeError) => void
  /** Whether the server or the listener of an exchange stops: the reply then ends its connection. */
  readonly isDraining: (x: Exchange) => boolean
}

/** Runs exchanges through the pipeline, and writes their replies. */
export interface Responder {
  /** Runs the pipeline and sends its reply. With `next`, requests for which the pipeline has nothing go there. */
  answer(x: ServerExchange, next?: Next): void
  /** Sends a reply, unless the exchange has one already. */
  send(x: ServerExchange, reply: Reply): void
  /** Ends an exchange, and reports it. */
  settle(x: ServerExchange, reply: Reply, sent: Sent): void
}

/** Builds the responder around a pipeline. */
export function createResponder(options: ResponderOptions): Responder {
  const { handler, refuse, done, onFault, isDraining } = options

  function deliver(x: ServerExchange, reply: Reply, next?: Next): void {
    if (next !== undefined && isUnclaimed(x)) return (x.observer?.release(), discard(reply.body), next())
    const mounted = mountedReply(reply, x.mount, x)
    const arrival = x.arrival(mounted)
    if (arrival === undefined) send(x, mounted)
    else void deliverAfter(arrival, x, mounted)
  }

  async function deliverAfter(arrival: Promise<boolean>, x: ServerExchange, reply: Reply): Promise<void> {
    try {
      send(x, (await arrival) ? reply : { ...reply, close: true })
    } catch (error) {
      discard(reply.body)
      // Otherwise the message is malformed, or its client left: its connection reports that.
      if (!isServeError(error)) return send(x, { ...reply, body: null })
      x.notes.refusal = error.code
      send(x, refuse(error))
    }
  }

  function send(x: ServerExchange, reply: Reply): void {
    if (x.answered || x.gone) return lose(x, reply, x.answered)
    const { written, sent } = tryWrite(x, reply)
    if (sent instanceof Promise) void sent.then((late) => settleLate(x, written, late))
    else settle(x, written, sent)
  }

  function settleLate(x: ServerExchange, reply: Reply, sent: Sent): void {
    const { error } = sent
    // Closing cut it, and whatever failed followed from that.
    if (x.notes.refusal === 'E8008_CLOSED') return settle(x, reply, sent)
    if (isServeError(error) && error.status !== 500) x.notes.refusal = error.code
    else if (error !== undefined) {
      const isNamed = isServeError(error) && error.code !== 'E8008_INTERNAL'
      const fault = isNamed ? error : internal('The reply broke off', error)
      x.notes.refusal = fault.code
      x.notes.remark ??= `broke off: ${thrownText(fault.cause ?? fault)}`
      onFault(fault)
    }
    settle(x, reply, sent)
  }

  /** The client left, or got an error while the reply was made. */
  function lose(x: ServerExchange, reply: Reply, answered: boolean): void {
    discard(reply.body)
    if (!answered) settle(x, reply, { bytes: 0, aborted: true })
  }

  /** A reply of a program may be invalid, such as a field with a line break. */
  function tryWrite(x: ServerExchange, reply: Reply): { written: Reply; sent: Sent | Promise<Sent> } {
    try {
      x.observer?.replying(reply)
      if (reply.takeover !== undefined) throw new Error('The reply takes over a connection that asked for no upgrade.')
      return { written: reply, sent: x.write(reply, isDraining(x)) }
    } catch (cause) {
      discard(reply.body)
      const fault = internal('The reply could not be written', cause)
      x.notes.refusal = fault.code
      onFault(fault)
      const written = refuse(fault)
      x.observer?.replying(written)
      return { written, sent: x.write(written, isDraining(x)) }
    }
  }

  function settle(x: ServerExchange, reply: Reply, sent: Sent): void {
    x.release()
    done(x, reply, sent)
  }

  return {
    answer(x, next) {
      const reply = handler(x)
      if (reply instanceof Promise) void reply.then((settled) => deliver(x, settled, next))
      else deliver(x, reply, next)
    },
    send,
    settle,
  }
}

function internal(what: string, cause: unknown): ServeError {
  return new ServeError('E8008_INTERNAL', `${what}: ${thrownText(cause)}`, { cause })
}

/** Whether the pipeline has nothing for the path or the method of an exchange. */
export function isUnclaimed(x: Exchange): boolean {
  return x.notes.unclaimed === true || x.notes.refusal === 'E8008_NOT_FOUND' || x.notes.refusal === 'E8008_METHOD'
}
