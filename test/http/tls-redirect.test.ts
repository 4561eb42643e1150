import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { deadPort } from '../support/free-port.ts'
import { RawClient, rawRequest, type RawReply } from '../support/raw.ts'
import { openSecure, startSecure, type Secured } from '../support/secure.ts'

const files = { 'index.html': '<h1>site</h1>', 'a.txt': 'alpha' }

/** Asks in the clear. */
function ask(port: number, head: string): Promise<RawReply> {
  return rawRequest(port, `${head}\r\n\r\n`, head.split(' ')[0])
}

async function askSecurely(started: Secured, head: string): Promise<RawReply> {
  using client = await openSecure(started)
  return await client.send(`${head}\r\n\r\n`).reply(head.split(' ')[0])
}

test('plain HTTP on the port for HTTPS is sent to the same URL there, whatever the method', async () => {
  await using started = await startSecure(files)
  const { tlsPort, secureLine } = started
  for (const [method, path] of [
    ['GET', '/a.txt?x=1&y=%2F'],
    ['HEAD', '/none'],
    ['POST', '/'],
    ['GET', '//evil.test/%2e%2e'],
    ['GET', '/%5cevil.test'],
    ['OPTIONS', '/a.txt'],
  ] as const) {
    const reply = await ask(tlsPort, `${method} ${path} HTTP/1.1\r\n${secureLine}`)
    assert.equal(reply.status, 308)
    assert.equal(reply.field('location'), `https://localhost:${tlsPort}${path}`)
    assert.equal(reply.field('cache-control'), 'no-store')
  }
  const starred = await ask(tlsPort, `OPTIONS * HTTP/1.1\r\n${secureLine}`)
  assert.equal(starred.field('location'), `https://localhost:${tlsPort}/`)
})

test('the name and the port of the client are kept there: a port of another number may be mapped to ours', async () => {
  await using started = await startSecure(files)
  const { tlsPort } = started
  for (const [host, there] of [
    ['app.localhost:9443', 'app.localhost:9443'],
    ['LOCALHOST', `localhost:${tlsPort}`],
    ['127.0.0.1', `127.0.0.1:${tlsPort}`],
    ['[::1]:443', '[::1]'],
  ]) {
    assert.equal((await ask(tlsPort, `GET / HTTP/1.1\r\nHost: ${host}`)).field('location'), `https://${there}/`)
  }
})

test('no redirect names a host that is not this server', async () => {
  await using started = await startSecure(files, { redirect: true })
  for (const port of [started.port, started.tlsPort]) {
    for (const [head, status] of [
      ['GET / HTTP/1.1\r\nHost: evil.test', 421],
      ['GET / HTTP/1.1\r\nHost: localhost@evil.test', 400],
      ['GET / HTTP/1.1\r\nHost: localhost.evil.test', 421],
      ['GET / HTTP/1.1', 400],
      [`GET http://evil.test/ HTTP/1.1\r\nHost: localhost:${port}`, 400],
      [`GET /\\evil HTTP/1.1\r\nHost: localhost:${port}`, 400],
    ] as const) {
      const reply = await ask(port, head)
      assert.equal(reply.status, status, head)
      assert.equal(reply.field('location'), '')
    }
  }
})

test('what is neither TLS nor HTTP on the port for HTTPS is refused and closed', async () => {
  await using started = await startSecure(files)
  for (const bytes of [
    '\x00\x01\x02\x03',
    'SSH-2.0-x\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\x15\x03\x01\x00\x02',
  ]) {
    using client = await RawClient.open(started.tlsPort)
    assert.equal((await client.send(bytes).reply()).status, 400)
    await client.closed()
  }
})

