import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createTlsServer } from 'node:tls'
import type { Socket } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { usualLimits } from '../../../../src/config/options/limits.ts'
import { UpstreamExchange } from '../../../../src/proxy/h1/exchange.ts'
import { Pool } from '../../../../src/proxy/h1/pool.ts'
import { createConnector } from '../../../../src/proxy/upstream/connect.ts'
import { makeCertificate } from '../../../support/certificate.ts'
import { deadPort } from '../../../support/free-port.ts'
import { createGate } from '../../../support/gate.ts'
import { contentOf, eachRequest, leavingRequest, ok, transportTo } from '../../../support/http1.ts'
import { TempFolder } from '../../../support/server.ts'
import { patientTimeouts, RawUpstream, requestOf, upstreamAt } from '../../../support/upstream.ts'

/** An upstream that answers each request with its request line, after what the test does with it. */
function echoing(on: (line: string, socket: Socket) => boolean | void = () => {}): Promise<RawUpstream> {
  return RawUpstream.open((socket) =>
    eachRequest(socket, (line) => {
      if (on(line, socket) !== false) socket.write(ok(line))
    }),
  )
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('requests one after the other share a connection', async () => {
  await using upstream = await echoing()
  await using transport = transportTo(upstream.port)
  for (let i = 0; i < 5; i++)
    assert.equal(await contentOf(await transport.send(requestOf({ path: `/${i}` }))), `GET /${i} HTTP/1.1`)
  assert.equal(upstream.sockets.length, 1)
})

test('requests at once get connections up to the limit, and the others wait their turn', async () => {
  const held: (() => void)[] = []
  const full = createGate()
  await using upstream = await echoing((line, socket) => {
    held.push(() => socket.write(ok(line)))
    if (held.length === 2) full.open()
    return held.length > 2
  })
  await using transport = transportTo(upstream.port, { most: 2 })
  const order: string[] = []
  const all = ['/a', '/b', '/c', '/d'].map(async (path) => {
    order.push(await contentOf(await transport.send(requestOf({ path }))))
  })
  await full.opened
  assert.equal(upstream.sockets.length, 2)
  held.forEach((answer) => answer())
  await Promise.all(all)
  assert.equal(upstream.sockets.length, 2)
  assert.deepEqual(
    order.toSorted(),
    ['/a', '/b', '/c', '/d'].map((path) => `GET ${path} HTTP/1.1`),
  )
  assert.deepEqual(order.slice(2), ['GET /c HTTP/1.1', 'GET /d HTTP/1.1'])
})

test('a second response in the packet of the first never answers the next request', async () => {
  await using upstream = await echoing((line, socket) => {
    if (line !== 'GET /first HTTP/1.1') return true
    socket.write(ok('first') + ok('poison'))
    return false
  })
  await using transport = transportTo(upstream.port, { most: 1 })
  const [first, second] = ['/first', '/second'].map(async (path) =>
    contentOf(await transport.send(requestOf({ path }))),
  )
  assert.equal(await first, 'first')
  assert.equal(await second, 'GET /second HTTP/1.1')
  assert.equal(upstream.sockets.length, 2)
})

test('a response without a request closes an idle connection', async () => {
  await using upstream = await echoing()
  await using transport = transportTo(upstream.port)
  await contentOf(await transport.send(requestOf()))
  upstream.sockets[0]?.write(ok('poison'))
  await upstream.allClosed()
  assert.equal(await contentOf(await transport.send(requestOf({ path: '/b' }))), 'GET /b HTTP/1.1')
})

test('a request that comes while an idle connection closes uses another one', async () => {
  let asked = 0
  await using upstream = await echoing(() => void asked++)
  // The connection is closed within the turn in which the request is sent.
  for (const method of ['GET', 'POST']) {
    await using transport = transportTo(upstream.port)
    await contentOf(await transport.send(requestOf({ headers: ['Host', 'a', 'X-A', 'b'] })))
    clientSockets(upstream.port).at(-1)?.destroy()
    const body = method === 'POST' ? Readable.from([Buffer.from('x')]) : null
    const reply = await transport.send(requestOf({ method, body, length: body === null ? undefined : 1 }))
    assert.equal(await contentOf(reply), `${method} / HTTP/1.1`)
  }
  assert.equal(asked, 4)
})

/** The sockets of this process that are connected to a port. */
function clientSockets(port: number): Socket[] {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(): unknown[] }
  return (handles.call(process) as Socket[]).filter((each) => each.remotePort === port)
}

