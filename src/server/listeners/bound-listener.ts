import type { Server } from 'node:net'
import type { ResolvedListener } from '../../config/value-types.ts'
import type { Adapter } from '../../http/h1/server.ts'
import { bind, type Bound } from '../../net/net.ts'
import { takeCleartextHttp2 } from './cleartext-http2.ts'
import type { HttpsService } from './https-listener.ts'
import { UndecidedConnections } from './protocol-sniffer.ts'

/** A listener of the adapter: a `net.Server` that knows its idle connections. */
interface IdleClosingServer extends Server {
  closeIdleConnections(): void
  closeAllConnections(): void
}

/** What binding a listener needs. */
export interface BindListenerOptions {
  readonly adapter: Adapter
  /** Milliseconds until the first bytes of a connection must have come. */
  readonly headerMs: number
  /** Whether HTTP/2 is accepted without TLS. */
  readonly h2c: boolean
  /** Undefined for plain HTTP. */
  readonly https: HttpsService | undefined
}

/** A listener from the moment its addresses are bound. */
export class BoundListener {
  readonly config: ResolvedListener
  readonly bound: Bound
  readonly https: HttpsService | undefined
  readonly #undecided: UndecidedConnections
  readonly #adapter: Adapter
  readonly #headerMs: number
  #takesHttp2: boolean

  private constructor(
    config: ResolvedListener,
    options: BindListenerOptions,
    bound: Bound,
    undecided: UndecidedConnections,
  ) {
    this.config = config
    this.bound = bound
    this.https = options.https
    this.#undecided = undecided
    this.#adapter = options.adapter
    this.#headerMs = options.headerMs
    this.#takesHttp2 = options.h2c || config.tls
  }

  /** Binds every address. @throws ServeError when no port is free. */
  static async bind(config: ResolvedListener, options: BindListenerOptions): Promise<BoundListener> {
    const { adapter, headerMs, h2c, https } = options
    const { name, tls } = config
    const undecided = new UndecidedConnections()
    const create = (): Server => {
      if (https !== undefined) return https.createListener(undecided, name)
      const server = adapter.createListener(name)
      if (h2c) takeCleartextHttp2(server, adapter, undecided, headerMs)
      return server
    }
    const bound = await bind({ ...config, create, option: tls ? 'tlsPort' : 'port' })
    return new BoundListener(config, options, bound, undecided)
  }

  /** Accepts HTTP/2 without TLS too, from the next connection on. */
  takeHttp2(): void {
    if (this.#takesHttp2) return
    this.#takesHttp2 = true
    for (const server of this.bound.servers) {
      takeCleartextHttp2(server, this.#adapter, this.#undecided, this.#headerMs)
    }
  }

  /** Stops accepting. Resolves when every connection is closed. */
  async close(): Promise<void> {
    const ended = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    this.#undecided.destroy()
    // A connection with a reply under way turns idle only after it.
    const sweep = setInterval(() => this.#closeIdle(), 25)
    this.#closeIdle()
    await Promise.all(ended)
    clearInterval(sweep)
  }

  /** Closes connections with a reply under way. */
  cut(): void {
    for (const server of this.#servers) server.closeAllConnections()
  }

  #closeIdle(): void {
    for (const server of this.#servers) server.closeIdleConnections()
  }

  get #servers(): readonly IdleClosingServer[] {
    return this.bound.servers as readonly Server[] as readonly IdleClosingServer[]
  }
}
