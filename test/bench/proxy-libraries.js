/**
 * A proxy made of a library from npm, as its README shows it: `node proxy-libraries.js NAME FOLDER BACKEND PORT`. The folder
 * has its `node_modules`; backend and port are ports of 127.0.0.1.
 */
import { Agent, createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [, , name, folder, backend, portText] = process.argv
const target = `http://127.0.0.1:${backend}`
const port = Number(portText)
const installed = createRequire(join(folder, 'package.json'))
/** Packages that have no CommonJS entry are imported. */
const load = async (library) => import(pathToFileURL(installed.resolve(library)).href)

const starts = {
  'http-proxy': () => installed('http-proxy').createProxyServer({ target, ws: true }).listen(port, '127.0.0.1'),
  'http-proxy, keep-alive': () =>
    installed('http-proxy')
      .createProxyServer({ target, ws: true, agent: new Agent({ keepAlive: true }) })
      .listen(port, '127.0.0.1'),
  'http-proxy-3': async () => {
    const { createProxyServer } = await load('http-proxy-3')
    createProxyServer({ target, ws: true }).listen(port, '127.0.0.1')
  },
  httpxy: async () => {
    const { createProxyServer } = await load('httpxy')
    const proxy = createProxyServer({})
    const server = createServer((request, response) => proxy.web(request, response, { target }).catch(() => {}))
    server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, { target }, head).catch(() => {}))
    server.listen(port, '127.0.0.1')
  },
  'http-proxy-middleware': async () => {
    const { createProxyMiddleware } = await load('http-proxy-middleware')
    const forward = createProxyMiddleware({ target, ws: true })
    const server = installed('express')().use('/', forward).listen(port, '127.0.0.1')
    server.on('upgrade', forward.upgrade)
  },
  '@fastify/http-proxy': async () => {
    const server = installed('fastify')()
    server.register(installed('@fastify/http-proxy'), { upstream: target, websocket: true })
    await server.listen({ port, host: '127.0.0.1' })
  },
}
// A client that leaves must not end the comparison: several of these tell it as an error without a listener.
process.on('uncaughtException', () => {})
await starts[name]()
