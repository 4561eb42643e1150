import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { startBackend } from '../support/backend.ts'
import { RawClient } from '../support/raw.ts'
import { AbusedServer, cannotMeasure, drain, openMany } from './server.ts'

/** Requests of the client that takes what it can get: more than `upstreamConnections`. */
const requests = 1030
/** Connections of 1,024 that one client may hold. */
const share = 1004

/** A connection from another address of this machine. */
async function openFrom(localAddress: string, port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  await once(socket, 'connect')
  return new RawClient(socket)
}

test('1,030 requests of one client to a route that hangs', { skip: cannotMeasure }, async (t) => {
  await using backend = await startBackend(async (connection) => {
    while (await connection.sees('\r\n\r\n')) {
      if ((await connection.head()).includes(' /api/fast ')) {
        connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      }
    }
  })
  const server = await AbusedServer.start(t, {}, { args: ['--proxy', `/api=http://127.0.0.1:${backend.port}`] })
  const abuse = async (): Promise<void> => {
    const clients = await openMany(server.port, requests)
    for (const client of clients) client.send('GET /api/hang HTTP/1.1\r\nHost: localhost\r\n\r\n')
    for (let seen = 0; seen < share; seen++) await (await backend.next()).sees('\r\n\r\n')
    for (let round = 0; round < 5; round++) {
      using other = await openFrom('127.0.0.2', server.port)
      const since = performance.now()
      const { status } = await other.send('GET /api/fast HTTP/1.1\r\nHost: localhost\r\n\r\n').reply()
      assert.equal(status, 200)
      assert.ok(performance.now() - since < 1000, 'another client waits')
    }
    assert.ok(backend.sockets.length <= share + 5, `${backend.sockets.length} connections are open`)
    await drain(clients)
  }
  await server.bear(t, abuse, { connections: requests + share })
  await backend.quiet()
})
