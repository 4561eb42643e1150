import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createGate } from '../support/gate.ts'
import { answering, startBackend } from '../support/backend.ts'
import { frame, FrameClient, uint32 } from '../support/frames.ts'
import { ask, openSession, replyOf, startHttp2 } from '../support/http2.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

async function startH2c(
  onStream: (stream: ServerHttp2Stream, headers: Record<string, unknown>, raw: readonly string[]) => void,
): Promise<{ port: number } & AsyncDisposable> {
  const server = createHttp2Server()
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', ((stream: ServerHttp2Stream, headers: object, _flags: number, raw: string[]) => {
    stream.on('error', () => {})
    onStream(stream, headers as Record<string, unknown>, raw)
  }) as (stream: ServerHttp2Stream) => void)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      const gate = createGate()
      server.close(gate.open)
      for (const session of sessions) session.destroy()
      await gate.opened
    },
  }
}

test('forwards empty content as a request without content', async () => {
  await using backend = await answering(ok)
  await using front = await startHttp2({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  for (let i = 0; i < 3; i++) {
    const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false })
    stream.end()
    assert.equal((await replyOf(stream)).status, 200)
  }
})

test('converts a request to HTTP/1.1 with its fields', async () => {
  await using backend = await startBackend()
  await using front = await startHttp2({}, { proxy: { '/api': `http://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  const reply = ask(session, {
    ':path': '/api/a//b?c=%20d',
    cookie: ['a=1', 'b=2'],
    te: 'trailers',
    'x-a': ['1', '2'],
  })
  const behind = await backend.next()
  const head = await behind.head()
  behind.send(ok)
  assert.equal((await reply).body.toString(), 'ok')
  const [line, ...lines] = head.trimEnd().split('\r\n')
  assert.equal(line, 'GET /api/a//b?c=%20d HTTP/1.1')
  const own = `localhost:${front.port}`
  const fields = lines.filter((each) => !/^(?:forwarded|x-forwarded|connection)/i.test(each))
  assert.deepEqual(fields.map((each) => each.replace(/serve8008-\w+/, 'us')).toSorted(), [
    `Host: ${own}`,
    'Via: 2 us',
    'cookie: a=1; b=2',
    'x-a: 1',
    'x-a: 2',
  ])
  assert.match(head, /X-Forwarded-Proto: http\r\n/)
})

test('forwards content with its length, or chunked without one', async () => {
  await using backend = await startBackend()
  await using front = await startHttp2({}, { proxy: { '/api': `http://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  const first = ask(session, { ':path': '/api', ':method': 'POST', 'content-length': '5' }, 'hello')
  const one = await backend.next()
  await one.sees('hello')
  assert.match(one.text, /\r\nContent-Length: 5\r\n/i)
  assert.doesNotMatch(one.text, /transfer-encoding/i)
  one.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
  await first
  const second = ask(session, { ':path': '/api', ':method': 'DELETE' }, 'GET /smuggled HTTP/1.1\r\n\r\n')
  const two = await backend.next()
  await two.sees('0\r\n\r\n')
  assert.match(two.text, /\r\nTransfer-Encoding: chunked\r\n/i)
  assert.match(two.text, /\r\n1a\r\nGET \/smuggled HTTP\/1\.1\r\n\r\n\r\n0\r\n\r\n$/)
  two.send(ok)
  await second
})

test('forwards a streaming response chunk by chunk', async () => {
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
    connection.send('9\r\ndata: 1\n\n\r\n')
  })
  await using front = await startHttp2({}, { proxy: { '/sse': `http://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  const stream = session.request({ ':path': '/sse', accept: 'text/event-stream' })
  const [event] = (await once(stream, 'data')) as [Buffer]
  assert.equal(event.toString(), 'data: 1\n\n')
  stream.close(8)
  await backend.quiet()
})

test('resets the stream when the upstream truncates its response', async () => {
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n')
    connection.socket.end()
  })
  await using front = await startHttp2({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  assert.equal((await ask(session, { ':path': '/' })).code, 2)
})

test('breaks the request to the upstream when the client truncates its content', async () => {
  await using backend = await startBackend()
  await using front = await startHttp2({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using client = await FrameClient.open(front.port)
  for (const [stream, code] of [
    [1, 8],
    [3, 0],
    [5, 2],
  ] as const) {
    const fields = [
      [':method', 'PUT'],
      [':scheme', 'http'],
      [':authority', 'localhost'],
      [':path', '/'],
    ] as const
    client.request(stream, fields, false).send(frame('data', 0, stream, Buffer.from('half')))
    const behind = await backend.next()
    await behind.sees('half')
    client.send(frame('reset', 0, stream, uint32(code)))
    await behind.closed()
    assert.doesNotMatch(behind.text, /\r\n0\r\n\r\n$/)
  }
})

test('forwards early hints and trailers from HTTP/1.1', async () => {
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    connection.send('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n')
    connection.send(
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n',
    )
  })
  await using front = await startHttp2({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  const reply = await ask(session, { ':path': '/' })
  assert.equal(reply.interim[0]?.headers['link'], '</a.css>')
  assert.equal(reply.headers['trailer'], 'X-Sum')
  assert.equal(reply.headers['transfer-encoding'], undefined)
  assert.equal(reply.trailers['x-sum'], '42')
})

test('forwards trailers in both directions and full-duplex content from HTTP/2 to HTTP/2', async () => {
  const sums: unknown[] = []
  await using backend = await startH2c((stream) => {
    stream.once('trailers', (fields) => sums.push(fields['x-sum'], fields['authorization'], fields['x-forwarded-for']))
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.once('wantTrailers', () => stream.sendTrailers({ 'x-back': '43' }))
    stream.on('data', (chunk) => stream.write(chunk))
    stream.once('end', () => setImmediate(() => stream.end()))
  })
  await using front = await startHttp2({}, { proxy: { '/': `h2c://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  const stream = session.request({ ':path': '/', ':method': 'POST' }, { waitForTrailers: true })
  stream.once('wantTrailers', () =>
    stream.sendTrailers({ 'x-sum': '42', authorization: 'x', 'x-forwarded-for': '6.6.6.6' }),
  )
  const whole = replyOf(stream)
  for (const word of ['one', 'two', 'three']) {
    stream.write(word)
    // The response to one part arrives before the next part is sent.
    const [echo] = (await once(stream, 'data')) as [Buffer]
    assert.equal(echo.toString(), word)
  }
  stream.end()
  const reply = await whole
  assert.equal(reply.trailers['x-back'], '43')
  assert.equal(reply.code, 0)
  assert.deepEqual(sums, ['42', undefined, undefined])
})

test('survives many requests whose content the upstream resets', async () => {
  await using backend = await startH2c((stream) => {
    stream.resume()
    stream.once('data', () => stream.close([0, 8, 2][stream.id === undefined ? 0 : stream.id % 3]))
  })
  await using front = await startHttp2({ 'a.txt': 'alpha' }, { proxy: { '/x': `h2c://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const stream = session.request({ ':path': '/x', ':method': 'POST' })
        const reply = replyOf(stream).catch(() => undefined)
        stream.write('begun')
        if (i % 2 === 0) stream.end()
        else if (i % 3 === 0) setImmediate(() => stream.close(8))
        await reply
      }),
    )
  }
  using other = openSession(front.port)
  assert.equal((await ask(other, { ':path': '/a.txt' })).body.toString(), 'alpha')
})

test('a client that disconnects is reported neither as an internal error nor as a fault of the upstream', async () => {
  const arrived = createGate()
  await using backend = await startH2c((stream) => stream.once('data', arrived.open))
  await using front = await startHttp2({}, { proxy: { '/': `h2c://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  const stream = session.request({ ':path': '/', ':method': 'POST' })
  stream.on('error', () => {})
  stream.write('half')
  await arrived.opened
  const recorded = front.recorded()
  session.destroy()
  const { status, aborted } = await recorded
  assert.deepEqual([status, aborted], [499, true])
  assert.deepEqual(front.faults, [])
})
