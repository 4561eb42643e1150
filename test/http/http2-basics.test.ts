import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, openSession, startHttp2 } from '../support/http2.ts'

const page = '<!doctype html><title>x</title><p>home</p>'

test('serves a file over HTTP/2 with the fields of HTTP/1.1, except those of a connection', async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha' })
  using session = openSession(front.port)
  const reply = await ask(session, { ':path': '/a.txt' })
  assert.equal(reply.status, 200)
  assert.equal(reply.body.toString(), 'alpha')
  assert.equal(reply.headers['content-length'], '5')
  assert.match(String(reply.headers['content-type']), /^text\/plain/)
  assert.equal(reply.headers['connection'], undefined)
  assert.equal(reply.headers['keep-alive'], undefined)
  assert.equal(reply.code, 0)
})

test('logs the version of HTTP', async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha' })
  using session = openSession(front.port)
  await ask(session, { ':path': '/a.txt?token=secret', 'user-agent': 'test' })
  const [record] = front.records
  assert.equal(record?.version, '2')
  assert.equal(record.method, 'GET')
  assert.equal(record.status, 200)
  assert.equal(record.bytes, 5)
  assert.equal(record.host, `localhost:${front.port}`)
  assert.doesNotMatch(record.target, /secret/)
})

test('ends replies to HEAD, 304 and 204 with their header section', async () => {
  await using front = await startHttp2({ 'a.txt': 'alpha' })
  using session = openSession(front.port)
  const head = await ask(session, { ':path': '/a.txt', ':method': 'HEAD' })
  assert.equal(head.headers['content-length'], '5')
  assert.equal(head.body.length, 0)
  const etag = String(head.headers['etag'])
  const same = await ask(session, { ':path': '/a.txt', 'if-none-match': etag })
  assert.equal(same.status, 304)
  const part = await ask(session, { ':path': '/a.txt', range: 'bytes=1-2' })
  assert.equal(part.status, 206)
  assert.equal(part.body.toString(), 'lp')
  const options = await ask(session, { ':path': '*', ':method': 'OPTIONS' })
  assert.equal(options.status, 204)
})

test('adds the client of live reload to pages, compressed or not', async () => {
  await using front = await startHttp2({ 'index.html': page + 'x'.repeat(5000) }, { live: true })
  using session = openSession(front.port)
  const plain = await ask(session, { ':path': '/', accept: 'text/html', 'sec-fetch-dest': 'document' })
  assert.match(plain.body.toString(), /__serve8008\/live\.js/)
  const zipped = await ask(session, { ':path': '/', 'accept-encoding': 'gzip', 'sec-fetch-dest': 'document' })
  assert.equal(zipped.headers['content-encoding'], 'gzip')
  assert.ok(zipped.body.length < 2000)
})

test('sends many large files at the same time, complete', async () => {
  const big = Buffer.alloc(3_000_000, 'abcdefg')
  await using front = await startHttp2({ 'big.bin': big })
  using session = openSession(front.port)
  const replies = await Promise.all(Array.from({ length: 30 }, () => ask(session, { ':path': '/big.bin' })))
  for (const { body, code } of replies) {
    assert.ok(body.equals(big))
    assert.equal(code, 0)
  }
})
