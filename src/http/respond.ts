import type { Limits } from '../config/types.ts'
import { isServeError, ServeError } from '../core/serve-error.ts'
import { discard } from './body/reply-body.ts'
import type { Exchange, Handler } from './message/exchange.ts'
import { mountedReply, type Mount } from './mounted-reply.ts'
import type { Reply, Sent } from './message/reply.ts'

/** An exchange that came over a connection, on which its reply goes out. */
export interface ServerExchange extends Exchange {
  /** Where an embedding program mounted us. */
  readonly mount: Mount
  /** Whether the header section of a reply is out. */
  readonly answered: boolean
  /** Whether no reply can go out any more. */
  readonly gone: boolean
  /**
   * What a reply waits for that does not need the content of its request: whether all of that came, so that the
   * connection can stay open. Undefined where the reply goes out now.
   */
  arrival(reply: Reply): Promise<boolean> | undefined
  /**
   * Writes the reply. A client that takes none of it for `limits.writeMs` is given up.
   *
   * @param isLast Whether the server stops, so that the reply ends its connection.
   * @throws for a reply that cannot be written, before anything of it is; then another one may be written.
   */
  write(reply: Reply, isLast: boolean): Sent | Promise<Sent>
  /** Forgets the connection once the reply is out. */
  release(): void
}

/** Hands over what a Connect chain's next handler is for. */
export type Next = () => void

/** What {@link createResponder} needs. */
export interface ResponderOptions {
  /** The whole pipeline. Must neither throw nor reject. */
  readonly handler: Handler
  readonly limits: Limits
  /** Makes the reply of a message or a fault that the pipeline knows nothing of. */
  readonly refuse: (error: ServeError) => Reply
  /** Called once for every message, when its reply is out or lost. */
  readonly done: (x: Exchange, reply: Reply, sent: Sent) => void
  /** Called when a reply could not be written. */
  readonly onFault: (error: ServeError) => void
  /** Whether the server stops, so that every reply ends its connection. */
  readonly isDraining: () => boolean
}

/** The way of an exchange from the pipeline to the connection. */
export interface Responder {
  /** Runs the pipeline and sends its reply. With `next`, what the pipeline does not know goes there. */
  answer(x: ServerExchange, next?: Next): void
  /** Sends a reply, unless the exchange has one already. */
  send(x: ServerExchange, reply: Reply): void
  /** Ends an exchange: nothing more happens to it. */
  settle(x: ServerExchange, reply: Reply, sent: Sent): void
}

/** Builds the responder around a pipeline. */
export function createResponder(options: ResponderOptions): Responder {
  const { handler, refuse, done, onFault, isDraining } = options

  function deliver(x: ServerExchange, reply: Reply, next?: Next): void {
    if (next !== undefined && isUnclaimed(x)) return (discard(reply.body), next())
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
      // Anything else is a broken message or a lost client, which is refused elsewhere.
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
    if (isServeError(error) && error.status !== 500) x.notes.refusal = error.code
    else if (error !== undefined) {
      const fault = new ServeError('E8008_INTERNAL', 'The reply broke off.', { cause: error })
      x.notes.refusal = fault.code
      onFault(fault)
    }
    settle(x, reply, sent)
  }

  /** The client left, or was refused while the reply was being made. */
  function lose(x: ServerExchange, reply: Reply, answered: boolean): void {
    discard(reply.body)
    if (!answered) settle(x, reply, { bytes: 0, aborted: true })
  }

  /** A reply of the program may be one that cannot be written, such as a field with a line break. */
  function tryWrite(x: ServerExchange, reply: Reply): { written: Reply; sent: Sent | Promise<Sent> } {
    try {
      if (reply.takeover !== undefined) throw new Error('The reply takes over a connection that asked for no upgrade.')
      return { written: reply, sent: x.write(reply, isDraining()) }
    } catch (cause) {
      discard(reply.body)
      const fault = new ServeError('E8008_INTERNAL', 'The reply could not be written.', { cause })
      x.notes.refusal = fault.code
      onFault(fault)
      const written = refuse(fault)
      return { written, sent: x.write(written, isDraining()) }
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

/** Whether there is nothing of ours at the address of an exchange, or nothing that answers to its method. */
export function isUnclaimed(x: Exchange): boolean {
  return x.notes.unclaimed === true || x.notes.refusal === 'E8008_NOT_FOUND' || x.notes.refusal === 'E8008_METHOD'
}
