import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answering, startBackend } from '../support/backend.ts'
import { ask, openSession, startHttp2 } from '../support/http2.ts'
import { RawClient, rawGet, type RawReply } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const noContent = '\r\nContent-Length: 0\r\n\r\n'

async function statusLine(line: string): Promise<string> {
  await using backend = await answering(line + noContent)
  await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  const { status, reason } = await rawGet(front.port, '/')
  return `${status} ${reason}`
}

// RFC 9112 section 4: HTAB, SP, VCHAR and obs-text. It says nothing to machines, but people read it.
const passed: readonly [name: string, line: string, expected: string][] = [
  ['a reason of its own', 'HTTP/1.1 404 No Such Kitten', '404 No Such Kitten'],
  ['the usual reason', 'HTTP/1.1 201 Created', '201 Created'],
  ['a reason of a status that has none', 'HTTP/1.1 299 Fine', '299 Fine'],
  ['bytes that are UTF-8', 'HTTP/1.1 404 caf\u00c3\u00a9', '404 caf\u00c3\u00a9'],
  ['bytes that are not UTF-8', 'HTTP/1.1 404 Nicht verf\u00fcgbar', '404 Nicht verf\u00fcgbar'],
  ['a tab', 'HTTP/1.1 200 a\tb', '200 a\tb'],
  ['the usual reason for none', 'HTTP/1.1 404 ', '404 Not Found'],
  ['the usual reason for one without end', `HTTP/1.1 404 ${'x'.repeat(300)}`, '404 Not Found'],
  ['the usual reason for a line without one', 'HTTP/1.1 404', '404 Not Found'],
]

for (const [name, line, expected] of passed) {
  test(`forwards ${name}`, async () => assert.equal(await statusLine(line), expected))
}

test('forwards a reason that arrives in pieces', async () => {
  await using backend = await startBackend()
  await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  const reply = rawGet(front.port, '/')
  const connection = await backend.next()
  await connection.head()
  for (const byte of `HTTP/1.1 404 No Such Kitten${noContent}`) connection.send(byte)
  assert.equal((await reply).reason, 'No Such Kitten')
})

test('never lets a reason split the reply', async () => {
  for (const character of ['\0', '\u0001', '\u007f', '\r']) {
    const line = await statusLine(`HTTP/1.1 200 a${character}b`)
    assert.ok(/^(?:200 OK|502 Bad Gateway)$/.test(line), JSON.stringify(line))
  }
})

async function answer(method: string, lines: readonly string[], reply: string): Promise<RawReply> {
  await using backend = await answering(reply)
  await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using client = await RawClient.open(front.port)
  client.send([`${method} / HTTP/1.1`, front.hostLine, ...lines, '', ''].join('\r\n'))
  return await client.reply(method)
}

test('forwards the reason of a 101', async () => {
  const lines = ['Connection: Upgrade', 'Upgrade: tcp', 'Content-Length: 0']
  const reply = 'HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n'
  assert.equal((await answer('POST', lines, reply)).reason, 'UPGRADED')
})

test('forwards the reason of a declined upgrade', async () => {
  const reply = `HTTP/1.1 403 No Sockets Here${noContent}`
  assert.equal((await answer('GET', ['Connection: Upgrade', 'Upgrade: tcp'], reply)).reason, 'No Sockets Here')
})

test('forwards the reason of a reply without content', async () => {
  assert.equal((await answer('HEAD', [], `HTTP/1.1 200 Fine${noContent}`)).reason, 'Fine')
  assert.equal((await answer('GET', [], 'HTTP/1.1 304 Same\r\n\r\n')).reason, 'Same')
})

test('gives fetch() the reason as statusText', async () => {
  await using backend = await answering(`HTTP/1.1 404 No Such Kitten${noContent}`)
  await using front = await startServer({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  const response = await front.server.fetch(new Request(`http://localhost:${front.port}/`))
  assert.equal(response.statusText, 'No Such Kitten')
})

test('sends no reason over HTTP/2', async () => {
  await using backend = await answering(`HTTP/1.1 404 No Such Kitten${noContent}`)
  await using front = await startHttp2({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  const reply = await ask(session, { ':path': '/' })
  assert.equal(reply.status, 404)
  assert.deepEqual(
    Object.keys(reply.headers).filter((name) => /reason|message/.test(name)),
    [],
  )
})

test('sends the usual reason with own replies', async () => {
  await using front = await startServer({ 'a.txt': 'a' })
  assert.equal((await rawGet(front.port, '/a.txt')).reason, 'OK')
  assert.equal((await rawGet(front.port, '/b.txt')).reason, 'Not Found')
})

test('lets a program set a reason, but none that splits the reply', async () => {
  await using front = await startServer({})
  front.server.use(() => (x) => {
    const reason = x.target.path === '/good' ? 'Very Fine' : 'a\r\nSet-Cookie: b=c'
    return { status: 200, reason, headers: [], body: null }
  })
  assert.equal((await rawGet(front.port, '/good')).reason, 'Very Fine')
  const refused = await rawGet(front.port, '/bad')
  assert.equal(refused.status, 500)
  assert.equal(refused.reason, 'Internal Server Error')
  assert.equal(refused.field('set-cookie'), '')
})
