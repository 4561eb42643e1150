import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeCertificate } from '../support/certificate.ts'
import { rawRequest } from '../support/raw.ts'
import { openSecure } from '../support/secure.ts'
import { startServer, TempFolder, type Started } from '../support/server.ts'

const files = { 'a.txt': 'alpha' }

/** A server with a certificate for these names, and what it answers to each of the hosts. */
async function statuses(names: readonly string[], hosts: readonly string[]): Promise<[Started, number[]]> {
  const { cert, key } = await makeCertificate(...names)
  using folder = await new TempFolder().write({ 'own.pem': cert + key })
  const started = await startServer(files, { cert: folder.join('own.pem'), tlsPort: 0, host: 'localhost' })
  const replies: number[] = []
  for (const host of hosts) {
    using client = await openSecure({ tlsPort: started.server.tlsPort ?? 0, ca: cert }, { rejectUnauthorized: false })
    const reply = await client.send(`GET /a.txt HTTP/1.1\r\nHost: ${host}\r\n\r\n`).reply()
    replies.push(reply.status)
  }
  return [started, replies]
}

test('accepts the names of a user certificate as hosts, also over plain HTTP, and shows one of them', async () => {
  const hosts = ['app.test:9', 'x.shop.test', 'y.x.shop.test', 'shop.test', 'evil.test', '203.0.113.9', 'localhost']
  const [started, replies] = await statuses(['app.test', '*.shop.test', '203.0.113.9'], hosts)
  await using _ = started
  assert.deepEqual(replies, [200, 200, 421, 421, 421, 421, 200])
  const { urls } = await started.server.listen()
  assert.deepEqual(urls.local, [`http://localhost:${started.port}/`, `https://app.test:${started.server.tlsPort}/`])
  for (const [host, status] of [
    ['app.test', 200],
    ['evil.test', 421],
  ]) {
    assert.equal((await rawRequest(started.port, `GET /a.txt HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status, status)
  }
})

test('accepts no host for a wildcard of a whole public domain', async () => {
  const [started, replies] = await statuses(['*.com', '*.test', 'localhost'], ['evil.com', 'app.test'])
  await using _ = started
  assert.deepEqual(replies, [421, 200])
  const { urls } = await started.server.listen()
  assert.equal(urls.local[1], `https://localhost:${started.server.tlsPort}/`)
})

test('without a name to show an address that the certificate holds is shown', async () => {
  const [started] = await statuses(['*.shop.test', '127.0.0.1'], [])
  await using _ = started
  const { urls } = await started.server.listen()
  assert.equal(urls.local[1], `https://127.0.0.1:${started.server.tlsPort}/`)
})
