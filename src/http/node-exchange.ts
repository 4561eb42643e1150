import type { Readable } from 'node:stream'
import type { Connection } from './connection.ts'
import type { Exchange, Notes, Peer, RequestBody } from './exchange.ts'
import type { Authority } from './authority.ts'
import { RequestHeaders, type HeaderList } from './headers.ts'
import { nextExchangeId } from './plain-exchange.ts'
import { StreamBody } from './request-body.ts'
import { parseTarget, type Target } from './target.ts'

/** The parts of Node's request that an exchange is made of. */
export interface NodeMessage extends Readable {
  method?: string | undefined
  url?: string | undefined
  httpVersion: string
  rawHeaders: string[]
}

/** What an exchange needs beside the message. */
export interface NodeExchangeOptions {
  readonly connection: Connection
  readonly batch: number
  readonly bodyBytes: number
  /** Sends the 100 that the client waits for; undefined when it does not wait. */
  readonly invite: (() => void) | undefined
  readonly inform: (status: number, headers: HeaderList) => void
}

/** An exchange over a connection. What a plain file request never asks for is made on demand. */
export class NodeExchange implements Exchange {
  readonly id: number = nextExchangeId()
  readonly startedAt: number = performance.now()
  readonly batch: number
  readonly method: string
  readonly version: string
  readonly target: Target
  readonly headers: RequestHeaders
  readonly notes: Notes = {}
  authority: Authority | undefined = undefined
  readonly #message: NodeMessage
  readonly #options: NodeExchangeOptions
  #body: StreamBody | undefined
  #watch: { signal: AbortSignal; release: () => void } | undefined

  constructor(message: NodeMessage, options: NodeExchangeOptions) {
    this.#message = message
    this.#options = options
    this.batch = options.batch
    this.method = message.method ?? ''
    this.version = message.httpVersion
    this.target = parseTarget(this.method, message.url ?? '')
    this.headers = new RequestHeaders(message.rawHeaders)
  }

  get peer(): Peer {
    return this.#options.connection.peer
  }

  get body(): RequestBody {
    const { bodyBytes: limit, invite } = this.#options
    this.#body ??= new StreamBody(this.#message, { headers: this.headers, limit, invite })
    return this.#body
  }

  get signal(): AbortSignal {
    this.#watch ??= this.#options.connection.watch()
    return this.#watch.signal
  }

  inform(status: number, headers: HeaderList): void {
    this.#options.inform(status, headers)
  }

  /** Whether there is content that nobody took; told without making a body. */
  get unread(): boolean {
    const { headers } = this
    if (!headers.has('content-length') && !headers.has('transfer-encoding')) return false
    return this.body.expected && !this.body.taken
  }

  /** Whether the client has left. */
  get gone(): boolean {
    return this.#options.connection.socket.destroyed
  }

  /** Forgets the connection once the reply is out. */
  release(): void {
    this.#watch?.release()
  }
}
