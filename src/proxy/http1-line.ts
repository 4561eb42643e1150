import type { Socket } from 'node:net'
import type { Client, Dispatcher } from 'undici'
import type { Outlet } from '../http/spent-chunks.ts'

/** A connection that is opened anew when it was closed. */
export interface Line {
  socket: (Outlet & { destroy(error: Error): unknown }) | undefined
  /** What was sent on it last. */
  latest?: LineUser
}

/** An exchange that a line serves. */
export interface LineUser {
  line: Line | undefined
  /** Lets the upstream go on, if it was paused. */
  resume(): void
}

/** A request, and what it becomes. */
export interface Dispatched extends Dispatcher.DispatchOptions {
  readonly exchange: LineUser
}

/** One connection of the pool, which tells each exchange what it is sent on. */
export function openLine(ClientOf: typeof Client, origin: URL, settings: object): Dispatcher {
  const { connect } = settings as { connect: Connect }
  const line: Line = { socket: undefined }
  const client = new ClientOf(origin, {
    ...settings,
    connect: (target: object, done: Parameters<Connect>[1]) =>
      connect(target, (...outcome) => {
        line.socket = outcome[1] ?? undefined
        if (line.socket !== undefined) guardEnd(line.socket as Socket, line)
        done(...outcome)
      }),
  } as Client.Options)
  const dispatch = client.dispatch.bind(client)
  client.dispatch = (dispatched, handler) => {
    ;(dispatched as Dispatched).exchange.line = line
    return dispatch(dispatched, handler)
  }
  return client
}

/**
 * Content without a length ends with its connection. undici takes that end with an assertion that nobody has paused it,
 * which would end the process while a client does not read. Its listeners come after these.
 */
function guardEnd(socket: Socket, line: Line): void {
  // Everything was read by now: nothing comes that would have to wait.
  socket.once('end', () => line.latest?.resume())
  // By its code undici takes a reset for such an end too; it is none, paused or not.
  socket.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') delete error.code
  })
}

type Connect = (target: object, done: (error: Error | null, socket: Line['socket'] | null) => void) => void
