import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { test } from 'node:test'
import { RawClient, rawGet } from '../support/raw.ts'
import { createGate } from '../support/gate.ts'
import { startServer } from '../support/server.ts'
import { createServer, text, type AccessRecord, type Body, type Reply, type ServeError } from '../../src/index.ts'

/** A reply as a program in plain JavaScript may make it. */
function reply(parts: object): () => Reply {
  return () => ({ status: 200, headers: [], body: null, ...parts }) as Reply
}

for (const [name, parts, method, status] of [
  ['no body field', { body: undefined }, 'GET', 500],
  ['text for a body', { body: 'text' }, 'GET', 500],
  ['text for a body, HEAD', { body: 'text' }, 'HEAD', 500],
  ['a number for a body', { body: 7 }, 'GET', 500],
  ['an interim status', { status: 100 }, 'GET', 500],
  ['101 without a takeover', { status: 101 }, 'GET', 500],
  ['a line break in a field', { headers: ['X-A', 'b\r\nX-B: c'] }, 'GET', 500],
  ['no header list', { headers: undefined }, 'GET', 500],
  ['a source whose cancel throws, HEAD', { body: { pull() {}, cancel: () => assert.fail() } }, 'HEAD', 200],
] as const) {
  test(`keeps serving after an invalid reply of a layer: ${name}`, async () => {
    await using started = await startServer({ 'a.txt': 'alpha' })
    started.server.use((next) => (x) => (x.target.path === '/faulty' ? reply(parts)() : next(x)))
    using client = await RawClient.open(started.port)
    client.send(`${method} /faulty HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
    const answered = await client.reply(method)
    assert.equal(answered.status, status)
    assert.equal(answered.field('x-b'), '')
    if (status === 500) assert.equal(answered.reason, 'Internal Server Error')
    assert.equal((await rawGet(started.port, '/a.txt')).body.toString(), 'alpha')
  })
}

// Over a connection and without one, the client gets a 500 and the program hears what its layer did.
for (const [name, made, message] of [
  ['a text', 'text', /a layer returned "text" instead of \{ status, headers: \[name, value, …\], body \}/],
  ['nothing', undefined, /a layer returned undefined instead of/],
  ['a Response of the Fetch API', new Response('x'), /a layer returned an object of the class Response instead of/],
  ['a reply without a body', { status: 200, headers: [] }, /a layer returned \{ status, headers \} instead of/],
  ['text for a body', reply({ body: 'text' })(), /a layer returned "text" as body; use null, bytes \(Buffer.from/],
  ['an object for a body', reply({ body: { a: 1 } })(), /a layer returned an object as body/],
  ['an interim status', reply({ status: 100 })(), /a layer returned the status 100; use a whole number from 200/],
  ['half a status', reply({ status: 200.5 })(), /a layer returned the status 200.5/],
  [
    'a line break in a reason',
    reply({ reason: 'OK\r\nX: y' })(),
    /a layer returned "OK\\r\\nX: y" as reason; use Latin-1/,
  ],
  ['a reason that is not Latin-1', reply({ reason: '✓' })(), /a layer returned "✓" as reason/],
  ['a number as reason', reply({ reason: 5 })(), /a layer returned 5 as reason/],
  ['101 without a takeover', reply({ status: 101 })(), /a layer returned the status 101/],
  ['a field without a value', reply({ headers: ['X-A'] })(), /headers that are not a flat list; use \[name, value/],
  ['pairs of fields', reply({ headers: [['x-a', 'b']] })(), /headers that are not a flat list/],
  ['a space in the name of a field', reply({ headers: ['x a', 'b'] })(), /"x a" is not a field name; use letters/],
  [
    'a line break in a field',
    reply({ headers: ['X-A', 'b\r\nX-B: c'] })(),
    /value of X-A holds characters that a field cannot carry/,
  ],
] as const) {
  test(`reports to the program that its layer returned ${name}`, async () => {
    await using started = await startServer({})
    const errors: string[] = []
    started.server.on('error', (error) => errors.push(error.message))
    started.server.use(() => () => made as Reply)
    assert.equal((await rawGet(started.port, '/')).status, 500)
    assert.equal((await started.server.fetch('http://localhost/')).status, 500)
    assert.equal(errors.length, 2)
    for (const text of errors) assert.match(text, message)
  })
}

for (const [what, found] of [
  [null, /it was given null/],
  [{}, /it was given an object/],
  [(_request: unknown, _response: unknown, next: () => void) => next(), /this function takes 3 arguments/],
  [() => null, /this function returned null/],
  [async () => (x: unknown) => x, /this function returned a promise/],
] as const) {
  test(`use() refuses a value that is not a layer: ${String(found)}`, () => {
    assert.throws(() => createServer().use(what as never), found)
  })
}

test('survives an unused stream that cannot be opened', async () => {
  await using started = await startServer({})
  started.server.use(() => () => ({ status: 200, headers: [], body: createReadStream('/nowhere/at/all') }))
  for (let i = 0; i < 3; i++) {
    using client = await RawClient.open(started.port)
    client.send(`HEAD / HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
    assert.equal((await client.reply('HEAD')).status, 200)
  }
})

test('closes the connection after a body that fails half-way, and reports it to the program', async () => {
  await using started = await startServer({})
  const body: Body = {
    async pull(sink) {
      await sink.write(Buffer.from('begun'))
      throw new Error('half-way')
    },
    cancel() {},
  }
  started.server.use(() => reply({ body }))
  const heard = new Promise<unknown>((resolve) => started.server.on('error', (error) => resolve(error.cause)))
  using client = await RawClient.open(started.port)
  client.send(`GET / HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
  const rest = (await client.closed()).toString('latin1')
  assert.match(rest, /begun/)
  assert.doesNotMatch(rest, /\r\n0\r\n\r\n$/)
  assert.match(String(await heard), /half-way/)
})

for (const [name, length, text] of [
  ['shorter', 10, 'abc'],
  ['longer', 2, 'abHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL'],
] as const) {
  test(`closes the connection after a body ${name} than its length`, async () => {
    await using started = await startServer({ 'a.txt': 'alpha' })
    const body: Body = { length, pull: async (sink) => await sink.write(Buffer.from(text)), cancel() {} }
    started.server.use((next) => (x) => (x.target.path === '/x' ? reply({ body })() : next(x)))
    using client = await RawClient.open(started.port)
    const host = started.hostLine
    client.send(`GET /x HTTP/1.1\r\n${host}\r\n\r\nGET /a.txt HTTP/1.1\r\n${host}\r\n\r\n`)
    assert.doesNotMatch((await client.closed()).toString('latin1'), /EVIL|alpha/)
  })
}

test('does not send framing fields of a layer', async () => {
  await using started = await startServer({})
  const headers = ['Transfer-Encoding', 'chunked', 'Content-Length', '99', 'Connection', 'upgrade', 'Upgrade', 'x']
  started.server.use(() => reply({ headers, body: Buffer.from('x') }))
  const answered = await rawGet(started.port, '/')
  assert.equal(answered.field('transfer-encoding'), '')
  assert.equal(answered.field('content-length'), '1')
  assert.equal(answered.field('upgrade'), '')
  assert.equal(answered.body.toString(), 'x')
})

test('reads the file that a layer writes first, among other requests for it', async () => {
  await using started = await startServer({ 'built.txt': 'old!' })
  const { writeFileSync } = await import('node:fs')
  let builds = 1000
  started.server.use((next) => (x) => {
    if (x.target.query === '?build') writeFileSync(started.folder.join('built.txt'), String(++builds))
    return next(x)
  })
  const clients = await Promise.all([1, 2, 3, 4].map(() => RawClient.open(started.port)))
  for (let round = 0; round < 20; round++) {
    for (const [i, client] of clients.entries()) {
      client.send(`GET /built.txt${i % 2 === 0 ? '' : '?build'} HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
    }
    const bodies = await Promise.all(clients.map(async (client) => (await client.reply()).body.toString()))
    assert.equal(Math.max(Number(bodies[1]), Number(bodies[3])), builds)
    assert.ok(Math.min(Number(bodies[1]), Number(bodies[3])) >= builds - 1)
  }
  for (const client of clients) client.end()
})

