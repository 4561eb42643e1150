import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { join, relative } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { IncomingMessage } from 'node:http'
import { createServer, isServeError, localAuthority } from '../../src/index.ts'
import { TempFolder } from '../support/server.ts'

test('a program finds the certificate that its server is to be verified by', async () => {
  using temporary = new TempFolder()
  await temporary.write({ 'site/index.html': 'hello' })
  const folder = temporary.join('ca')
  await using server = createServer({
    root: temporary.join('site'),
    port: 0,
    tls: true,
    tlsPort: 0,
    authorityFolder: folder,
  })
  const { tls } = await server.listen()
  const { path, certificate, expires, ...authority } = await localAuthority({ folder })
  assert.deepEqual([path, authority.folder], [join(folder, 'authority.pem'), folder])
  assert.equal(readFileSync(path, 'utf8'), certificate)
  assert.equal(new X509Certificate(certificate).ca, true)
  assert.ok(expires.getTime() > Date.now())
  const { port } = tls ?? {}
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port, servername: 'localhost', ca: certificate, agent: false }, resolve).on(
      'error',
      reject,
    )
  })
  assert.equal(await text(response), 'hello')
})

test('it is made where there is none, in the place that the command uses too', async () => {
  using temporary = new TempFolder()
  const variable = process.platform === 'win32' ? 'LOCALAPPDATA' : 'XDG_DATA_HOME'
  const { path, folder } = await localAuthority({ env: { [variable]: temporary.path } })
  assert.deepEqual([folder, path], [temporary.join('serve8008'), temporary.join('serve8008', 'authority.pem')])
  const again = await localAuthority({ folder: relative(process.cwd(), folder) })
  assert.equal(again.path, path)
})

test('what is wrong is an error or a warning, and nothing is printed', async () => {
  using temporary = new TempFolder()
  const folder = temporary.join('ca')
  const authority = await localAuthority({ folder })
  await assert.rejects(authority.certify(['example.com']), { code: 'E8008_USAGE' })
  await assert.rejects(authority.certify(['localhost', '*.localhost']), {
    code: 'E8008_USAGE',
    hint: 'serve8008 cert app.localhost "*.app.localhost"',
  })
  const { cert, key } = await authority.certify(['app.localhost', '10.0.0.1'])
  assert.equal(new X509Certificate(cert).subjectAltName, 'DNS:app.localhost, IP Address:10.0.0.1')
  assert.match(key, /PRIVATE KEY/)
  writeFileSync(join(folder, 'authority-key.pem'), 'damaged')
  await assert.rejects(localAuthority({ folder }), (error) => isServeError(error) && error.code === 'E8008_AUTHORITY')
})