for (const [method, answered] of [
  ['GET', true],
  ['POST', false],
] as const) {
  test(`${method} on a connection that the upstream closed ${answered ? 'is sent again' : 'fails'}`, async () => {
    let asked = 0
    await using upstream = await echoing((_line, socket) => {
      if (++asked !== 2) return true
      socket.destroy()
      return false
    })
    // The retry keeps to the bound.
    await using transport = transportTo(upstream.port, { most: 1 })
    await contentOf(await transport.send(requestOf()))
    const body = method === 'POST' ? Readable.from([Buffer.from('x')]) : null
    const sent = transport.send(requestOf({ method, path: '/b', body, length: body === null ? undefined : 1 }))
    if (answered) assert.equal(await contentOf(await sent), 'GET /b HTTP/1.1')
    else await assert.rejects(sent, { fault: 'reset', wrote: true })
    assert.equal(asked, answered ? 3 : 2)
  })
}

for (const most of [1, 2]) {
  test(`a request that must not have a used connection gets none that becomes idle, of ${most} at most`, async () => {
    const lines: string[] = []
    const held = createGate()
    const mayOpen = createGate()
    await using upstream = await echoing((line, socket) => {
      lines.push(`${upstream.sockets.indexOf(socket)} ${line}`)
      if (line.includes('/a')) held.open()
      return !line.includes('/a')
    })
    const connect = createConnector({
      upstream: upstreamAt(upstream.port),
      connectMs: 0,
      tls: { verify: true },
      alpn: ['http/1.1'],
    })
    let opened = 0
    const open = async (read: (bytes: Buffer) => boolean): Promise<Socket> => {
      if (++opened > 1) await mayOpen.opened
      return connect({ read })
    }
    const pool = new Pool({ open, limits: { ...usualLimits, upstreamConnections: most, upstreamShare: 100 } })
    const ask = async (path: string, needsFresh: boolean): Promise<string> =>
      contentOf(await new UpstreamExchange(requestOf({ path }), patientTimeouts, pool).run(needsFresh))
    const first = ask('/a', false)
    await held.opened
    const fresh = ask('/b', true)
    const other = ask('/c', false)
    upstream.sockets[0]?.write(ok('a'))
    assert.equal(await first, 'a')
    // Where there is no room for another connection, the used one makes room.
    if (most === 2) assert.equal(await other, 'GET /c HTTP/1.1')
    mayOpen.open()
    await Promise.all([fresh, other])
    assert.ok(!lines.includes('0 GET /b HTTP/1.1'), lines.join())
    assert.equal(lines.includes('0 GET /c HTTP/1.1'), most === 2)
    pool.close()
  })
}

test('a connection that was never used before is not tried again', async () => {
  await using upstream = await RawUpstream.answering((_head, socket) => socket.destroy())
  await using transport = transportTo(upstream.port)
  await assert.rejects(transport.send(requestOf()), { fault: 'reset', wrote: true })
  assert.equal(upstream.sockets.length, 1)
})

for (const [fields, kept] of [
  [[], true],
  [['Keep-Alive: timeout=5'], true],
  [['Keep-Alive: max=10, timeout=60'], true],
  [['Keep-Alive: timeout=1'], false],
  [['Keep-Alive: timeout=0'], false],
  [['Connection: close'], false],
] as const) {
  test(`${fields[0] ?? 'nothing said'} ${kept ? 'keeps' : 'closes'} the connection`, async () => {
    await using upstream = await echoing((_line, socket) => {
      socket.write(ok('x', ...fields))
      return false
    })
    await using transport = transportTo(upstream.port)
    for (let i = 0; i < 2; i++) assert.equal(await contentOf(await transport.send(requestOf())), 'x')
    assert.equal(upstream.sockets.length, kept ? 1 : 2)
  })
}

test('retire closes idle connections now, and busy ones after their exchange', async () => {
  const busy = createGate()
  await using upstream = await echoing((line) => {
    if (!line.includes('/busy')) return true
    busy.open()
    return false
  })
  await using transport = transportTo(upstream.port)
  const sent = transport.send(requestOf({ path: '/busy' }))
  await busy.opened
  await contentOf(await transport.send(requestOf({ path: '/idle' })))
  await transport.retire?.()
  await once(upstream.sockets[1] as Socket, 'close')
  upstream.sockets[0]?.write(ok('late'))
  assert.equal(await contentOf(await sent), 'late')
  await once(upstream.sockets[0] as Socket, 'close')
  assert.equal(await contentOf(await transport.send(requestOf({ path: '/after' }))), 'GET /after HTTP/1.1')
  assert.equal(upstream.sockets.length, 3)
})

