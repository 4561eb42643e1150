import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { WebSocket } from 'ws'
import { startBackend } from '../support/backend.ts'
import { deadPort } from '../support/free-port.ts'
import { makeCertificate } from '../support/certificate.ts'
import { block, flags, frame, FrameClient, uint32 } from '../support/frames.ts'
import { fetchSession } from '../support/live-page.ts'
import { TempFolder } from '../support/server.ts'
import { AbusedServer, cannotMeasure, drain, openMany } from './server.ts'

const get = block([
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'localhost'],
  [':path', '/small.txt'],
])

test('20 sessions of HTTP/2 break off 5,000 requests each', { skip: cannotMeasure }, async (t) => {
  const server = await AbusedServer.start(t, {}, { args: ['--h2c'] })
  const flood = async (): Promise<void> => {
    using client = await FrameClient.open(server.port)
    for (let i = 0; i < 5000 && !client.ended; i += 100) {
      const pairs = Array.from({ length: 100 }, (_, j) => {
        const stream = 2 * (i + j) + 1
        return [frame('headers', flags.endHeaders | flags.endStream, stream, get), frame('reset', 0, stream, uint32(8))]
      })
      await new Promise((resolve) => client.socket.write(Buffer.concat(pairs.flat()), resolve))
    }
    await client.closed()
  }
  // A client whose connection is reset in the middle of a write was turned away.
  await server.bear(t, () => Promise.allSettled(Array.from({ length: 20 }, flood)))
})

test('2,000 clients begin a handshake of TLS and stop', { skip: cannotMeasure }, async (t) => {
  using folder = new TempFolder()
  const tlsPort = await deadPort()
  const pair = await makeCertificate('localhost')
  await folder.write({ 'site.crt': pair.cert, 'site.key': pair.key })
  const files = ['--cert', folder.join('site.crt'), '--key', folder.join('site.key'), '--tls-port', String(tlsPort)]
  const server = await AbusedServer.start(t, {}, { args: files })
  const abuse = async (): Promise<void> => {
    const clients = await openMany(tlsPort, 2000)
    for (const client of clients) client.send('\x16\x03\x01\x02\x00\x01')
    await drain(clients)
  }
  await server.bear(t, abuse, { connections: 2000 })
})

test('a flood of sockets of live reload, and of messages on them', { skip: cannotMeasure }, async (t) => {
  const server = await AbusedServer.start(t, { 'index.html': '<p>page' })
  const abuse = async (): Promise<void> => {
    const { token, socket } = await fetchSession(server.port)
    const url = `ws://127.0.0.1:${server.port}${socket}?token=${token}`
    const sockets = Array.from({ length: 600 }, () => {
      const page = new WebSocket(url, { origin: `http://127.0.0.1:${server.port}` })
      page.on('error', () => {})
      page.on('open', () => {
        const resources = Array.from({ length: 100 }, (_, i) => `/${i}.css`)
        page.send(JSON.stringify({ type: 'hello', document: '/', resources, age: 0 }))
        for (let i = 0; i < 3; i++) page.send('x'.repeat(50_000))
      })
      return page
    })
    await Promise.all(
      sockets.map((page) => new Promise<void>((resolve) => page.once('open', resolve).once('close', () => resolve()))),
    )
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (const page of sockets) page.terminate()
  }
  await server.bear(t, abuse, { connections: 600 })
})

test('pages of an upstream that expand without end', { skip: cannotMeasure }, async (t) => {
  const bomb = gzipSync(Buffer.concat([Buffer.from('<head>'), Buffer.alloc(200_000_000, ' ')]))
  await using backend = await startBackend(async (connection) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`
    // Where one page is read before the last client asks, its connection is used again.
    while (await connection.sees('\r\n\r\n')) {
      await connection.head()
      connection.send(head).send(bomb)
    }
  })
  const folder = new TempFolder()
  t.after(() => folder[Symbol.dispose]())
  const route = { match: { path: '/api' }, proxy: { to: `http://127.0.0.1:${backend.port}`, live: true } }
  await folder.write({ 'serve8008.config.json': JSON.stringify({ routes: [route] }) })
  const server = await AbusedServer.start(t, {}, { config: folder.join('serve8008.config.json') })
  const abuse = async (): Promise<void> => {
    const clients = await openMany(server.port, 20)
    const fields = 'Accept: text/html\r\nAccept-Encoding: gzip\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate'
    for (const client of clients) client.send(`GET /api HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n\r\n`)
    await Promise.all(clients.map((client) => client.bytes(100)))
    assert.ok(clients.every((client) => client.received.includes('200 OK')))
    await drain(clients)
  }
  await server.bear(t, abuse, { connections: 40 })
  await backend.quiet()
})
