import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp } from 'node:http'
import { createServer as createHttp2, createSecureServer } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { before, describe, test } from 'node:test'
import { createServer as createTls } from 'node:tls'
import { identify } from '../../../../src/scan/scan.ts'
import type { Identity } from '../../../../src/scan/types.ts'
import { makeCertificate } from '../../../support/certificate.ts'

describe('tells the protocol', () => {
  let certificate: { key: string; cert: string }

  before(async () => {
    certificate = await makeCertificate('localhost')
  })

  async function identityOf(server: Server): Promise<Identity> {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      return await identify({ address: '127.0.0.1', port: (server.address() as AddressInfo).port })
    } finally {
      server.close()
    }
  }

  test('HTTP/1.1', async () => {
    const { protocol, evidence } = await identityOf(createHttp((_, reply) => reply.end('hi')))
    assert.deepEqual(protocol, { name: 'http', tls: false, alpn: undefined, http: '1.1' })
    assert.deepEqual(evidence, ['GET /: 200'])
  })

  test('HTTPS', async () => {
    const server = createHttps(certificate, (_, reply) => reply.setHeader('Server', 'nginx/1.22.1').end('hi'))
    const { protocol, product, version } = await identityOf(server)
    assert.deepEqual(protocol, { name: 'http', tls: true, alpn: 'http/1.1', http: '1.1' })
    assert.deepEqual([product, version], ['nginx', '1.22.1'])
  })

  test('HTTP/2 over TLS beside HTTP/1.1', async () => {
    const server = createSecureServer({ ...certificate, allowHTTP1: true }, (_, reply) => {
      reply.setHeader('Server', 'Caddy')
      reply.end('hi')
    })
    const { protocol, product } = await identityOf(server)
    assert.deepEqual(protocol, { name: 'http', tls: true, alpn: 'h2', http: '2' })
    assert.equal(product, 'Caddy')
  })

  test('HTTP/2 over TLS alone', async () => {
    const server = createSecureServer(certificate)
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, server: 'uvicorn' })
      stream.end('hi')
    })
    const { protocol, product } = await identityOf(server)
    assert.deepEqual(protocol, { name: 'http', tls: true, alpn: 'h2', http: '2' })
    assert.equal(product, 'uvicorn')
  })

  test('HTTP/2 by prior knowledge', async () => {
    const server = createHttp2((_, reply) => {
      reply.setHeader('server', 'hypercorn-h2')
      reply.end('hi')
    })
    const { protocol, product } = await identityOf(server)
    assert.deepEqual(protocol, { name: 'http', tls: false, alpn: undefined, http: '2' })
    assert.equal(product, 'hypercorn')
  })

  test('TLS with another protocol within', async () => {
    const server = createTls(certificate, (socket) => {
      socket.on('error', () => {})
      socket.write('* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n')
    })
    const { protocol, product } = await identityOf(server)
    assert.deepEqual(protocol, { name: 'imap', tls: true, alpn: undefined, http: undefined })
    assert.equal(product, 'Dovecot')
  })

  test('an HTTP server whose page hangs', async () => {
    const server = createHttp((request, reply) => {
      if (request.url !== '/') reply.writeHead(404, { server: 'nginx' }).end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { protocol, product, evidence } = await identify({ address: '127.0.0.1', port }, { deadlineMs: 1200 })
    server.closeAllConnections()
    server.close()
    assert.equal(protocol.http, '1.1')
    assert.equal(product, 'nginx')
    assert.ok(evidence.includes('GET /: no reply in time'), evidence.join('\n'))
  })
})
