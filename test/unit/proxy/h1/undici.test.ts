import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Client } from 'undici'
import { loadClient, loadParserOf, loadPool } from '../../../../src/proxy/h1/undici.ts'
import { startBackend } from '../../../support/backend.ts'

const source = join(import.meta.dirname, '../../../../src')
const advice = 'undici changed a private part; adapt src/proxy/h1/undici.ts, or pin the version before'

test('only proxy/h1/undici.ts imports private files of undici', () => {
  const importers = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && readFileSync(join(source, path), 'utf8').includes('undici/'))
    .map((path) => path.replaceAll('\\', '/'))
  assert.deepEqual(importers, ['proxy/h1/undici.ts'])
})

test('undici/lib/dispatcher/pool.js exports Pool, which hands its connector to the factory', async () => {
  const PoolOf = await loadPool().catch((cause: unknown) => assert.fail(`${advice}: no pool.js (${String(cause)})`))
  assert.equal(PoolOf?.name, 'Pool', `${advice}: pool.js has another default export`)
  const connector = (): void => {}
  let settings: { readonly connect?: unknown } = {}
  const pool = new PoolOf('http://localhost:1', {
    connect: connector,
    factory: (_, given) => {
      settings = given
      throw new Error('No connection is needed.')
    },
  })
  assert.throws(
    () => pool.dispatch({ path: '/', method: 'GET' }, {}),
    /No connection is needed/,
    `${advice}: Pool opens its connections without the factory`,
  )
  await pool.destroy()
  assert.equal(settings.connect, connector, `${advice}: the factory gets another "connect" than the pool`)
})

test('undici/lib/dispatcher/client.js exports Client, whose socket has a parser below kParser', async () => {
  const ClientOf = await loadClient().catch((cause: unknown) =>
    assert.fail(`${advice}: no client.js (${String(cause)})`),
  )
  assert.equal(ClientOf?.name, 'Client', `${advice}: client.js has another default export`)
  const parserOf = await loadParserOf().catch((cause: unknown) =>
    assert.fail(`${advice}: no symbols.js with kParser (${String(cause)})`),
  )
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    connection.send('HTTP/1.1 204 No Content\r\n\r\n')
  })
  let client: Client | undefined
  // The parser must exist as soon as undici has the socket, before the first bytes of the upstream.
  const parser = await new Promise<ReturnType<typeof parserOf>>((resolve, reject) => {
    client = new ClientOf(`http://localhost:${backend.port}`, {
      connect: (_, done) => {
        const socket = connect(backend.port, '127.0.0.1')
        socket.once('error', reject).once('connect', () => {
          done(null, socket)
          resolve(parserOf(socket))
        })
      },
    })
    client.dispatch({ path: '/', method: 'GET' }, { onRequestStart: () => {}, onResponseError: () => {} })
  })
  try {
    assert.ok(parser !== undefined, `${advice}: socket[kParser] is missing`)
    assert.equal(typeof parser.ptr, 'number', `${advice}: parser.ptr is no number`)
    assert.equal(
      typeof parser.llhttp.llhttp_set_lenient_spaces_after_chunk_size,
      'function',
      `${advice}: parser.llhttp has no llhttp_set_lenient_spaces_after_chunk_size`,
    )
  } finally {
    await client?.destroy()
  }
})
