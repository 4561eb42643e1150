import type { Server } from 'node:net'
import type { ResolvedConfig } from '../config/types.ts'
import type { Adapter } from '../http/h1/server.ts'
import { bind, type Bound } from '../net/net.ts'
import { takeCleartextHttp2 } from './listeners/cleartext-http2.ts'
import { describeListening } from './listening.ts'
import { certificateHosts } from './allowed-hosts.ts'
import type { HttpsService, BoundHttps } from './listeners/https-listener.ts'
import { UndecidedConnections } from './listeners/protocol-sniffer.ts'
import type { Warning } from '../core/warning.ts'
import type { Listening } from './types.ts'

/** A listener of the adapter: a `net.Server` that knows its idle connections. */
interface Listener extends Server {
  closeIdleConnections(): void
  closeAllConnections(): void
}

/** What starting a server needs. */
export interface BoundServerOptions {
  readonly config: ResolvedConfig
  readonly adapter: Adapter
  /** Folder of the local authority. Default: the user's. */
  readonly authorityFolder: string | undefined
  /** Called once the port for HTTPS is bound, before plain HTTP is served; undefined without HTTPS. */
  readonly onHttps: (https: BoundHttps | undefined) => void
  readonly onWarning: (warning: Warning) => void
  /** Called with the files of a certificate when they were replaced. */
  readonly onReplaced: (files: readonly string[]) => void
}

/** A server from the moment its addresses are bound until it stops. */
export class BoundServer {
  readonly listening: Listening
  readonly #servers: readonly Listener[]
  readonly #undecided: UndecidedConnections
  readonly #https: HttpsService | undefined
  readonly #adapter: Adapter
  readonly #closeMs: number
  readonly #headerMs: number
  readonly #plain: readonly Server[]
  #takesHttp2: boolean

  private constructor(
    options: BoundServerOptions,
    undecided: UndecidedConnections,
    plain: Bound,
    https: BoundHttps | undefined,
  ) {
    this.#servers = [...plain.servers, ...(https?.bound.servers ?? [])] as readonly Server[] as readonly Listener[]
    this.#undecided = undecided
    this.#https = https?.service
    this.#adapter = options.adapter
    this.#closeMs = options.config.limits.closeMs
    this.#headerMs = options.config.limits.headerMs
    this.#plain = plain.servers
    this.#takesHttp2 = options.config.h2c
    this.listening = describeListening(options.config, plain, https)
  }

  /** Binds every address. @throws ServeError when no port is free, or a certificate cannot be used. */
  static async start(options: BoundServerOptions): Promise<BoundServer> {
    const undecided = new UndecidedConnections()
    // First, since redirects of plain requests need the port for HTTPS.
    const https = await bindHttps(options, undecided)
    options.onHttps(https)
    try {
      return new BoundServer(options, undecided, await bindPlain(options, undecided), https)
    } catch (error) {
      if (https !== undefined) await releaseHttps(https)
      throw error
    }
  }

  /** Accepts HTTP/2 on the plain port too, from the next connection on. */
  takeHttp2(): void {
    if (this.#takesHttp2) return
    this.#takesHttp2 = true
    for (const server of this.#plain) takeCleartextHttp2(server, this.#adapter, this.#undecided, this.#headerMs)
  }

  /** Stops accepting, waits `limits.closeMs` for replies under way, and cuts the rest. Resolves with how many it cut. */
  async stop(): Promise<number> {
    this.#adapter.drain()
    const ended = this.#servers.map(closed)
    this.#undecided.destroy()
    // A connection with a reply under way turns idle only after it.
    const sweep = setInterval(() => this.#closeIdle(), 25)
    this.#closeIdle()
    let lost = 0
    const cut = setTimeout(() => {
      lost = this.#adapter.cut()
      for (const server of this.#servers) server.closeAllConnections()
    }, this.#closeMs)
    await Promise.all(ended)
    clearInterval(sweep)
    clearTimeout(cut)
    this.#https?.close()
    return lost
  }

  #closeIdle(): void {
    for (const server of this.#servers) server.closeIdleConnections()
  }
}

async function bindHttps(
  options: BoundServerOptions,
  undecided: UndecidedConnections,
): Promise<BoundHttps | undefined> {
  const { config, adapter, authorityFolder: folder, onWarning, onReplaced } = options
  const { host, lan, tls, limits } = config
  if (tls === undefined) return undefined
  const { openHttps } = await import('./listeners/https-listener.ts')
  const hosts = certificateHosts(config)
  const service = await openHttps({ tls, limits, hosts, folder, adapter, undecided, onWarning, onReplaced })
  try {
    const { ports, fallback } = tls
    const create = (): Server => service.createListener()
    return { service, bound: await bind({ host, ports, fallback, lan, create, option: 'tlsPort' }) }
  } catch (error) {
    service.close()
    throw error
  }
}

function bindPlain({ config, adapter }: BoundServerOptions, undecided: UndecidedConnections): Promise<Bound> {
  const { host, ports, fallback, lan, socket, fd, h2c, limits } = config
  const create = (): Server => {
    const listener = adapter.createListener()
    if (h2c) takeCleartextHttp2(listener, adapter, undecided, limits.headerMs)
    return listener
  }
  return bind({ host, ports, fallback, lan, socket, fd, create })
}

async function releaseHttps({ service, bound }: BoundHttps): Promise<void> {
  service.close()
  await Promise.all(bound.servers.map(closed))
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}
