import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { RawClient, rawGet } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'
import { AbusedServer, cannotMeasure } from './server.ts'

const connections = 20
const guessesOfEach = 1000

/** The password is `secret`, at a cost at which a check takes some 50 ms. */
const users = 'ann:$2b$10$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS\n'

/** Sends guesses on many connections, and counts the replies by their status. */
async function guess(port: number, path: string, clientOf: (i: number) => string): Promise<Map<number, number>> {
  const counts = new Map<number, number>()
  await Promise.all(
    Array.from({ length: connections }, async (_, connection) => {
      using client = await RawClient.open(port)
      for (let i = 0; i < guessesOfEach; i++) {
        const number = connection * guessesOfEach + i
        const credentials = Buffer.from(`user ${number % 700}:guess ${number}`).toString('base64')
        const fields = [`Authorization: Basic ${credentials}`, `X-Forwarded-For: ${clientOf(number)}`]
        client.send([`GET ${path} HTTP/1.1`, `Host: localhost:${port}`, ...fields, '', ''].join('\r\n'))
        const { status } = await client.reply()
        counts.set(status, (counts.get(status) ?? 0) + 1)
      }
    }),
  )
  return counts
}

/** A server with both kinds of users, whose thread for slow hashes runs. */
async function start(t: TestContext): Promise<AbusedServer> {
  const routes = [
    { match: { path: '/slow' }, reply: {}, authFile: 'users' },
    { match: { path: '/quick' }, reply: {}, auth: 'ann:secret' },
  ]
  const config = JSON.stringify({ trust: '127.0.0.1', live: false, routes })
  const folder = await new TempFolder().write({ users, 'serve8008.config.json': config })
  t.after(() => folder[Symbol.dispose]())
  const server = await AbusedServer.start(t, {}, { config: folder.join('serve8008.config.json') })
  const authorization = `Authorization: Basic ${Buffer.from('ann:wrong').toString('base64')}`
  assert.equal((await rawGet(server.port, '/slow', [authorization])).status, 401)
  return server
}

test('20,000 guesses of a client for many users', { skip: cannotMeasure }, async (t) => {
  const server = await start(t)
  await server.bear(
    t,
    async () => {
      const counts = await guess(server.port, '/slow', () => '192.0.2.1')
      // What is not checked is refused at once.
      assert.ok((counts.get(401) ?? 0) <= 100, `${counts.get(401)} were checked`)
      assert.equal(
        (counts.get(401) ?? 0) + (counts.get(429) ?? 0) + (counts.get(503) ?? 0),
        connections * guessesOfEach,
      )
    },
    { connections },
  )
})

test('20,000 guesses of as many clients', { skip: cannotMeasure }, async (t) => {
  const server = await start(t)
  await server.bear(
    t,
    async () => {
      const counts = await guess(
        server.port,
        '/quick',
        (i) => `2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`,
      )
      assert.deepEqual([...counts], [[401, connections * guessesOfEach]])
    },
    { connections, megabytes: 60 },
  )
})
