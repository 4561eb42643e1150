import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { createServer, type ServeOptions } from '../../src/index.ts'
import { Homeserver } from '../support/homeserver.ts'
import type { RawReply } from '../support/raw.ts'
import { openListener, startSecure, type Secured } from '../support/secure.ts'

/** The listeners of the preset on ports that the system chooses. */
const listeners = [
  { name: 'client', port: 0 },
  { name: 'client-tls', port: 0, tls: true },
  { name: 'federation', port: 0, tls: true },
]

function start(homeserver: Homeserver): Promise<Secured> {
  return startSecure({}, { preset: 'matrix', upstream: homeserver.port, listeners, root: undefined })
}

/** Every value of a field. */
function valuesOf(reply: RawReply, name: string): string[] {
  return reply.fields.flatMap(([key, value]) => (key === name ? [value] : []))
}

/** Asks a listener with these fields. */
async function ask(started: Secured, listener: string, target: string, lines: readonly string[] = []) {
  const { listeners: bound } = await started.server.listen()
  const { port } = bound.find(({ name }) => name === listener) ?? assert.fail()
  using client = await openListener(started, listener)
  const fields = [`Host: localhost:${port}`, 'Connection: close', ...lines]
  client.send(`GET ${target} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`)
  const reply = await client.reply()
  return { port, reply, text: reply.body.toString() }
}

