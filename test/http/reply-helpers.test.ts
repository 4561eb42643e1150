import assert from 'node:assert/strict'
import { mkdir, symlink, utimes } from 'node:fs/promises'
import { test } from 'node:test'
import { empty, file, fromResponse, html, json, redirect, text, type Layer, type Reply } from '../../src/index.ts'
import { host } from '../support/frameworks.ts'
import { RawClient, rawGet, type RawReply } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'

/** A server whose layer answers `/made`. */
async function answering(make: () => Reply | Promise<Reply>): Promise<Started> {
  const layer: Layer = (next) => (x) => (x.target.path === '/made' ? make() : next(x))
  const started = await startServer({}, { live: false })
  started.server.use(layer)
  return started
}

async function made(make: () => Reply | Promise<Reply>, lines: readonly string[] = []): Promise<RawReply> {
  await using started = await answering(make)
  return await rawGet(started.port, '/made', lines)
}

for (const [name, make, status, type, body] of [
  ['json', () => json({ a: [1, 'ü'] }), 200, 'application/json', '{"a":[1,"ü"]}'],
  ['html', () => html('<p>ü', { status: 404 }), 404, 'text/html; charset=utf-8', '<p>ü'],
  ['text', () => text('ü'), 200, 'text/plain; charset=utf-8', 'ü'],
  ['text of another type', () => text('a,b', { headers: { 'content-type': 'text/csv' } }), 200, 'text/csv', 'a,b'],
  ['empty', () => empty(), 204, '', ''],
  ['empty with a status', () => empty(404), 404, '', ''],
] as const) {
  test(`the helper makes a reply: ${name}`, async () => {
    const reply = await made(make)
    assert.deepEqual([reply.status, reply.field('content-type'), reply.body.toString()], [status, type, body])
    if (type !== '') assert.equal(reply.field('x-content-type-options'), 'nosniff')
    if (status !== 204) assert.equal(reply.field('content-length'), String(Buffer.byteLength(body)))
  })
}

