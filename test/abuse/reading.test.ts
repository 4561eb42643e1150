import assert from 'node:assert/strict'
import { truncate } from 'node:fs/promises'
import { test } from 'node:test'
import { startBackend } from '../support/backend.ts'
import { block, flags, frame, FrameClient, frameTypes } from '../support/frames.ts'
import { RawClient } from '../support/raw.ts'
import { AbusedServer, cannotMeasure, drain, waitingMegabytes } from './server.ts'

const streams = 100
const largeBytes = 8_000_000
/** Files that the limit `openFiles` lets the server open at once. */
const files = 256

const request = (path: string): Buffer =>
  block([
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'localhost'],
    [':path', path],
  ])

/** Asks for something on 100 streams of each session, whose window is 0, and waits until each was answered or reset. */
async function askWithoutWindow(port: number, path: string, sessions: number): Promise<void> {
  const clients = await Promise.all(Array.from({ length: sessions }, () => FrameClient.open(port, [[4, 0]])))
  for (const client of clients) {
    for (let i = 0; i < streams; i++) {
      client.send(frame('headers', flags.endHeaders | flags.endStream, 2 * i + 1, request(path)))
    }
  }
  await Promise.all(
    clients.map(async (client) => {
      const answered = new Set<number>()
      await client.frame(({ type, stream }) => {
        if (type === frameTypes.headers || type === frameTypes.reset) answered.add(stream)
        return answered.size === streams
      })
    }),
  )
  for (const client of clients) client[Symbol.dispose]()
}

test('2,000 streams of HTTP/2 that ask for a large file and read nothing', { skip: cannotMeasure }, async (t) => {
  const server = await AbusedServer.start(t, { 'large.bin': '' }, { args: ['--h2c'] })
  await truncate(server.folder.join('large.bin'), largeBytes)
  await server.bear(t, () => askWithoutWindow(server.port, '/large.bin', 20), { connections: 20, files })
})

test('1,000 streams of HTTP/2 that ask an upstream and read nothing', { skip: cannotMeasure }, async (t) => {
  const content = Buffer.alloc(300_000)
  await using backend = await startBackend(async (connection) => {
    while (await connection.sees('\r\n\r\n')) {
      await connection.head()
      connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`).send(content)
    }
  })
  const proxy = ['--h2c', '--proxy', `/api=http://127.0.0.1:${backend.port}`]
  const server = await AbusedServer.start(t, {}, { args: proxy })
  // Ten sessions, and a connection to the upstream for each stream.
  const bounds = { connections: 1010, heldMegabytes: waitingMegabytes }
  await server.bear(t, () => askWithoutWindow(server.port, '/api', 10), bounds)
  await backend.quiet()
})

test('500 clients of HTTP/1.1 that ask for a large file and read nothing', { skip: cannotMeasure }, async (t) => {
  const server = await AbusedServer.start(t, { 'large.bin': '' })
  await truncate(server.folder.join('large.bin'), largeBytes)
  const abuse = async (): Promise<void> => {
    const clients = await Promise.all(Array.from({ length: 500 }, () => RawClient.open(server.port)))
    for (const client of clients) {
      client.socket.pause()
      client.send('GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n')
    }
    await drain(clients)
  }
  await server.bear(t, abuse, { connections: 500, files, heldMegabytes: waitingMegabytes })
})

test('requests for a thousand ranges of a large file', { skip: cannotMeasure }, async (t) => {
  const server = await AbusedServer.start(t, { 'large.bin': '' })
  await truncate(server.folder.join('large.bin'), largeBytes)
  const ranges = (count: number): string => Array.from({ length: count }, (_, i) => `${i}-`).join(',')
  const abuse = async (): Promise<void> => {
    for (const count of [1000, 32]) {
      const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.open(server.port)))
      for (const client of clients) {
        client.send(`GET /large.bin HTTP/1.1\r\nHost: localhost\r\nRange: bytes=${ranges(count)}\r\n\r\n`)
      }
      const heads = await Promise.all(
        clients.map((client) => client.bytes(12).then(() => client.received.toString('latin1', 9, 12))),
      )
      assert.ok(heads.every((status) => status === '200' || status === '206'))
      for (const client of clients) client.end()
    }
  }
  await server.bear(t, abuse, { connections: 50, files: 50 })
})
