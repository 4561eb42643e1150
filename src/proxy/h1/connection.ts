import type { Socket } from 'node:net'
import type { UpstreamRequest } from '../types.ts'
import { protocolError } from '../response/head.ts'
import { upstreamError, type UpstreamError } from '../upstream/upstream-error.ts'
import { writeRequest } from './request-writer.ts'
import { ResponseParser, type ResponseEvents, type ResponseStart } from './response-parser.ts'
import type { HeaderList } from '../../http/message/headers.ts'

/** The exchange that a connection carries. */
export interface ConnectionUser extends ResponseEvents {
  readonly request: UpstreamRequest
  /** Whether reading waits for the client. */
  readonly isPaused: boolean
  /** The connection failed before the response was complete. */
  failed(error: UpstreamError): void
  /** The content of the request broke off. */
  broken(error: UpstreamError): void
}

/** What a connection tells its owner. */
export interface ConnectionOwner {
  /** It can carry the next request. */
  idle(connection: Http1Connection): void
  closed(connection: Http1Connection): void
}

const nothing = (): void => {}

/** Milliseconds that an idle connection stays open: less than the 5 s after which Node's servers close it. */
const idleMs = 4000

/** Milliseconds by which an idle connection closes before the upstream does, which announced when. */
const aheadMs = 1000

/** One connection to an upstream. It carries one exchange at a time: an extra response must not answer the next request. */
export class Http1Connection implements ResponseEvents {
  readonly socket: Socket
  /** Requests that it has carried. */
  uses = 0
  /** Whether anything was read since the last request was sent. */
  isAnswered = false
  readonly #events: ConnectionOwner
  readonly #parser: ResponseParser
  #user: ConnectionUser | undefined
  #stopWriting: () => void = nothing
  #isWriting = false
  #hasBegun = false
  #isLast = false
  #keepAliveMs = idleMs
  #idle: NodeJS.Timeout | undefined
  #error: Error | undefined
  #isSwitched = false
  #afterSwitch: Buffer | undefined

  /** Takes an open socket over. */
  constructor(socket: Socket, events: ConnectionOwner, headerBytes: number) {
    this.socket = socket
    this.#events = events
    this.#parser = new ResponseParser(this, headerBytes)
    socket.on('error', this.#failed).once('end', this.#ended).once('close', this.#closed)
  }

  /** Sends the request of an exchange, which gets the response. An invalid request fails. */
  send(user: ConnectionUser, isUpgrade: boolean = false): void {
    clearTimeout(this.#idle)
    this.#idle = undefined
    this.uses++
    this.isAnswered = false
    this.#user = user
    this.#isWriting = true
    this.#hasBegun = false
    this.#isLast = false
    this.#parser.expect({ method: user.request.method, isUpgrade })
    try {
      const stop = writeRequest(this.socket, user.request, isUpgrade, {
        begun: () => void (this.#hasBegun = true),
        sent: (isReusable) => {
          this.#isWriting = false
          this.#isLast = !isReusable
          this.#stopWriting = nothing
        },
        broken: (error) => user.broken(error),
      })
      // An idle connection keeps nothing of the last request.
      if (this.#isWriting) this.#stopWriting = stop
    } catch (error) {
      this.#break(error)
    }
  }

  /** Reads bytes of the upstream. Returns whether it may send more. */
  read(bytes: Buffer): boolean {
    this.isAnswered = true
    const user = this.#user
    try {
      // Bytes that answer no request: the connection has lost its place.
      if (!this.#parser.isBusy) throw protocolError('it sends a response without a request')
      const rest = this.#parser.read(bytes)
      if (this.#isSwitched) this.#afterSwitch = rest
      // An extra response must not answer the next request.
      else if (rest !== undefined) this.socket.destroy()
      else if (!this.#parser.isBusy) this.#next()
    } catch (error) {
      this.#break(error)
    }
    return user?.isPaused !== true && !this.#isSwitched
  }

  /** Gives the socket away after a 101, with the bytes of the new protocol that have arrived. */
  release(): Buffer {
    this.socket.off('error', this.#failed).off('end', this.#ended).off('close', this.#closed)
    return this.#afterSwitch ?? Buffer.alloc(0)
  }

  interim(status: number, fields: HeaderList): void {
    this.#user?.interim(status, fields)
  }

  start(start: ResponseStart): void {
    const { status, head } = start
    const { keepAlive } = head
    this.#isSwitched = status === 101
    this.#keepAliveMs = keepAlive === undefined ? idleMs : Math.min(idleMs, keepAlive * 1000 - aheadMs)
    this.#user?.start(start)
  }

  data(chunk: Buffer): void {
    this.#user?.data(chunk)
  }

  end(trailers: HeaderList | undefined): void {
    const user = this.#user
    this.#user = undefined
    user?.end(trailers)
  }

  #break(error: unknown): void {
    const fault = upstreamError(error, 'protocol', true)
    this.#error = fault
    this.socket.destroy()
    this.#user?.failed(fault)
  }

  /** Takes the next request, or closes. */
  #next(): void {
    // After a response that precedes the end of its request the upstream may not read the rest.
    const isSent = !this.#isWriting && this.socket.writableLength === 0
    if (!isSent || this.#isLast || !this.#parser.isReusable || this.#keepAliveMs <= 0) this.socket.destroy()
    else if (!this.socket.destroyed) this.#events.idle(this)
  }

  /** Waits for the next request, for as long as the upstream keeps the connection. */
  rest(): void {
    this.#idle = setTimeout(() => this.socket.destroy(), this.#keepAliveMs)
  }

  readonly #failed = (error: Error): void => void (this.#error ??= error)

  readonly #ended = (): void => {
    // The end of content without a length, unless the connection was reset.
    if (this.#error === undefined) this.#parser.finish()
    this.socket.destroy()
  }

  readonly #closed = (): void => {
    clearTimeout(this.#idle)
    this.#stopWriting()
    this.#events.closed(this)
    const error = this.#error ?? new Error('The upstream closed the connection.')
    this.#user?.failed(upstreamError(error, 'reset', this.#hasBegun))
  }
}
