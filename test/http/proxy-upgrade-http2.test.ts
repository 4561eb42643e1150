import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Http2Session, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createGate } from '../support/gate.ts'
import { openSession, startHttp2 } from '../support/http2.ts'
import { RawClient } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'

// RFC 8441: CONNECT with :protocol opens a WebSocket on a stream, if the server's settings allow it.
type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void

interface Upstream extends AsyncDisposable {
  readonly target: string
  readonly sessions: Set<Http2Session>
}

async function startUpstream(onStream: OnStream, enableConnectProtocol = true): Promise<Upstream> {
  const server = createServer({ settings: { enableConnectProtocol } })
  const sessions = new Set<Http2Session>()
  server.on('session', (session) => sessions.add(session))
  server.on('sessionError', () => {})
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    onStream(stream, headers)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    target: `h2c://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions,
    [Symbol.asyncDispose]: async () => {
      const gate = createGate()
      server.close(gate.open)
      for (const session of sessions) session.destroy()
      await gate.opened
    },
  }
}

const key = 'dGhlIHNhbXBsZSBub25jZQ=='

function handshake({ hostLine }: Started, lines: readonly string[] = []): string {
  const fields = ['Connection: Upgrade', 'Upgrade: websocket', `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13']
  return ['GET /chat?a=1 HTTP/1.1', hostLine, ...fields, ...lines, '', ''].join('\r\n')
}

const echo: OnStream = (stream) => {
  stream.respond({ ':status': 200, 'sec-websocket-protocol': 'chat' })
  stream.pipe(stream)
}

test('an HTTP/1.1 WebSocket becomes a stream to an HTTP/2 upstream', async () => {
  let seen: IncomingHttpHeaders = {}
  await using upstream = await startUpstream((stream, headers) => {
    seen = headers
    echo(stream, headers)
  })
  await using front = await startServer({}, { proxy: { '/': upstream.target } })
  using client = await RawClient.open(front.port)
  client.send(`${handshake(front, ['Sec-WebSocket-Protocol: chat, other', 'Sec-WebSocket-Extensions: x'])}ahead`)
  const reply = await client.reply()
  assert.equal(reply.status, 101)
  assert.equal(reply.field('upgrade'), 'websocket')
  // The accept value of this key in RFC 6455 section 1.3.
  assert.equal(reply.field('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  assert.equal(reply.field('sec-websocket-protocol'), 'chat')
  await client.sees('ahead')
  client.send('typed')
  await client.sees('typed')
  assert.equal(seen[':method'], 'CONNECT')
  assert.equal(seen[':protocol'], 'websocket')
  assert.equal(seen[':path'], '/chat?a=1')
  assert.equal(seen['sec-websocket-version'], '13')
  assert.equal(seen['sec-websocket-protocol'], 'chat, other')
  assert.equal(seen['sec-websocket-extensions'], 'x')
  for (const name of ['sec-websocket-key', 'upgrade', 'connection']) assert.equal(seen[name], undefined, name)
})

test('forwards WebSockets from HTTP/2 to HTTP/2, several on one session', async () => {
  await using upstream = await startUpstream(echo)
  await using front = await startHttp2({}, { proxy: { '/': upstream.target } })
  using session = openSession(front.port)
  await once(session, 'remoteSettings')
  for (const text of ['one', 'two']) {
    const stream = session.request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/' })
    const [fields] = await once(stream, 'response')
    assert.equal(fields[':status'], 200)
    assert.equal(fields['sec-websocket-accept'], undefined)
    stream.write(text)
    assert.equal(String((await once(stream, 'data'))[0]), text)
  }
  assert.equal(upstream.sessions.size, 1)
})

test('forwards the response that rejects a WebSocket unchanged', async () => {
  await using upstream = await startUpstream((stream) => {
    stream.respond({ ':status': 403 })
    stream.end('no')
  })
  await using front = await startServer({}, { proxy: { '/': upstream.target } })
  using client = await RawClient.open(front.port)
  client.send(handshake(front))
  const reply = await client.reply()
  assert.equal(`${reply.status} ${reply.body.toString()}`, '403 no')
})

test('a stream that is reset before its response is a 502', async () => {
  await using upstream = await startUpstream((stream) => stream.close(2))
  await using front = await startServer({}, { proxy: { '/': { to: upstream.target, hold: 0 } } })
  using client = await RawClient.open(front.port)
  client.send(handshake(front))
  assert.equal((await client.reply()).status, 502)
})

test('forwards the end of either side to the other', async () => {
  const ended = createGate()
  let open: ServerHttp2Stream | undefined
  await using upstream = await startUpstream((stream) => {
    open = stream
    stream.respond()
    stream.resume().once('end', ended.open)
  })
  await using front = await startServer({}, { proxy: { '/': upstream.target } })
  using client = await RawClient.open(front.port)
  client.send(handshake(front))
  assert.equal((await client.reply()).status, 101)
  open?.write('last words')
  await client.sees('last words')
  client.socket.end()
  await ended.opened
  open?.end()
  await client.closed()
})

test('a client that disconnects before the response ends the stream', async () => {
  const asked = createGate()
  const gone = createGate()
  await using upstream = await startUpstream((stream) => {
    asked.open()
    stream.once('close', gone.open)
  })
  await using front = await startServer({}, { proxy: { '/': upstream.target } })
  using client = await RawClient.open(front.port)
  client.send(handshake(front))
  await asked.opened
  client.end()
  await gone.opened
})

test('sends no CONNECT to an upstream whose settings do not allow it', async () => {
  let streams = 0
  await using upstream = await startUpstream((stream) => {
    streams++
    stream.respond()
    stream.end()
  }, false)
  await using front = await startServer({}, { proxy: { '/': { to: upstream.target, hold: 0 } } })
  using client = await RawClient.open(front.port)
  client.send(handshake(front))
  assert.equal((await client.reply()).status, 502)
  assert.equal(streams, 0)
})