test('retire answers those that wait and those whose connection opens', async () => {
  await using upstream = await echoing()
  await using transport = transportTo(upstream.port, { most: 1 })
  const all = ['/a', '/b'].map(async (path) => contentOf(await transport.send(requestOf({ path }))))
  await transport.retire?.()
  assert.deepEqual(await Promise.all(all), ['GET /a HTTP/1.1', 'GET /b HTTP/1.1'])
  await upstream.allClosed()
})

test('close ends busy, waiting and opening exchanges, and later requests', async () => {
  const busy = createGate()
  await using upstream = await echoing(() => {
    busy.open()
    return false
  })
  await using transport = transportTo(upstream.port, { most: 1 })
  const all = ['/busy', '/waiting'].map(async (path) => transport.send(requestOf({ path })))
  await busy.opened
  await using other = transportTo(upstream.port)
  const opening = other.send(requestOf())
  void Promise.all([transport.close(), other.close()])
  await Promise.all(
    [...all, opening, transport.send(requestOf())].map((sent) => assert.rejects(sent, { fault: 'reset' })),
  )
  await upstream.allClosed()
  assert.ok(upstream.sockets.length <= 2)
})

test('a refused connection fails each of those that wait', async () => {
  await using transport = transportTo(await deadPort(), { most: 2 })
  const all = Array.from({ length: 7 }, () => transport.send(requestOf()))
  await Promise.all(all.map((sent) => assert.rejects(sent, { fault: 'refused', wrote: false })))
})

test('a client that leaves the queue gets no connection, and those behind it are served', async () => {
  const held = createGate()
  const lines: string[] = []
  await using upstream = await echoing((line) => {
    lines.push(line)
    held.open()
    return !line.includes('/a')
  })
  await using transport = transportTo(upstream.port, { most: 1 })
  const first = transport.send(requestOf({ path: '/a' }))
  await held.opened
  const { request, leave, followers } = leavingRequest({ path: '/b' })
  const second = transport.send(request)
  const third = transport.send(requestOf({ path: '/c' }))
  await turn()
  leave()
  await assert.rejects(second, { fault: 'left' })
  assert.equal(followers(), 0)
  upstream.sockets[0]?.write(ok('a'))
  assert.equal(await contentOf(await first), 'a')
  assert.equal(await contentOf(await third), 'GET /c HTTP/1.1')
  assert.deepEqual(lines, ['GET /a HTTP/1.1', 'GET /c HTTP/1.1'])
})

test('a connection whose client leaves while it opens serves the next one', async () => {
  await using upstream = await echoing()
  await using transport = transportTo(upstream.port)
  const { request, leave } = leavingRequest()
  const sent = transport.send(request)
  leave()
  await assert.rejects(sent, { fault: 'left' })
  assert.equal(await contentOf(await transport.send(requestOf({ path: '/next' }))), 'GET /next HTTP/1.1')
  assert.ok(upstream.sockets.length <= 2)
})

for (const [name, facts] of [
  ['a line break in a field', { headers: ['Host', 'a', 'X-A', 'b\r\nX-C: d'] }],
  ['a character that is no byte', { headers: ['Host', 'a', 'X-A', '\u0100'] }],
  ['a blank in its path', { path: '/a b' }],
  ['a line break in its path', { path: '/a\r\n' }],
] as const) {
  test(`a request with ${name} is not sent, and harms no other`, async () => {
    const lines: string[] = []
    await using upstream = await echoing((line) => void lines.push(line))
    await using transport = transportTo(upstream.port, { most: 1 })
    // The second one waits for the connection of the first, and so is not sent by its caller.
    const invalid = [transport.send(requestOf(facts)), transport.send(requestOf(facts))]
    const valid = transport.send(requestOf({ path: '/valid' }))
    await Promise.all(invalid.map((sent) => assert.rejects(sent, { fault: 'protocol' })))
    assert.equal(await contentOf(await valid), 'GET /valid HTTP/1.1')
    assert.deepEqual(lines, ['GET /valid HTTP/1.1'])
  })
}

for (const [name, content, length] of [
  ['longer', ['12345', 'GET /smuggled HTTP/1.1\r\n\r\n'], 5],
  ['longer in its first piece', ['12345GET /smuggled HTTP/1.1\r\n\r\n'], 5],
  ['shorter', ['123'], 5],
  ['empty and so shorter', [], 5],
] as const) {
  test(`content ${name} than its length fails, and closes the connection`, async () => {
    const lines: string[] = []
    await using upstream = await echoing((line) => void lines.push(line))
    await using transport = transportTo(upstream.port)
    const body = Readable.from(content.map((part) => Buffer.from(part)))
    await assert.rejects(transport.send(requestOf({ method: 'POST', body, length })), { fault: 'protocol' })
    assert.equal(await contentOf(await transport.send(requestOf({ path: '/next' }))), 'GET /next HTTP/1.1')
    assert.ok(!lines.some((line) => line.includes('smuggled')), lines.join())
  })
}

