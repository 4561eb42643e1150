import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import type { ResolvedMatch } from '../../src/config/route-types.ts'
import type { ProxyTimeouts, ResolvedProxy, ResolvedUpstream } from '../../src/config/kinds/proxy-types.ts'
import type { Limits } from '../../src/config/options/limits.ts'
import type { ServeError } from '../../src/core/serve-error.ts'
import { createServerFrom } from '../../src/server/create.ts'
import type { AccessRecord } from '../../src/server/types.ts'
import { TempFolder } from './server.ts'
import { upstreamAt } from './upstream.ts'

/** What a test may set about the route and the server in front of it. */
export interface FrontOptions {
  readonly match?: Partial<ResolvedMatch>
  readonly upstream?: Partial<ResolvedUpstream>
  readonly upstreams?: readonly ResolvedUpstream[]
  readonly proxy?: Partial<ResolvedProxy>
  readonly timeouts?: Partial<ProxyTimeouts>
  readonly trust?: readonly string[]
  readonly limits?: Partial<Limits>
}

/** A listening server with one route that forwards. */
export interface Front extends AsyncDisposable {
  readonly port: number
  readonly hostLine: string
  readonly faults: readonly ServeError[]
  readonly warnings: readonly unknown[]
  /** Resolves with the record of the next exchange that ends. */
  ended(): Promise<AccessRecord>
}

/** A proxy action with the defaults of the configuration. */
function proxyTo(upstreams: readonly ResolvedUpstream[], { proxy, timeouts }: FrontOptions = {}): ResolvedProxy {
  return {
    upstreams,
    balance: 'round',
    hashBy: undefined,
    changeOrigin: false,
    requestFields: { set: [], remove: [] },
    passHeaders: [],
    replyFields: { set: [], remove: [] },
    buffer: false,
    rewrite: true,
    aliases: [],
    rewriteBody: [],
    scriptName: false,
    cookiePath: undefined,
    live: false,
    debug: false,
    retries: 1,
    hold: 0,
    health: undefined,
    tls: { verify: true },
    ...proxy,
    timeouts: {
      connectMs: 10_000,
      headersMs: 0,
      bodyIdleMs: 0,
      totalMs: 0,
      upgradeMs: 0,
      ...timeouts,
    },
  }
}

/** A match of every path, or what is given. */
export function matchOf(more: Partial<ResolvedMatch> = {}): ResolvedMatch {
  return {
    kind: 'prefix',
    path: '/',
    host: undefined,
    listeners: [],
    methods: [],
    headers: [],
    cookies: [],
    query: [],
    ...more,
  }
}

/** Starts a server with one route, which forwards to upstreams on the loopback address. */
export async function startFront(port: number, options: FrontOptions = {}): Promise<Front> {
  const folder = new TempFolder()
  const { trust = [], limits = {}, upstreams = [upstreamAt(port, options.upstream)] } = options
  const config = resolveConfig({ root: folder.path, port: 0, host: '127.0.0.1', live: false, limits })
  const match = matchOf(options.match)
  const action = { kind: 'proxy', proxy: proxyTo(upstreams, options) } as const
  const server = createServerFrom({ ...config, trust, routes: [{ id: match.path, match, action }] }, {}, resolveConfig)
  const faults: ServeError[] = []
  const warnings: unknown[] = []
  const waiting: ((record: AccessRecord) => void)[] = []
  server
    .on('error', (error) => void faults.push(error))
    .on('warning', (warning) => void warnings.push(warning))
    .on('reply', (record) => waiting.splice(0).forEach((resolve) => resolve(record)))
  const listening = await server.listen()
  return {
    port: listening.port,
    hostLine: `Host: localhost:${listening.port}`,
    faults,
    warnings,
    ended: () => new Promise((resolve) => waiting.push(resolve)),
    [Symbol.asyncDispose]: async () => {
      await server.close()
      folder[Symbol.dispose]()
    },
  }
}