test('a slow plain request on the port for HTTPS is put together from its bytes', async () => {
  await using started = await startSecure(files)
  using client = await RawClient.open(started.tlsPort)
  for (const byte of `GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\n\r\n`) {
    client.send(byte)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal((await client.reply()).status, 308)
})

test('a plain client that has closed its sending side still gets its redirect', async () => {
  await using started = await startSecure(files)
  using client = await RawClient.open(started.tlsPort)
  client.send(`GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\n\r\n`)
  client.socket.end()
  assert.equal((await client.reply()).status, 308)
})

test('pipelined plain requests on the port for HTTPS are each sent on', async () => {
  await using started = await startSecure(files)
  using client = await RawClient.open(started.tlsPort)
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\n${started.secureLine}\r\n\r\n`
  client.send(get('/a') + get('/b'))
  const end = (reply: RawReply): string => reply.field('location').slice(-2)
  assert.deepEqual([end(await client.reply()), end(await client.reply())], ['/a', '/b'])
})

test('an upgrade in the clear on the port for HTTPS is sent on too, with content or without', async () => {
  await using started = await startSecure(files)
  const head = `GET /socket HTTP/1.1\r\n${started.secureLine}\r\nConnection: upgrade\r\nUpgrade: websocket`
  for (const more of ['', '\r\nContent-Length: 2\r\n\r\nab']) {
    const reply = await ask(started.tlsPort, head + more)
    assert.equal(reply.status, 308)
    assert.equal(reply.field('location'), `https://localhost:${started.tlsPort}/socket`)
  }
})

test('a redirect does not wait for content', async () => {
  await using started = await startSecure(files, { redirect: true })
  for (const [port, host] of [
    [started.port, started.hostLine],
    [started.tlsPort, started.secureLine],
  ] as const) {
    for (const framing of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
      using client = await RawClient.open(port)
      const reply = await client.send(`POST /a HTTP/1.1\r\n${host}\r\n${framing}\r\n\r\n`).reply()
      assert.deepEqual([reply.status, reply.field('connection')], [308, 'close'])
    }
  }
})

for (const options of [{ redirect: true }, { tls: 'only' }] as const) {
  test(`${JSON.stringify(options)} leaves plain HTTP nothing but redirects`, async () => {
    await using started = await startSecure(files, { ...options, auth: 'ann:secret', cors: true })
    const { port, tlsPort, hostLine } = started
    for (const [method, path] of [
      ['GET', '/a.txt?q'],
      ['POST', '/__serve8008/reload'],
      ['OPTIONS', '/'],
      ['GET', '/__serve8008/client.js'],
    ]) {
      const reply = await ask(port, `${method} ${path} HTTP/1.1\r\n${hostLine}`)
      assert.equal(reply.status, 308)
      assert.equal(reply.field('location'), `https://localhost:${tlsPort}${path}`)
      assert.equal(reply.field('www-authenticate'), '')
      assert.equal(reply.body.length, 0)
    }
    // The port that the client names is the plain one, which is no use there.
    const mapped = await ask(port, 'GET / HTTP/1.1\r\nHost: app.localhost:8080')
    assert.equal(mapped.field('location'), `https://app.localhost:${tlsPort}/`)
    const secure = await askSecurely(started, `GET / HTTP/1.1\r\n${started.secureLine}`)
    assert.equal(secure.status, 401)
    assert.equal(started.server.url, `https://localhost:${tlsPort}/`)
  })
}

test('an application that redirects to HTTPS gets the port for it', async () => {
  const there = (request: IncomingMessage, path = request.url): string => `https://${request.headers.host}${path}`
  const backend = createServer((request, response) => {
    const isPlain = request.headers['x-forwarded-proto'] === 'http'
    if (request.url === '/login') return void response.writeHead(302, { location: there(request, '/page') }).end()
    if (!isPlain) return void response.end('secret')
    response
      .writeHead(301, { location: there(request), 'set-cookie': 'a=1', 'cache-control': 'max-age=60' })
      .end('moved')
  }).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  try {
    const upstream = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
    for (const redirect of [undefined, 'asked'] as const) {
      await using started = await startSecure({}, { proxy: { '/': upstream }, ...(redirect && { redirect }) })
      const { port, tlsPort, hostLine, secureLine } = started
      const reply = await ask(port, `GET /a?b HTTP/1.1\r\n${hostLine}`)
      assert.equal(reply.status, 301)
      assert.equal(reply.field('location'), `https://localhost:${tlsPort}/a?b`)
      assert.equal(reply.field('cache-control'), 'no-store')
      assert.equal(reply.field('set-cookie'), 'a=1')
      assert.equal((await askSecurely(started, `GET /a?b HTTP/1.1\r\n${secureLine}`)).body.toString(), 'secret')
      // A redirect to another page stays in the scheme of the client, as all of this server do.
      const page = await ask(port, `GET /login HTTP/1.1\r\n${hostLine}`)
      assert.equal(page.field('location'), `http://localhost:${port}/page`)
    }
  } finally {
    backend.close()
  }
})