test('closes while an upgrade is undecided', async () => {
  const server = createServer({ root: '.', port: 0, host: '127.0.0.1', limits: { closeMs: 100 } })
  const asked = new Promise<void>((resolve) => {
    server.use(() => () => {
      resolve()
      return new Promise(() => {})
    })
  })
  const { port } = await server.listen()
  using client = await RawClient.open(port)
  client.send('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
  await asked
  await server.close()
  await client.closed()
})

test('closes connections without a request', async () => {
  const server = createServer({ root: '.', port: 0, host: '127.0.0.1', limits: { closeMs: 60_000 } })
  const { port } = await server.listen()
  using client = await RawClient.open(port)
  // a round trip on another connection: the silent one was accepted before
  await rawGet(port, '/')
  await server.close()
  await client.closed()
})

for (const [how, leave, logged] of [
  ['resets its connection', (client: RawClient) => client.socket.resetAndDestroy(), [499, true, '']],
  // It may have closed its sending side only, and wait for a reply.
  ['sends its last byte', (client: RawClient) => client.socket.end(), [400, false, 'E8008_MALFORMED']],
] as const) {
  test(`a client that ${how} during an upload that a layer reads is logged as ${logged[0]}, and no error`, async () => {
    await using started = await startServer({})
    const errors: unknown[] = []
    started.server.on('error', (error) => errors.push(error))
    const reading = createGate()
    started.server.use(() => async (x) => {
      for await (const _ of x.body.stream()) reading.open()
      return text('read')
    })
    const ended = new Promise<AccessRecord>((resolve) => void started.server.on('reply', resolve))
    const client = await RawClient.open(started.port)
    client.send(`POST / HTTP/1.1\r\n${started.hostLine}\r\nContent-Length: 9\r\n\r\nsome`)
    await reading.opened
    leave(client)
    const { status, aborted, refusal } = await ended
    assert.deepEqual([status, aborted, refusal], logged)
    assert.deepEqual(errors, [])
  })
}

test('a layer that reads a malformed upload gets the error that the client gets', async () => {
  await using started = await startServer({})
  const errors: unknown[] = []
  started.server.on('error', (error) => errors.push(error))
  const caught = createGate()
  let code: unknown
  started.server.use(() => async (x) => {
    try {
      for await (const _ of x.body.stream());
    } catch (error) {
      code = (error as ServeError).code
      caught.open()
      throw error
    }
    return text('read')
  })
  using client = await RawClient.open(started.port)
  client.send(`POST / HTTP/1.1\r\n${started.hostLine}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`)
  assert.equal((await client.reply()).status, 400)
  await caught.opened
  assert.equal(code, 'E8008_FRAMING')
  assert.deepEqual(errors, [])
})
