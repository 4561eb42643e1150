import type { Server } from 'node:net'
import type { ResolvedConfig } from '../config/types.ts'
import type { Adapter } from '../http/adapter.ts'
import { bind, isBadPort, networkUrls, type Bound } from '../ports/ports.ts'
import { formatHost, isLoopback } from '../util/ip.ts'
import type { Listening, Warning } from './types.ts'

/** A listener of the adapter: a server that also knows its idle connections. */
interface Listener extends Server {
  closeIdleConnections(): void
  closeAllConnections(): void
}

/** A server that is bound to its addresses, until it stops. */
export class Running {
  readonly listening: Listening
  readonly #servers: readonly Listener[]
  readonly #adapter: Adapter
  readonly #closeMs: number

  private constructor(bound: Bound, config: ResolvedConfig, adapter: Adapter) {
    this.#servers = bound.servers as readonly Listener[]
    this.#adapter = adapter
    this.#closeMs = config.limits.closeMs
    this.listening = describe(bound, config)
  }

  /** Binds every address. @throws ServeError when no port can be had. */
  static async start(config: ResolvedConfig, adapter: Adapter): Promise<Running> {
    const { host, ports, fallback, lan, socket, fd } = config
    const create = (): Server => adapter.createListener()
    const bound = await bind({ host, ports, fallback, lan, socket, fd, create })
    return new Running(bound, config, adapter)
  }

  /** Takes no new connections, gives replies under way their time, then cuts what is left; tells how many replies. */
  async stop(): Promise<number> {
    this.#adapter.drain()
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    // A connection is kept alive by the reply that was under way, so it turns idle only later.
    const sweep = setInterval(() => this.#closeIdle(), 25)
    this.#closeIdle()
    let lost = 0
    const cut = setTimeout(() => {
      lost = this.#adapter.cut()
      for (const server of this.#servers) server.closeAllConnections()
    }, this.#closeMs)
    await Promise.all(closed)
    clearInterval(sweep)
    clearTimeout(cut)
    return lost
  }

  #closeIdle(): void {
    for (const server of this.#servers) server.closeIdleConnections()
  }
}

function describe(bound: Bound, config: ResolvedConfig): Listening {
  const { host, base, socket } = config
  const { port, addresses, skipped } = bound
  const common = { host, port, protocol: 'http', addresses, skipped } as const
  if (socket !== undefined)
    return { ...common, url: `unix:${socket}`, urls: { local: [`unix:${socket}`], network: [] } }
  const network = addresses.some(isWildcard) ? networkUrls('http', port, base) : []
  const local = `http://${localHost(host, addresses)}${port === 80 ? '' : `:${port}`}${base}`
  return { ...common, url: local, urls: { local: [local], network } }
}

/** `localhost` wherever it reaches us: it is what people expect to read. */
function localHost(host: string, addresses: readonly string[]): string {
  const reached = addresses.some((address) => isWildcard(address) || address === '127.0.0.1' || address === '::1')
  return reached ? 'localhost' : formatHost(host)
}

function isWildcard(address: string): boolean {
  return address === '::' || address === '0.0.0.0'
}

/** What a person should know about a closing that did not wait for every reply. */
export function cutWarning(replies: number, closeMs: number): Warning {
  const what = replies === 1 ? '1 reply' : `${replies} replies`
  return { code: 'W8008_CUT', message: `Cut ${what} after ${closeMs / 1000} s.` }
}

/** What a person should know about where the server listens. */
export function listeningWarnings(listening: Listening): Warning[] {
  // A socket path is reached neither by browsers nor over the network.
  if (listening.port === 0) return []
  const warnings: Warning[] = []
  if (isBadPort(listening.port)) {
    warnings.push({
      code: 'W8008_BAD_PORT',
      message: `Browsers refuse to open port ${listening.port}.`,
      fix: { option: 'port', value: 8008 },
    })
  }
  if (listening.addresses.some((address) => !isLoopback(address))) {
    warnings.push({
      code: 'W8008_EXPOSED',
      message: 'Everyone on this network can read what is served.',
      hint: 'leave out host and lan to serve this machine only',
    })
  }
  return warnings
}
