import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { ProxyTimeouts, ResolvedMatch, ResolvedProxy, ResolvedUpstream } from '../../src/config/route-types.ts'
import { limitNames, limitTable } from '../../src/config/options/limits.ts'
import type { Limits } from '../../src/config/types.ts'
import type { ServeError } from '../../src/core/serve-error.ts'
import { createGuard } from '../../src/middleware/guard/guard.ts'
import { createAdapter } from '../../src/http/h1/server.ts'
import { composeLayers } from '../../src/http/compose.ts'
import type { Exchange } from '../../src/http/message/exchange.ts'
import type { Sent } from '../../src/http/message/reply.ts'
import type { Reply } from '../../src/http/message/reply.ts'
import { createProxy } from '../../src/proxy/proxy.ts'
import { createErrorBoundary, createRefuse, programPhrase, refusalReply } from '../../src/server/error-boundary.ts'

/** An exchange that ended. */
export interface Ended {
  readonly x: Exchange
  readonly reply: Reply
  readonly sent: Sent
}

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
  /** Resolves with the next exchange that ends. */
  ended(): Promise<Ended>
}

/** An upstream at a port of the loopback address. */
export function upstreamAt(port: number, more: Partial<ResolvedUpstream> = {}): ResolvedUpstream {
  return {
    label: `127.0.0.1:${port}`,
    protocol: 'http:',
    hostname: '127.0.0.1',
    port,
    socketPath: undefined,
    authority: `127.0.0.1:${port}`,
    prefix: undefined,
    ...more,
  }
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
  return { kind: 'prefix', path: '/', host: undefined, methods: [], headers: [], cookies: [], query: [], ...more }
}

/** Puts guard, boundary and proxy behind the real adapter, on a port of their own. */
export async function startFront(port: number, options: FrontOptions = {}): Promise<Front> {
  const limits = {
    ...(Object.fromEntries(limitNames.map((name) => [name, limitTable[name].default])) as unknown as Limits),
    ...options.limits,
  }
  const faults: ServeError[] = []
  const warnings: unknown[] = []
  const waiting: ((ended: Ended) => void)[] = []
  const proxy = createProxy({
    trust: options.trust ?? [],
    limits,
    onWarning: (warning) => warnings.push(warning),
  })
  const upstreams = options.upstreams ?? [upstreamAt(port, options.upstream)]
  const match = matchOf(options.match)
  const name = match.path
  const { handle } = proxy.open({ name, match, proxy: proxyTo(upstreams, options) })
  const boundary = createErrorBoundary(createRefuse((fault) => faults.push(fault), programPhrase, '/'))
  const guard = createGuard({
    isOurs: () => true,
    headerCount: limits.headerCount,
    targetBytes: limits.targetBytes,
  })
  const adapter = createAdapter({
    handler: composeLayers([boundary, guard], handle),
    limits,
    isShared: () => false,
    onFull: () => {},
    refuse: (error) => refusalReply(error, undefined),
    onFault: (error) => faults.push(error),
    done: (x, reply, sent) => waiting.splice(0).forEach((tell) => tell({ x, reply, sent })),
  })
  const server = adapter.createListener()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = (server.address() as AddressInfo).port
  return {
    port: own,
    hostLine: `Host: localhost:${own}`,
    faults,
    warnings,
    ended: () => new Promise((resolve) => waiting.push(resolve)),
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      adapter.cut()
      await proxy.close()
    },
  }
}
