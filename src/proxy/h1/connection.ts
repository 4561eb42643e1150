import type { Socket } from 'node:net'
import type { Client, Dispatcher } from 'undici'
import type { Outlet } from '../../http/message/exchange.ts'
import { ReplyStart } from './reply-start.ts'
import type { loadParserOf } from './undici.ts'

/** State of one connection of undici's pool. undici opens its socket again after it was closed. */
export class Http1Connection {
  socket:
    | (Outlet & Partial<Pick<Socket, 'errored' | 'writableNeedDrain'>> & { destroy(error: Error): unknown })
    | undefined
  /** The exchange whose request was sent last. */
  latest: ConnectionUser | undefined
  /** Whether anything was read since the last request was sent. */
  isAnswered = false
  #requests = 0
  readonly #start = new ReplyStart()

  /** Records that a request is sent. Returns whether the socket has served a request before. */
  begin(user: ConnectionUser): boolean {
    this.latest = user
    this.isAnswered = false
    this.#start.expect()
    return this.#requests++ > 0
  }

  /** Whether the last response was HTTP/1.0. */
  get isHttp10(): boolean {
    return this.#start.isHttp10
  }

  /** The reason phrase of the last response. */
  get reason(): string | undefined {
    return this.#start.reason
  }

  /** Attaches a new socket. */
  connected(socket: Socket): void {
    this.socket = socket
    this.#requests = 0
    const push = socket.push.bind(socket)
    // undici reads the socket directly, so `push` is the only place to filter what it reads.
    socket.push = (chunk: Buffer | null) => {
      if (chunk === null) return push(null)
      this.isAnswered = true
      const taken = this.#start.take(chunk)
      return taken === undefined || push(taken)
    }
    guardEnd(socket, this)
  }
}

/** An exchange on a connection. */
export interface ConnectionUser {
  connection: Http1Connection | undefined
  /** Resumes reading from the upstream, if it was paused. */
  resume(): void
}

/** Options of a request to undici, with its exchange. */
export interface Dispatched extends Dispatcher.DispatchOptions {
  readonly exchange: ConnectionUser
}

/** The parts of undici that a connection is made of. */
export interface UndiciParts {
  readonly ClientOf: typeof Client
  readonly parserOf: Awaited<ReturnType<typeof loadParserOf>>
}

/** Opens one connection of the pool, which tells each exchange its connection. */
export function openConnection({ ClientOf, parserOf }: UndiciParts, origin: URL, settings: object): Dispatcher {
  const { connect } = settings as { connect: Connect }
  const connection = new Http1Connection()
  const client = new ClientOf(origin, {
    ...settings,
    connect: (target: object, done: Parameters<Connect>[1]) =>
      connect(target, (...outcome) => {
        if (outcome[1]) connection.connected(outcome[1] as Socket)
        else connection.socket = undefined
        done(...outcome)
        const parser = outcome[1] ? parserOf(outcome[1]) : undefined
        // Old servers pad chunk sizes with blanks, which every lenient parser reads as the same number. Blanks before a
        // chunk extension are valid in any case (RFC 9112 section 7.1.1).
        parser?.llhttp.llhttp_set_lenient_spaces_after_chunk_size(parser.ptr, 1)
      }),
  } as Client.Options)
  const dispatch = client.dispatch.bind(client)
  client.dispatch = (dispatched, handler) => {
    ;(dispatched as Dispatched).exchange.connection = connection
    return dispatch(dispatched, handler)
  }
  return client
}

/**
 * Content without a length ends with its connection. undici then asserts that its parser is not paused, and a failed
 * assertion would end the process while a client does not read. These listeners run before undici's.
 */
function guardEnd(socket: Socket, connection: Http1Connection): void {
  // All bytes were read by now, so no data is left to pause.
  socket.once('end', () => connection.latest?.resume())
  // By its code undici would take a reset for such an end, and truncated content for complete content.
  socket.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNRESET') delete error.code
  })
}

type Connect = (target: object, done: (error: Error | null, socket: Http1Connection['socket'] | null) => void) => void
