import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { startServer, type Started } from '../support/server.ts'

const count = 1000

interface Backend extends AsyncDisposable {
  readonly port: number
  /** Open connections of clients. */
  readonly connections: ReadonlySet<Socket>
  readonly streams: ReadonlySet<ServerResponse>
  readonly sockets: WebSocketServer
  /** Resolves once no client is connected. */
  idle(): Promise<void>
}

/** Sends events on `/events` and echoes on WebSockets. */
async function startBackend(): Promise<Backend> {
  const connections = new Set<Socket>()
  const streams = new Set<ServerResponse>()
  const server = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(`data: hello ${request.url}\n\n`)
    streams.add(response)
    response.once('close', () => streams.delete(response))
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send((data as Buffer).toString())))
  let settle: () => void = () => {}
  server.on('connection', (socket) => {
    connections.add(socket)
    socket.once('close', () => {
      connections.delete(socket)
      if (connections.size === 0) settle()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    streams,
    sockets,
    idle: () => new Promise((resolve) => (connections.size === 0 ? resolve() : (settle = resolve))),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      sockets.close()
      server.close()
      await once(server, 'close')
    },
  }
}

async function front(backend: Backend): Promise<Started> {
  const limits = { connections: 3 * count }
  return startServer({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` }, live: false, limits })
}

test(`${count} WebSockets and ${count} event streams get their messages concurrently, and leave no connection open`, async () => {
  await using backend = await startBackend()
  await using started = await front(backend)
  const { port } = started

  const sockets = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/socket/${index}`)
      await once(socket, 'open')
      return socket
    }),
  )
  const streams = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const request = get(`http://127.0.0.1:${port}/events/${index}`, { agent: false })
      const [reply] = (await once(request, 'response')) as [IncomingMessage]
      const [first] = (await once(reply, 'data')) as [Buffer]
      assert.equal(first.toString(), `data: hello /events/${index}\n\n`)
      return { request, reply }
    }),
  )
  await Promise.all(
    sockets.map(async (socket, index) => {
      socket.send(`message ${index}`)
      const [echo] = (await once(socket, 'message')) as [Buffer]
      assert.equal(echo.toString(), `message ${index}`)
    }),
  )
  const news = streams.map(async ({ reply }) => ((await once(reply, 'data')) as [Buffer])[0].toString())
  for (const stream of backend.streams) stream.write('data: news\n\n')
  assert.deepEqual(new Set(await Promise.all(news)), new Set(['data: news\n\n']))

  for (const socket of sockets) socket.terminate()
  for (const { request, reply } of streams) {
    reply.on('error', () => {})
    request.destroy()
  }
  await backend.idle()
  assert.equal(backend.streams.size, 0)
})
