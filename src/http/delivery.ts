import type { Limits } from '../config/types.ts'
import { isServeError, ServeError } from '../errors/serve-error.ts'
import { discard } from './body.ts'
import type { Exchange, Handler } from './exchange.ts'
import { finish, type NodeResponse, type Sent } from './finish.ts'
import { mountedReply } from './mounted-reply.ts'
import type { NodeExchange } from './node-exchange.ts'
import type { Reply } from './reply.ts'

/** An exchange whose reply goes out through Node's response. */
export type ServerExchange = NodeExchange<NodeResponse>

/** Hands over what a Connect chain's next handler is for. */
export type Next = (error?: unknown) => void

/** What {@link createDelivery} needs. */
export interface DeliveryOptions {
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
export interface Delivery {
  /** Runs the pipeline and sends its reply. With `next`, what the pipeline does not know goes there. */
  answer(x: ServerExchange, next?: Next): void
  /** Sends a reply, unless the exchange has one already. */
  send(x: ServerExchange, reply: Reply): void
  /** Ends an exchange: nothing more happens to it. */
  settle(x: ServerExchange, reply: Reply, sent: Sent): void
}

/** Builds the delivery around a pipeline. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { handler, limits, refuse, done, onFault, isDraining } = options

  function deliver(x: ServerExchange, reply: Reply, next?: Next): void {
    if (next !== undefined && isUnknown(x)) return (discard(reply.body), next())
    const mounted = x.mount === '' ? reply : mountedReply(reply, x.mount)
    if (x.unread && mounted.close !== true) return void deliverAfterDrain(x, mounted)
    send(x, mounted)
  }

  /** Content that nobody wanted still has to be valid, small and in time before it is answered. */
  async function deliverAfterDrain(x: ServerExchange, reply: Reply): Promise<void> {
    const refusal = await x.body.drain().then(
      () => undefined,
      // Anything else is a broken message or a lost client, which is refused elsewhere.
      (error: unknown) => {
        if (!isServeError(error)) return { ...reply, body: null }
        x.notes.refusal = error.code
        return refuse(error)
      },
    )
    if (refusal !== undefined) discard(reply.body)
    send(x, refusal ?? (x.body.taken ? reply : { ...reply, close: true }))
  }

  function send(x: ServerExchange, reply: Reply): void {
    const { response } = x
    if (response.headersSent || response.destroyed || x.gone) return lose(x, reply, response.headersSent)
    if (isDraining()) response.shouldKeepAlive = false
    if (reply.close === true) x.connection.linger()
    const { written, sent } = tryFinish(x, reply)
    // A handler may take its time; a client that does not read may not.
    const { socket } = response
    const pending = sent instanceof Promise || (socket !== null && socket.writableLength > 0)
    if (pending) socket?.setTimeout(limits.writeMs)
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
  function tryFinish(x: ServerExchange, reply: Reply): { written: Reply; sent: Sent | Promise<Sent> } {
    const { response } = x
    try {
      if (reply.takeover !== undefined) throw new Error('The reply takes over a connection that asked for no upgrade.')
      return { written: reply, sent: finish(response, reply, x) }
    } catch (cause) {
      discard(reply.body)
      const fault = new ServeError('E8008_INTERNAL', 'The reply could not be written.', { cause })
      x.notes.refusal = fault.code
      onFault(fault)
      const written = refuse(fault)
      // The write that failed has left its own reason phrase behind.
      response.statusMessage = ''
      return { written, sent: finish(response, written, x) }
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

function isUnknown(x: Exchange): boolean {
  return x.notes.unclaimed === true || x.notes.refusal === 'E8008_NOT_FOUND' || x.notes.refusal === 'E8008_METHOD'
}