describe('the preset matrix', () => {
  for (const { name } of listeners) {
    test(`forwards both APIs of ${name} and nothing else`, async () => {
      await using homeserver = await Homeserver.start()
      await using started = await start(homeserver)
      const versions = await ask(started, name, '/_matrix/client/versions')
      assert.match(versions.text, /"v1\.1"/)
      assert.deepEqual(valuesOf(versions.reply, 'access-control-allow-origin'), ['*'])
      assert.deepEqual(valuesOf(versions.reply, 'server'), ['Synapse/1.67.0'])
      const federation = await ask(started, name, '/_matrix/federation/v1/version')
      assert.equal(federation.text, '{"server":{"name":"Synapse","version":"1.67.0"}}')
      assert.equal((await ask(started, name, '/_synapse/client/x')).reply.status, 200)
      const reached = homeserver.requests.length
      for (const [target, status] of [
        ['/', 404],
        ['/package.json', 404],
        ['/_matrixes', 404],
        ['/_synapse/admin/v1/server_version', 404],
        ['/_synapse/%61dmin/v1/server_version', 404],
        ['//_synapse/admin/v1/server_version', 404],
        ['/_synapse/client/../admin/v1/server_version', 400],
        ['/_synapse/client/..%2Fadmin/v1/server_version', 400],
        ['/_synapse/client/%2e%2e/admin/v1/server_version', 400],
        ['/_matrix/..%2f_synapse/admin/v1/server_version', 400],
        ['/_matrix/..;/_synapse/admin/v1/server_version', 400],
      ] as const) {
        assert.equal((await ask(started, name, target)).reply.status, status, target)
      }
      assert.equal(homeserver.requests.length, reached)
    })

    test(`sends both documents of ${name}, with the names that the client asked`, async () => {
      await using homeserver = await Homeserver.start()
      await using started = await start(homeserver)
      const scheme = name === 'client' ? 'http' : 'https'
      const client = await ask(started, name, '/.well-known/matrix/client', ['Origin: https://app.element.io'])
      const base = `${scheme}://localhost:${client.port}`
      assert.deepEqual(JSON.parse(client.text), { 'm.homeserver': { base_url: base } })
      const server = await ask(started, name, '/.well-known/matrix/server')
      assert.deepEqual(JSON.parse(server.text), { 'm.server': 'localhost:8448' })
      for (const { reply } of [client, server]) {
        assert.equal(reply.field('content-type'), 'application/json')
        assert.deepEqual(valuesOf(reply, 'access-control-allow-origin'), ['*'])
      }
      assert.deepEqual(homeserver.requests, [])
    })
  }

  for (const target of [
    '/_matrix/client/v3/directory/room/%23a%2Fb%3Ahs.test',
    '/_matrix/client/v3/rooms/!r:hs.test/state/x.y/k%2Fz%25',
    '/_matrix/client/v3/rooms/!r:hs.test/state/x.y/',
    '/_matrix/client/v3/rooms/%21r%3Ahs.test/state/x.y/%2F%25',
    '/_matrix/client/v3/profile/@%c3%a4:hs.test/displayname?a=%2F&b=+',
    "/_matrix/client/v3/x/~!$&'()*,;=:@%7e",
  ]) {
    test(`leaves every byte of ${target}`, async () => {
      await using homeserver = await Homeserver.start()
      await using started = await start(homeserver)
      await ask(started, 'client', target)
      assert.deepEqual(
        homeserver.requests.map((request) => request.target),
        [target],
      )
    })
  }

  test('takes the base from the path, which the homeserver does not know', async () => {
    await using homeserver = await Homeserver.start()
    await using started = await startSecure(
      {},
      { preset: 'matrix', upstream: homeserver.port, listeners, root: undefined, base: '/hs' },
    )
    const { text, port } = await ask(started, 'client', '/.well-known/matrix/client')
    assert.deepEqual(JSON.parse(text), { 'm.homeserver': { base_url: `http://localhost:${port}/hs` } })
    await ask(started, 'client', '/hs/_matrix/client/v3/directory/room/%23a%2Fb%3Ahs.test')
    await ask(started, 'client', '/hs/_synapse/client/x')
    assert.deepEqual(
      homeserver.requests.map((request) => request.target),
      ['/_matrix/client/v3/directory/room/%23a%2Fb%3Ahs.test', '/_synapse/client/x'],
    )
  })

  test('replaces what a client says of its address, and keeps Host', async () => {
    await using homeserver = await Homeserver.start()
    await using started = await start(homeserver)
    const spoofed = ['X-Forwarded-For: 6.6.6.6, 10.0.0.9', 'X-Forwarded-For: 7.7.7.7', 'Forwarded: for=6.6.6.6']
    const { text, port } = await ask(started, 'client-tls', '/_matrix/client/v3/devices', spoofed)
    assert.match(text, /"last_seen_ip":"127\.0\.0\.1"/)
    const [request] = homeserver.requests
    assert.equal(request?.headers['x-forwarded-for'], '127.0.0.1')
    assert.equal(request?.headers['x-forwarded-proto'], 'https')
    assert.equal(request?.headers.host, `localhost:${port}`)
    assert.doesNotMatch(JSON.stringify(request?.headers), /6\.6\.6\.6|7\.7\.7\.7/)
  })

  test('leaves a sync with the client that leaves it', async () => {
    await using homeserver = await Homeserver.start()
    await using started = await start(homeserver)
    using client = await openListener(started, 'client')
    const waiting = once(homeserver.syncs, 'waiting')
    const left = once(homeserver.syncs, 'left')
    client.send(`GET /_matrix/client/v3/sync?timeout=600000 HTTP/1.1\r\nHost: localhost:${started.port}\r\n\r\n`)
    await waiting
    client.socket.destroy()
    await left
  })
})

for (const [name, options, expected] of [
  ['port', { port: 0 }, ['`port` replaces the listeners of the preset matrix: 8008, 8443 and 8448 are not opened.']],
  ['listeners', { listeners: [{ port: 0 }] }, []],
] as const) {
  test(`a program that sets ${name} beside the preset gets ${expected.length} warnings of it`, async () => {
    const warnings: string[] = []
    await using server = createServer({ preset: 'matrix', ...(options as ServeOptions) })
    server.on('warning', ({ code, message }) => void (code === 'W8008_PRESET' && warnings.push(message)))
    await server.listen()
    assert.deepEqual(warnings, expected)
  })
}
