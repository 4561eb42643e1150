import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server, type ClientHttp2Session } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createServer as createOurs } from '../../src/index.ts'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import type { Adapter } from '../../src/http/h1/server.ts'
import { OpenConnections } from '../../src/http/open-connections.ts'
import { takeCleartextHttp2 } from '../../src/server/listeners/cleartext-http2.ts'
import { openHttps } from '../../src/server/listeners/https-listener.ts'
import { UndecidedConnections } from '../../src/server/listeners/protocol-sniffer.ts'
import { makeCertificate } from '../support/certificate.ts'
import { preface } from '../support/frames.ts'
import { RawClient, rawGet } from '../support/raw.ts'
import { openSecure as openClient } from '../support/secure.ts'
import { startServer, TempFolder } from '../support/server.ts'

/** An adapter whose listeners answer with the version of HTTP that they speak. */
function versionAdapter(): Adapter {
  const answer = (request: Pick<IncomingMessage, 'httpVersion'>, response: Pick<ServerResponse, 'end'>): void => {
    response.end(request.httpVersion)
  }
  const http2 = createHttp2Server(answer as never)
  return {
    connections: new OpenConnections(100, () => {}),
    createListener: () => createServer(answer),
    createHttp2Listener: async () => http2,
  } as Partial<Adapter> as Adapter
}

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

/** What a session gets for `/`. */
async function askHttp2(session: ClientHttp2Session): Promise<string> {
  const request = session.request({ ':path': '/' }).setEncoding('utf8')
  let text = ''
  for await (const chunk of request) text += String(chunk)
  session.close()
  return text
}

function cleartextListener(adapter: Adapter, undecided: UndecidedConnections, headerMs: number): Server {
  const listener = adapter.createListener()
  takeCleartextHttp2(listener, adapter, undecided, headerMs)
  return listener
}

test('with h2c the preface selects HTTP/2, and everything else HTTP/1.1', async (t) => {
  const port = await listen(t, cleartextListener(versionAdapter(), new UndecidedConnections(), 1000))
  assert.equal(await askHttp2(connect(`http://127.0.0.1:${port}`)), '2.0')
  assert.equal((await rawGet(port, '/')).body.toString(), '1.1')
  // A method that begins as the preface does.
  using client = await RawClient.open(port)
  client.send('P').send('R').send(`OPFIND / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  assert.equal((await client.reply()).body.toString(), '1.1')
})

test('a preface in pieces is put together, and one that stops is closed in time', async (t) => {
  const undecided = new UndecidedConnections()
  const port = await listen(t, cleartextListener(versionAdapter(), undecided, 300))
  using client = await RawClient.open(port)
  for (const byte of preface) {
    client.send(byte)
    await new Promise((resolve) => setImmediate(resolve))
  }
  // SETTINGS without any: the server answers with its own.
  client.send(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]))
  await client.bytes(9)
  assert.equal(client.received[3], 4)
  client.end()
  for (const start of ['', 'PRI * HT']) {
    using slow = await RawClient.open(port)
    slow.send(start)
    assert.equal((await slow.closed()).length, 0)
  }
  using ended = await RawClient.open(port)
  ended.send('PRI')
  ended.socket.end()
  assert.equal((await ended.closed()).length, 0)
})

test('without h2c the preface gets a clean 400 with a hint', async () => {
  await using started = await startServer({ 'index.html': 'x' })
  using client = await RawClient.open(started.port)
  client.send(`${preface}\0\0\0\x04\0\0\0\0\0`)
  const reply = await client.reply()
  assert.equal(reply.status, 400)
  assert.match(reply.body.toString(), /h2c/)
  assert.equal((await client.closed()).length, 0)
})

for (const [when, isFirst] of [
  ['before the start', true],
  ['at run time', false],
] as const) {
  test(`a route to h2c that is added ${when} brings HTTP/2 to the plain port, unless h2c is off`, async () => {
    for (const options of [{}, { h2c: false }]) {
      using folder = await new TempFolder().write({ 'a.txt': 'x' })
      await using server = createOurs({ root: folder.path, port: 0, host: '127.0.0.1', ...options })
      const add = (): string => server.routes.add({ match: { path: '/grpc' }, proxy: 'h2c://localhost:9' })
      if (isFirst) add()
      const { port } = await server.listen()
      if (!isFirst) add()
      using client = await RawClient.open(port)
      // What follows the preface in either case is the server's word: its settings, or a refusal.
      client.send(`${preface}\0\0\0\x04\0\0\0\0\0`)
      await client.sees('h2c' in options ? 'HTTP/1.1 400' : '\0\0')
    }
  })
}

test('a client that agrees on h2 gets HTTP/2 under TLS, others HTTP/1.1', async (t) => {
  const { cert, key } = await makeCertificate('localhost')
  using folder = await new TempFolder().write({ 'a.crt': cert, 'a.key': key })
  const { listeners, limits } = resolveConfig({ cert: folder.join('a.crt'), key: folder.join('a.key') })
  const adapter = versionAdapter()
  const undecided = new UndecidedConnections()
  const secure = await openHttps({
    certificates: listeners[1]?.certificates ?? [],
    limits,
    hosts: [],
    folder: undefined,
    adapter,
    onWarning: () => {},
    onReplaced: () => {},
  })
  t.after(() => secure.close())
  const port = await listen(t, secure.createListener(undecided))
  assert.equal(await askHttp2(connect(`https://localhost:${port}`, { ca: cert, host: '127.0.0.1' } as object)), '2.0')
  for (const ALPNProtocols of [['http/1.1'], []]) {
    using client = await openClient({ tlsPort: port, ca: cert }, { ALPNProtocols })
    client.send('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    assert.equal((await client.reply()).body.toString(), '1.1')
  }
})
