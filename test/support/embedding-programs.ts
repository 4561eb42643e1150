import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, getRequestListener } from '@hono/node-server'
import Fastify from 'fastify'
import { fromNodeHandler, H3, toNodeHandler, type EventHandler, type NodeHandler } from 'h3'
import { Hono } from 'hono'
import type { Server8008 } from '../../src/index.ts'
import { express, type Hosted, type Middleware } from './frameworks.ts'

/**
 * Programs of other frameworks around a site, by framework and way in. Each has routes of its own: `/api` answers `{"from":"app"}`,
 * and `POST /echo` its content. Tests with them need a process of their own: the server of Hono replaces the global `Request`.
 */
export const programs: Readonly<Record<string, (site: Server8008) => Promise<Hosted>>> = {
  'Express 5 by handler': (site) => listen(createServer(expressApp(site)), site),
  'Fastify by handler': startFastify,
  'Hono by handler': (site) => listen(honoBehind(site), site),
  'Hono by tryFetch': (site) => listen(honoAround(site), site),
  'h3 by handler': (site) => listen(h3Server(fromNodeHandler(site.handler as NodeHandler)), site),
  'h3 by tryFetch': (site) =>
    listen(
      h3Server((event) => site.tryFetch(event.req)),
      site,
    ),
}

const answer = { from: 'app' }

function expressApp({ handler }: Server8008): ReturnType<typeof express> {
  const api: Middleware = (_, response) =>
    void response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  const echo: Middleware = (request, response) => void response.end((request as { body?: string }).body)
  return express().use(handler).use('/api', api).use('/echo', express.text(), echo)
}

async function startFastify(site: Server8008): Promise<Hosted> {
  const app = Fastify({ forceCloseConnections: true })
  app.addHook('onRequest', (request, reply, done) => site.handler(request.raw, reply.raw, done))
  app.get('/api', () => Promise.resolve(answer))
  app.post('/echo', (request) => Promise.resolve(request.body))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const server = app.server as Server
  server.on('upgrade', site.upgrade)
  return { server, port: portOf(server), [Symbol.asyncDispose]: () => app.close() }
}

function honoApp(): Hono {
  const app = new Hono()
  app.get('/api', (c) => c.json(answer))
  app.post('/echo', async (c) => c.text(await c.req.text()))
  return app
}

/** The site comes before the app, in Node's own server. */
function honoBehind({ handler }: Server8008): Server {
  const app = getRequestListener(honoApp().fetch)
  return createServer((request, response) => handler(request, response, () => void app(request, response)))
}

/** The site is middleware of the app. */
function honoAround(site: Server8008): Server {
  const app = new Hono()
  app.use(async (c, next) => (await site.tryFetch(c.req.raw)) ?? next())
  app.route('/', honoApp())
  return createAdaptorServer({ fetch: app.fetch }) as Server
}

function h3Server(middleware: EventHandler): Server {
  const app = new H3()
  app.use(middleware)
  app.get('/api', () => answer)
  app.post('/echo', (event) => event.req.text())
  return createServer(toNodeHandler(app) as never)
}

async function listen(server: Server, { upgrade }: Server8008): Promise<Hosted> {
  server.on('upgrade', upgrade)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    server,
    port: portOf(server),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
