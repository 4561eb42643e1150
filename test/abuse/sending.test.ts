import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend } from '../support/backend.ts'
import { AbusedServer, cannotMeasure, drain, openMany } from './server.ts'

/** Connections that the limit of that name lets the server accept at once. */
const limit = 2048

const post = (path: string, bytes: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\n\r\nx`

test('2,048 clients announce content for a file and send one byte of it', { skip: cannotMeasure }, async (t) => {
  const server = await AbusedServer.start(t)
  const abuse = async (): Promise<void> => {
    const clients = await openMany(server.port, 2048)
    for (const client of clients) client.send(post('/small.txt', 100_000))
    // Those that were closed to make room for others got no reply.
    const replies = await Promise.allSettled(clients.map((client) => client.reply()))
    const statuses = replies.map((reply) => (reply.status === 'fulfilled' ? reply.value.status : 0))
    assert.ok(statuses.every((status) => status === 405 || status === 0))
    assert.ok(statuses.filter((status) => status === 405).length > 1900)
    // The server ends them, although none of them does.
    await Promise.all(clients.map((client) => client.closed()))
    await drain(clients)
  }
  await server.bear(t, abuse, { connections: limit })
})

for (const [name, head] of [
  ['nothing', ''],
  ['half a header section', 'GET /small.txt HTTP/1.1\r\nHost: local'],
] as const) {
  test(`3,000 clients open a connection, send ${name} and stay`, { skip: cannotMeasure }, async (t) => {
    const server = await AbusedServer.start(t)
    const abuse = async (): Promise<void> => {
      const clients = await openMany(server.port, 3000)
      for (const client of clients) if (head !== '') client.send(head)
      await drain(clients)
    }
    await server.bear(t, abuse, { connections: limit })
  })
}

test('a flood of header fields', { skip: cannotMeasure }, async (t) => {
  const server = await AbusedServer.start(t)
  const lines = 'X: y\r\n'.repeat(2500)
  const abuse = async (): Promise<void> => {
    for (let round = 0; round < 10; round++) {
      const clients = await openMany(server.port, 100)
      const replies = await Promise.all(
        clients.map((client) => client.send(`GET / HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`).reply()),
      )
      assert.ok(replies.every(({ status }) => status === 431))
      await drain(clients)
    }
  }
  await server.bear(t, abuse, { connections: 100 })
})

test('100 uploads of 10 MB to an upstream that does not read', { skip: cannotMeasure }, async (t) => {
  let isOver = false
  await using backend = await startBackend(({ socket }) => (isOver ? socket.destroy() : socket.pause()))
  const server = await AbusedServer.start(t, {}, { args: ['--proxy', `/api=http://127.0.0.1:${backend.port}`] })
  const piece = Buffer.alloc(10_000_000)
  const abuse = async (): Promise<void> => {
    const clients = await openMany(server.port, 100)
    for (const client of clients) client.send(post('/api', piece.length + 1)).send(piece)
    // What stands between them and the upstream is full, and the server reads no further.
    await new Promise((resolve) => setTimeout(resolve, 2000))
    await drain(clients)
    // A server that does not read on cannot notice that a client is gone; the upstream ends these, and late ones.
    isOver = true
    for (const { socket } of backend.sockets) socket.destroy()
  }
  await server.bear(t, abuse, { connections: 200 })
})

test('clients that connect, ask and reset, 5,000 times', { skip: cannotMeasure }, async (t) => {
  const server = await AbusedServer.start(t)
  const abuse = async (): Promise<void> => {
    for (let round = 0; round < 50; round++) {
      const clients = await openMany(server.port, 100)
      for (const client of clients) {
        client.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
        client.socket.resetAndDestroy()
      }
    }
  }
  await server.bear(t, abuse, { connections: limit })
})

test(
  '10,000 requests on connections that are kept, every descriptor closed behind them',
  { skip: cannotMeasure },
  async (t) => {
    const server = await AbusedServer.start(t, { 'large.bin': Buffer.alloc(700_000) })
    const abuse = async (): Promise<void> => {
      const clients = await openMany(server.port, 10)
      await Promise.all(
        clients.map(async (client) => {
          for (let i = 0; i < 1000; i++) {
            const path = i % 50 === 0 ? 'large.bin' : 'small.txt'
            client.send(`GET /${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
            assert.equal((await client.reply()).status, 200)
          }
        }),
      )
      await drain(clients)
    }
    await server.bear(t, abuse)
  },
)
