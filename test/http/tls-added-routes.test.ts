import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Warning } from '../../src/core/warning.ts'
import { createServer, localAuthority, type Server8008 } from '../../src/index.ts'
import { connectSecurely } from '../support/secure.ts'
import { TempFolder } from '../support/server.ts'

/** The names of the certificate that a client gets for a name. */
async function namesFor({ tlsPort = 0 }: Server8008, servername: string, folder: string): Promise<string | undefined> {
  const { certificate: ca } = await localAuthority({ folder })
  const socket = await connectSecurely({ tlsPort, ca }, { servername, rejectUnauthorized: false })
  const names = socket.getPeerX509Certificate()?.subjectAltName
  socket.destroy()
  return names
}

test('the host of a route that is added gets a certificate, as long as the route is there', async () => {
  using temporary = await new TempFolder().write({ 'site/index.html': 'x' })
  const folder = temporary.join('ca')
  await using server = createServer({
    root: temporary.join('site'),
    host: '127.0.0.1',
    port: 0,
    tlsPort: 0,
    tls: true,
    authorityFolder: folder,
  })
  const warnings: Warning[] = []
  server.on('warning', (warning) => warnings.push(warning))
  server.routes.add({ match: { host: 'before.test' }, reply: { body: 'before' } })
  await server.listen()
  // The first start says that browsers have to trust the new authority.
  assert.equal(warnings.shift()?.code, 'W8008_UNTRUSTED')
  assert.equal(await namesFor(server, 'before.test', folder), 'DNS:before.test')
  const standard = await namesFor(server, 'app.test', folder)
  assert.match(String(standard), /^DNS:localhost, /)

  server.routes.add({ id: 'app', match: { host: 'app.test' }, reply: { body: 'app' } })
  server.routes.add({ id: 'shop', match: { host: '*.shop.test' }, reply: { body: 'shop' } })
  assert.equal(await namesFor(server, 'app.test', folder), 'DNS:app.test')
  assert.equal(await namesFor(server, 'a.shop.test', folder), 'DNS:a.shop.test')
  assert.equal(await namesFor(server, 'evil.test', folder), standard)
  assert.deepEqual(warnings, [])

  server.routes.remove('app')
  assert.equal(await namesFor(server, 'app.test', folder), standard)

  // The local authority may not vouch for it.
  server.routes.add({ match: { host: 'app.example.com' }, reply: { body: 'x' } })
  assert.equal(await namesFor(server, 'app.example.com', folder), standard)
  assert.deepEqual(
    warnings.map(({ code, message }) => [code, /will refuse app\.example\.com over TLS/.test(message)]),
    [['W8008_CERT_NAME', true]],
  )
})