test('a helper takes fields as an object, with several of one name, or as a flat list', async () => {
  const cookies = (reply: RawReply): string[] =>
    reply.fields.flatMap(([name, value]) => (name === 'set-cookie' ? [value] : []))
  const reply = await made(() => json(null, { headers: { 'Set-Cookie': ['a=1', 'b=2'], 'X-A': 'b' } }))
  assert.deepEqual([cookies(reply), reply.field('x-a')], [['a=1', 'b=2'], 'b'])
  assert.deepEqual(cookies(await made(() => html('', { headers: ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'] }))), [
    'a=1',
    'b=2',
  ])
})

test('redirect keeps the method unless a status says otherwise', async () => {
  const reply = await made(() => redirect('/next?a=b#c'))
  assert.deepEqual([reply.status, reply.field('location')], [307, '/next?a=b#c'])
  const absolute = await made(() => redirect(new URL('https://example.test/ü'), 301))
  assert.deepEqual([absolute.status, absolute.field('location')], [301, 'https://example.test/%C3%BC'])
})

test('file sends a file with its type and validators, by range and on condition', async () => {
  await using started = await startServer({ 'a/page.html': '<p>alpha', 'b.bin': '0123456789' }, { live: false })
  const { folder, server, port } = started
  await utimes(folder.join('a/page.html'), 1_700_000_000, 1_700_000_000)
  server.use((next) => (x) => {
    const name = x.target.path === '/page' ? 'a/page.html' : 'b.bin'
    return x.target.path.includes('.') ? next(x) : file(folder.join(name), { headers: { 'Cache-Control': 'no-store' } })
  })
  const page = await rawGet(port, '/page')
  assert.deepEqual(
    [page.status, page.field('content-type'), page.field('cache-control'), page.body.toString()],
    [200, 'text/html; charset=utf-8', 'no-store', '<p>alpha'],
  )
  assert.equal(page.field('last-modified'), 'Tue, 14 Nov 2023 22:13:20 GMT')
  const part = await rawGet(port, '/bytes', ['Range: bytes=2-4'])
  assert.deepEqual([part.status, part.field('content-range'), part.body.toString()], [206, 'bytes 2-4/10', '234'])
  assert.equal((await rawGet(port, '/bytes', [`If-None-Match: ${part.field('etag')}`])).status, 304)
  using client = await RawClient.open(port)
  client.send(`HEAD /bytes HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
  assert.equal((await client.reply('HEAD')).field('content-length'), '10')
})

test('file never leaves the folder that the program names, nor sends what a folder keeps back', async () => {
  await using started = await startServer({
    'in/a b%41.txt': 'alpha',
    'in/.env': 'no',
    'in/id.pem': 'no',
    'out.txt': 'no',
  })
  const { folder, server, port } = started
  const within = folder.join('in')
  await symlink(folder.join('out.txt'), folder.join('in/link.txt'))
  await mkdir(folder.join('in/sub'))
  let name = ''
  server.use(() => () => file(name, { within }))
  name = 'a b%41.txt'
  assert.equal((await rawGet(port, '/')).body.toString(), 'alpha')
  name = '/a b%41.txt'
  assert.equal((await rawGet(port, '/')).body.toString(), 'alpha')
  const kept = ['../out.txt', 'sub/../../out.txt', '..\\out.txt', folder.join('out.txt'), 'link.txt', '.env', 'id.pem']
  for (const refused of [...kept, '', '/', 'sub', 'nothing', 'a b%41.txt/', 'a\0.txt', '\ud800', 'a%20b%41.txt']) {
    name = refused
    const expected = refused === 'a b%41.txt/' ? 200 : 404
    assert.equal((await rawGet(port, '/')).status, expected, JSON.stringify(refused))
  }
  // The program names this file itself.
  await using named = await startServer({})
  named.server.use(() => () => file(folder.join('in/link.txt')))
  assert.equal((await rawGet(named.port, '/')).body.toString(), 'no')
})

test('fromResponse sends what a Response says, with each Set-Cookie', async () => {
  const headers = new Headers({ 'Content-Type': 'text/plain', 'Content-Length': '4' })
  headers.append('Set-Cookie', 'a=1')
  headers.append('Set-Cookie', 'b=2')
  const reply = await made(() => fromResponse(new Response('made', { status: 201, statusText: 'Made So', headers })))
  assert.deepEqual([reply.status, reply.reason, reply.body.toString()], [201, 'Made So', 'made'])
  assert.equal(reply.field('content-length'), '4')
  assert.equal(reply.fields.filter(([name]) => name === 'set-cookie').length, 2)
})

test('fromResponse sends what fetch() decoded without the fields of the coding', async () => {
  const { gzipSync } = await import('node:zlib')
  await using upstream = await host((_, response) => {
    response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Type': 'text/plain' }).end(gzipSync('decoded'))
  })
  const reply = await made(async () => fromResponse(await fetch(`http://127.0.0.1:${upstream.port}/`)))
  assert.deepEqual([reply.field('content-encoding'), reply.body.toString()], ['', 'decoded'])
})

for (const [name, response] of [
  ['was read', new Response('x')],
  ['is that of a network error', Response.error()],
  ['is not made of bytes', new Response(new ReadableStream({ pull: (to) => to.enqueue('text' as never) }))],
] as const) {
  test(`a Response whose content ${name} never looks like a whole reply`, async () => {
    if (name === 'was read') await response.text()
    await using started = await answering(() => fromResponse(response))
    const failed = new Promise<string>((resolve) =>
      started.server.on('error', (error) => resolve(`${error.message} ${String(error.cause)}`)),
    )
    using client = await RawClient.open(started.port)
    client.send(`GET /made HTTP/1.1\r\n${started.hostLine}\r\nConnection: close\r\n\r\n`)
    const received = (await client.closed()).toString()
    if (name === 'is not made of bytes') assert.doesNotMatch(received, /\r\n0\r\n/)
    else assert.match(received, /^HTTP\/1\.1 500 /)
    assert.match(await failed, /Response/)
  })
}