test('redirect "asked" sends on those that ask for it, and says that replies vary', async () => {
  await using started = await startSecure(files, { redirect: 'asked' })
  const { port, tlsPort, hostLine } = started
  const asked = await ask(port, `GET /a.txt HTTP/1.1\r\n${hostLine}\r\nUpgrade-Insecure-Requests: 1`)
  assert.equal(asked.status, 307)
  assert.equal(asked.field('location'), `https://localhost:${tlsPort}/a.txt`)
  assert.equal(asked.field('vary'), 'Upgrade-Insecure-Requests')
  for (const line of ['', '\r\nUpgrade-Insecure-Requests: 0']) {
    const reply = await ask(port, `GET /a.txt HTTP/1.1\r\n${hostLine}${line}`)
    assert.equal(reply.body.toString(), 'alpha')
    assert.match(reply.field('vary'), /Upgrade-Insecure-Requests/)
  }
  const secure = await askSecurely(
    started,
    `GET /a.txt HTTP/1.1\r\n${started.secureLine}\r\nUpgrade-Insecure-Requests: 1`,
  )
  assert.equal(secure.status, 200)
  assert.doesNotMatch(secure.field('vary'), /Upgrade/)
})

test('without a redirect plain HTTP is served, whatever is asked for', async () => {
  await using started = await startSecure(files)
  const reply = await ask(started.port, `GET /a.txt HTTP/1.1\r\n${started.hostLine}\r\nUpgrade-Insecure-Requests: 1`)
  assert.equal(reply.status, 200)
  assert.doesNotMatch(reply.field('vary'), /Upgrade/)
})

test('does not redirect in circles behind a trusted proxy that ends TLS', async () => {
  const line = 'X-Forwarded-Proto: https'
  await using trusted = await startSecure(files, { redirect: true, trust: '127.0.0.1' })
  assert.equal((await ask(trusted.port, `GET /a.txt HTTP/1.1\r\n${trusted.hostLine}\r\n${line}`)).status, 200)
  assert.equal((await ask(trusted.port, `GET /a.txt HTTP/1.1\r\n${trusted.hostLine}`)).status, 308)
  await using untrusted = await startSecure(files, { redirect: true })
  assert.equal((await ask(untrusted.port, `GET /a.txt HTTP/1.1\r\n${untrusted.hostLine}\r\n${line}`)).status, 308)
})

test('logs each redirect', async () => {
  const lines: string[] = []
  await using started = await startSecure(files, { log: 'common', write: (text) => lines.push(text) })
  await ask(started.tlsPort, `GET /a.txt HTTP/1.1\r\n${started.secureLine}`)
  await started.server.close()
  assert.match(lines.join(''), /"GET \/a\.txt HTTP\/1\.1" 308 /)
})

test('while the server starts, too, nothing is served in the clear that should not be', async () => {
  const port = await deadPort()
  const starting = startSecure(files, { tls: 'only', port })
  async function first(): Promise<RawReply> {
    for (;;) {
      const client = await RawClient.open(port).catch(() => undefined)
      if (client === undefined) continue
      using open = client
      return await open.send(`GET /a.txt HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`).reply()
    }
  }
  const [reply, started] = await Promise.all([first(), starting])
  await using _ = started
  assert.equal(reply.status, 308)
})
