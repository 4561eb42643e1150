import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import httpProxyPackage from 'http-proxy'
import { createServer as createVite, type ProxyOptions } from 'vite'
import { WebSocketServer } from 'ws'
import { express, type Middleware } from '../../support/frameworks.ts'
import { TempFolder } from '../../support/server.ts'
import type { Contender } from './contenders.ts'

/** What the tests use of http-proxy-middleware, in both versions. */
interface ProxyMiddleware {
  createProxyMiddleware(...args: readonly unknown[]): Middleware
}

const require = createRequire(import.meta.url)
const version3 = require('http-proxy-middleware') as ProxyMiddleware
const version2 = require('http-proxy-middleware-2') as ProxyMiddleware

/** Starts the program that an entry was written for. What it does not forward is 404. */
export type Original = (options: unknown) => Promise<Contender>

/** Vite's dev server, without a project. */
export const vite: Original = async (options) => {
  const folder = new TempFolder()
  const server = createServer()
  const instance = await createVite({
    root: folder.path,
    configFile: false,
    logLevel: 'silent',
    appType: 'custom',
    optimizeDeps: { noDiscovery: true },
    server: {
      middlewareMode: { server },
      hmr: false,
      ws: false,
      proxy: options as Record<string, string | ProxyOptions>,
    },
  })
  server.on('request', (request, reply) =>
    instance.middlewares(request, reply, () => void reply.writeHead(404).end('not forwarded')),
  )
  const contender = await listening(server)
  return {
    port: contender.port,
    [Symbol.asyncDispose]: async () => {
      await instance.close()
      await contender[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

/** Angular's dev server is Vite's: each context of an entry becomes a key, and `pathRewrite` a function. */
export const angular: Original = (options) =>
  vite(
    Object.fromEntries(
      (options as readonly WebpackEntry[]).flatMap(({ context, pathRewrite, ...entry }) => {
        const rules = Object.entries(pathRewrite ?? {}).map(([from, to]) => [new RegExp(from), to] as const)
        const rewrite = (path: string): string => {
          const [from, to] = rules.find(([expression]) => expression.test(path)) ?? []
          return from === undefined || to === undefined ? path : path.replace(from, to)
        }
        return context.map((key) => [key, rules.length === 0 ? entry : { ...entry, rewrite }] as const)
      }),
    ),
  )

interface WebpackEntry {
  readonly context: readonly string[]
  readonly pathRewrite?: Readonly<Record<string, string>>
}

/** webpack-dev-server 4 and 5 hand each entry to version 2 of the middleware, with its context. */
export const webpack: Original = (options) => {
  const entries = Array.isArray(options)
    ? (options as readonly WebpackEntry[])
    : Object.entries(options as object).map(([context, entry]) => ({ ...(entry as WebpackEntry), context: [context] }))
  return mounted(
    entries.map((entry) => ['/', version2.createProxyMiddleware(entry.context, { logLevel: 'silent', ...entry })]),
  )
}

/** `app.use(mount, createProxyMiddleware(options))`, in version 2, which sees the whole path. */
export const middleware2 =
  (mount: string): Original =>
  (options) =>
    mounted([[mount, version2.createProxyMiddleware({ logLevel: 'silent', ...(options as object) })]])

/** The same in version 3, which sees the path behind the mount. */
export const middleware3 =
  (mount: string): Original =>
  (options) =>
    mounted([[mount, version3.createProxyMiddleware(options)]])

function mounted(middleware: readonly (readonly [mount: string, each: Middleware])[]): Promise<Contender> {
  const app = express()
  for (const [mount, each] of middleware) app.use(mount, each)
  const refuse: Middleware = (_, reply) => void reply.writeHead(404).end('not forwarded')
  app.use(refuse)
  return listening(createServer(app))
}

async function listening(server: ReturnType<typeof createServer>): Promise<Contender> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** http-proxy, for all requests and WebSockets. */
export const httpProxy: Original = (options) => {
  const proxy = httpProxyPackage.createProxyServer(options as object)
  const server = createServer((request, reply) => proxy.web(request, reply))
  server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head))
  return listening(server)
}

/**
 * Answers with what it got, by HTTP or as the first message of a WebSocket. A path that ends in `/redirect` redirects, in
 * `/absolute` also names this server, and in `/cookie` and `/domain` sets a cookie.
 */
export async function startEcho(name: string): Promise<Contender> {
  const echo = async (request: IncomingMessage, reply: Parameters<RequestListener>[1]): Promise<void> => {
    const [path = ''] = (request.url ?? '').split('?')
    if (path.endsWith('/redirect')) reply.writeHead(302, { Location: '/elsewhere' })
    if (path.endsWith('/absolute')) reply.writeHead(302, { Location: `http://localhost:${echoes.port}/elsewhere` })
    if (path.endsWith('/cookie')) reply.setHeader('Set-Cookie', 'a=1; Path=/; HttpOnly')
    if (path.endsWith('/domain')) reply.setHeader('Set-Cookie', 'a=1; Domain=backend.test; Path=/v1')
    reply.end(JSON.stringify([name, request.method, request.url, await text(request), ...seen(request)]))
  }
  const server = createServer((request, reply) => void echo(request, reply))
  new WebSocketServer({ server }).on('connection', (socket, request) => {
    socket.send(JSON.stringify([name, request.url, ...seen(request)]))
  })
  const echoes = await listening(server)
  return echoes
}

/** The fields that options can change. */
function seen({ headers }: IncomingMessage): (string | undefined)[] {
  return [headers.host, headers.authorization, headers['x-added'] as string | undefined]
}
