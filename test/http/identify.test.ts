import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { identify, type Target } from '../../src/scan/scan.ts'
import type { Identity } from '../../src/scan/types.ts'
import { answering } from '../support/backend.ts'
import { startSecure } from '../support/secure.ts'
import { startServer } from '../support/server.ts'

const files = { 'index.html': '<!doctype html><title>Shop</title><body>hi</body>' }

const at = (port: number, more: Partial<Target> = {}): Promise<Identity> =>
  identify({ address: '127.0.0.1', port, ...more })

/** Modes of a plain server. */
const modes: readonly [name: string, options: Parameters<typeof startServer>[1]][] = [
  ['a folder', {}],
  ['a folder without live reload', { live: false }],
  ['an empty prefix of its own', { base: '/docs/' }],
  ['a password', { auth: 'ann:open sesame' }],
  ['a password, without live reload', { auth: 'ann:open sesame', live: false }],
  ['a page for every path', { single: true }],
  ['cleartext HTTP/2', { h2c: true }],
  ['other allowed hosts', { allowHost: ['shop.test'] }],
]

describe('recognises serve8008', () => {
  for (const [name, options] of modes) {
    test(`with ${name}`, async () => {
      await using started = await startServer(files, options)
      const { product, protocol, evidence } = await at(started.port)
      assert.equal(product, 'serve8008', evidence.join('\n'))
      assert.deepEqual(protocol, { name: 'http', tls: false, alpn: undefined, http: '1.1' })
    })
  }

  test('under TLS, and on the port that redirects to it', async () => {
    await using secured = await startSecure(files)
    const secure = await at(secured.tlsPort)
    assert.equal(secure.product, 'serve8008', secure.evidence.join('\n'))
    assert.deepEqual(secure.protocol, { name: 'http', tls: true, alpn: 'h2', http: '2' })
    const plain = await at(secured.port)
    assert.equal(plain.product, 'serve8008', plain.evidence.join('\n'))
    assert.equal(plain.protocol.tls, false)
  })

  test('in front of a server that is down', async () => {
    await using backend = await answering('')
    const { port } = backend
    await backend[Symbol.asyncDispose]()
    await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${port}` } })
    assert.equal((await at(front.port)).product, 'serve8008')
  })

  test('in front of a server that names itself, by its own address', async () => {
    await using backend = await answering('HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 2\r\n\r\nok')
    await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
    const { product, evidence } = await at(front.port)
    assert.equal(product, 'serve8008')
    assert.ok(
      evidence.some((line) => line.includes('nginx/1.22.1')),
      evidence.join('\n'),
    )
  })
})
