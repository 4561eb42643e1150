import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { startBackend, type Backend } from '../support/backend.ts'
import { ask, openSession, startHttp2, type Http2Front } from '../support/http2.ts'
import { RawClient, rawGet, rawRequest } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'

/** Node's `URL` follows the URL standard, so it leaves raw what browsers leave raw. */
const ascii = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i))
const query = new URL(`http://localhost/?${ascii.filter((char) => char !== '#').join('')}`).search
const path = new URL(`http://localhost/api/${ascii.filter((char) => !'#?/\\%;'.includes(char)).join('')}`).pathname
const pattern = String.raw`?re=\d+|^x$&set=${'`'}{a}[b]`

describe('bytes that browsers leave raw', () => {
  let backend: Backend
  let plain: Started
  let http2: Http2Front

  before(async () => {
    backend = await startBackend()
    const proxy = { '/api': `http://127.0.0.1:${backend.port}` }
    plain = await startServer({ 'index.html': 'home', 'docs/index.html': 'docs', 'a|b[c].txt': 'odd' }, { proxy })
    http2 = await startHttp2({ 'index.html': 'home' }, { proxy })
  })

  after(async () => {
    await plain[Symbol.asyncDispose]()
    await http2[Symbol.asyncDispose]()
    await backend[Symbol.asyncDispose]()
  })

  test('are these in a query and in a path', () => {
    for (const char of ['\\', '|', '^', '`', '{', '}', '[', ']']) assert.ok(query.includes(char), char)
    for (const char of ['|', '[', ']']) assert.ok(path.includes(char), char)
  })

  /** The target that the backend saw. */
  async function seen(start: () => Promise<unknown>): Promise<string> {
    const reply = start()
    const connection = await backend.next()
    const head = await connection.head()
    connection.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
    await reply
    return head.split(' ', 2)[1] ?? ''
  }

  for (const target of [`/api/x${query}`, `/api/x${pattern}`, path, String.raw`/api/x?\..\..\admin`, '/api/x?"<>\'']) {
    test(`are forwarded byte for byte: ${target}`, async () => {
      assert.equal(await seen(() => rawGet(plain.port, target)), target)
      using session = openSession(http2.port)
      assert.equal(await seen(() => ask(session, { ':path': target })), target)
    })
  }

  test('are forwarded over an upgrade too', async () => {
    const target = `/api/socket${pattern}`
    const handshake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: x']
    using client = await RawClient.open(plain.port)
    client.send(`GET ${target} HTTP/1.1\r\n${plain.hostLine}\r\n${handshake.join('\r\n')}\r\n\r\n`)
    const connection = await backend.next()
    assert.equal((await connection.head()).split(' ', 2)[1], target)
  })

  test('are accepted in the absolute form', async () => {
    const target = `http://localhost:${plain.port}/api/x${pattern}`
    assert.equal(await seen(() => rawGet(plain.port, target)), `/api/x${pattern}`)
  })

  test('are forwarded to a backend that speaks HTTP/2', async () => {
    const behind = createServer((request, response) => response.end(request.url))
    behind.listen(0, '127.0.0.1')
    await once(behind, 'listening')
    const { port } = behind.address() as AddressInfo
    const started = await startServer({}, { proxy: { '/': `h2c://127.0.0.1:${port}` } })
    try {
      assert.equal((await rawGet(started.port, `/x${query}`)).body.toString(), `/x${query}`)
    } finally {
      await started[Symbol.asyncDispose]()
      behind.close()
    }
  })

  test('do not prevent the reply with a file', async () => {
    assert.equal((await rawGet(plain.port, `/index.html${query}`)).status, 200)
    assert.equal((await rawGet(plain.port, '/a|b[c].txt')).body.toString(), 'odd')
    using session = openSession(http2.port)
    assert.equal((await ask(session, { ':path': `/index.html${query}` })).status, 200)
  })

  test('are unchanged in the query of a redirect', async () => {
    const reply = await rawGet(plain.port, `/docs${pattern}`)
    assert.equal(reply.status, 307)
    assert.equal(reply.field('location'), `/docs/${pattern}`)
  })

  for (const target of [
    '/api\\x',
    '/api/\\x?y',
    '/\\evil.test/?x',
    '/api/x?y#z',
    '/api/x?a b',
    '/api/x?\xe9',
    '/x?\x7f',
  ]) {
    test(`do not include ${JSON.stringify(target)}`, async () => {
      assert.equal((await rawGet(plain.port, target)).status, 400)
    })
  }

  for (const target of ['/k\xc3\xa4se.txt', '/x?q=\xe9', '/a b', '/x?a b', '/x?\x7f']) {
    test(`the reply says to encode ${JSON.stringify(target)}`, async () => {
      const reply = await rawGet(plain.port, target)
      assert.match(reply.body.toString(), /E8008_TARGET_INVALID[^]*Percent-encode it/)
    })
  }

  test('do not include a backslash before the query of an absolute form', async () => {
    for (const target of [`http://localhost:${plain.port}\\@evil.test/?x`, `http://localhost:${plain.port}/a\\b?x`]) {
      const reply = await rawRequest(plain.port, `GET ${target} HTTP/1.1\r\n${plain.hostLine}\r\n\r\n`)
      assert.equal(reply.status, 400)
    }
  })
})