test('a trailer that cannot be sent fails its request alone', async () => {
  await using upstream = await echoing()
  await using transport = transportTo(upstream.port)
  const body = Readable.from([Buffer.from('x')])
  const request = requestOf({ method: 'POST', body, announced: ['x-a'], trailers: () => ['X-A', 'a\r\nb'] })
  await assert.rejects(transport.send(request), { fault: 'protocol' })
  await upstream.allClosed()
})

test('asks over TLS as over TCP', async () => {
  const pair = await makeCertificate('127.0.0.1')
  using folder = await new TempFolder().write({ 'ca.pem': pair.cert })
  let connections = 0
  const server = createTlsServer({ cert: pair.cert, key: pair.key }, (socket) => {
    connections++
    socket.on('error', () => {})
    eachRequest(socket, (line) => {
      if (line.includes('/double')) socket.write(ok('first') + ok('poison'))
      else if (line.includes('/until-close')) socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(500_000)}`)
      else if (line.includes('/chunks'))
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n')
      else if (line.includes('/cut')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx')
      else socket.write(ok(line))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  {
    const upstream = upstreamAt(port, { protocol: 'https:' })
    await using transport = transportTo(port, { upstream, tls: { verify: true, ca: folder.join('ca.pem') }, most: 1 })
    const get = async (path: string): Promise<string> => contentOf(await transport.send(requestOf({ path })))
    assert.equal(await get('/a'), 'GET /a HTTP/1.1')
    assert.equal(await get('/chunks'), 'x')
    assert.equal(connections, 1)
    const [first, second] = [get('/double'), get('/b')]
    assert.equal(await first, 'first')
    assert.equal(await second, 'GET /b HTTP/1.1')
    assert.equal((await get('/until-close')).length, 500_000)
    await assert.rejects(get('/cut'), { fault: 'reset' })
    const body = Readable.from([Buffer.alloc(300_000, 'y')])
    assert.equal(
      await contentOf(await transport.send(requestOf({ method: 'POST', body, length: 300_000 }))),
      'POST / HTTP/1.1',
    )
  }
  const gate = createGate()
  server.close(gate.open)
  await gate.opened
})

test('asks at the path of a socket', { skip: process.platform === 'win32' }, async () => {
  using folder = new TempFolder()
  const socketPath = folder.join('up.sock')
  await using upstream = await RawUpstream.open(
    (socket) => eachRequest(socket, (line) => void socket.write(ok(line))),
    socketPath,
  )
  await using transport = transportTo(0, { upstream: upstreamAt(0, { socketPath }) })
  for (let i = 0; i < 2; i++) assert.equal(await contentOf(await transport.send(requestOf())), 'GET / HTTP/1.1')
  assert.equal(upstream.sockets.length, 1)
})

/** Listeners of a connection, which must not grow with its exchanges. */
function listenersOf(socket: Socket): number {
  return socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0)
}

test('1,000 requests leave no listener, timer, follower or descriptor', async (t: TestContext) => {
  await using upstream = await echoing()
  {
    await using transport = transportTo(upstream.port, { most: 3 })
    const timeouts = t.mock.method(globalThis, 'setTimeout')
    const body = new PassThrough()
    body.end('x')
    await contentOf(await transport.send(requestOf()))
    const [client] = clientSockets(upstream.port) as [Socket]
    const listeners = listenersOf(client)
    let followed = 0
    for (let i = 0; i < 1000; i++) {
      const { request, followers } = leavingRequest(
        i % 2 === 0 ? {} : { method: 'POST', body: Readable.from([Buffer.from('x')]), length: 1 },
      )
      await contentOf(await transport.send(request))
      followed += followers()
    }
    assert.equal(followed, 0)
    assert.equal(listenersOf(client), listeners)
    assert.equal(upstream.sockets.length, 1)
    // Only that of the idle connection.
    const alive = timeouts.mock.calls.filter(
      ({ result }) => (result as NodeJS.Timeout).hasRef?.() && !(result as { _destroyed?: boolean })._destroyed,
    )
    assert.ok(alive.length <= 1, `${alive.length} timers`)
  }
  await upstream.allClosed()
  assert.equal(clientSockets(upstream.port).length, 0)
})
