import type { Socket } from 'node:net'
import type { Client, Dispatcher } from 'undici'
import type { Outlet } from '../../http/message/exchange.ts'
import { ReplyStart } from './reply-start.ts'
import type { loadParserOf } from './undici.ts'

/** A connection that is opened again when it was closed. */
export class Line {
  socket:
    | (Outlet & Partial<Pick<Socket, 'errored' | 'writableNeedDrain'>> & { destroy(error: Error): unknown })
    | undefined
  /** What was sent on it last. */
  latest: LineUser | undefined
  /** Whether anything was read since the last request went out. */
  isAnswered = false
  #requests = 0
  readonly #start = new ReplyStart()

  /** Notes that a request goes out. Returns whether the connection has served another one before. */
  begin(user: LineUser): boolean {
    this.latest = user
    this.isAnswered = false
    this.#start.expect()
    return this.#requests++ > 0
  }

  /** Whether the last reply was one of HTTP/1.0. */
  get isHttp10(): boolean {
    return this.#start.isHttp10
  }

  /** Takes over a new connection. */
  connected(socket: Socket): void {
    this.socket = socket
    this.#requests = 0
    const push = socket.push.bind(socket)
    // undici reads the socket itself, so what it must not see is kept from there.
    socket.push = (chunk: Buffer | null) => {
      if (chunk === null) return push(null)
      this.isAnswered = true
      const taken = this.#start.take(chunk)
      return taken === undefined || push(taken)
    }
    guardEnd(socket, this)
  }
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

/** What lines are made of. */
export interface LineParts {
  readonly ClientOf: typeof Client
  readonly parserOf: Awaited<ReturnType<typeof loadParserOf>>
}

/** One connection of the pool, which tells each exchange what it is sent on. */
export function openLine({ ClientOf, parserOf }: LineParts, origin: URL, settings: object): Dispatcher {
  const { connect } = settings as { connect: Connect }
  const line = new Line()
  const client = new ClientOf(origin, {
    ...settings,
    connect: (target: object, done: Parameters<Connect>[1]) =>
      connect(target, (...outcome) => {
        if (outcome[1]) line.connected(outcome[1] as Socket)
        else line.socket = undefined
        done(...outcome)
        const parser = outcome[1] ? parserOf(outcome[1]) : undefined
        // Old servers pad the size, and every reader that takes it reads the same number. A chunk extension may have
        // blanks before it in any case (RFC 9112 section 7.1.1).
        parser?.llhttp.llhttp_set_lenient_spaces_after_chunk_size(parser.ptr, 1)
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
