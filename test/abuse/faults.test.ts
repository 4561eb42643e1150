import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { AbusedServer, cannotMeasure, drain, openMany } from './server.ts'

const line = 'GET /small.txt HTTP/1.1\r\nHost: localhost\r\n\r\n'

test('the reader of the log stops reading, and 20,000 lines come', { skip: cannotMeasure }, async (t) => {
  const server = await AbusedServer.start(t, {}, { log: 'json' })
  server.command.child.stdout?.pause()
  server.command.child.stderr?.pause()
  const abuse = async (): Promise<void> => {
    const clients = await openMany(server.port, 20)
    const long = line.replace('small.txt', `small.txt?${'x'.repeat(2000)}`)
    for (let round = 0; round < 100; round++) {
      await Promise.all(
        clients.map(async (client) => {
          client.send(long.repeat(10))
          for (let i = 0; i < 10; i++) assert.equal((await client.reply()).status, 200)
        }),
      )
    }
    await drain(clients)
  }
  await server.bear(t, abuse, { connections: 20, megabytes: 100 })
})

test('the disk under the log is full', { skip: cannotMeasure }, async (t) => {
  const server = await AbusedServer.start(t, {}, { log: 'json', output: '/dev/full' })
  const abuse = async (): Promise<void> => {
    const clients = await openMany(server.port, 20)
    await Promise.all(
      clients.map(async (client) => {
        for (let i = 0; i < 50; i++) assert.equal((await client.send(line).reply()).status, 200)
      }),
    )
    await drain(clients)
  }
  await server.bear(t, abuse)
  assert.equal(server.command.child.exitCode, null)
})

test('eight clients ask for the listing of 100,000 entries at once', { skip: cannotMeasure }, async (t) => {
  const server = await AbusedServer.start(t, { 'many/0': '' })
  for (let i = 1; i < 100_000; i++) writeFileSync(server.folder.join('many', String(i)), '')
  const abuse = async (): Promise<void> => {
    for (const type of ['text/html', 'application/json']) {
      const replies = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const reply = await fetch(`http://127.0.0.1:${server.port}/many/`, {
            headers: { accept: type, connection: 'close' },
          })
          return { status: reply.status, bytes: (await reply.arrayBuffer()).byteLength }
        }),
      )
      assert.ok(replies.every(({ status, bytes }) => status === 200 && bytes > 100_000))
    }
  }
  await server.bear(t, abuse, { connections: 8 })
})
