import assert from 'node:assert/strict'
import { createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import { onEachListener, type EachListener } from '../support/listeners.ts'

const allow = 'GET, HEAD, OPTIONS'

await onEachListener({ 'index.html': '<p>home</p>', 'a.txt': 'alpha' }, {}, checkMethods)

function checkMethods({ hostLine, open, ask, get }: EachListener): void {
  test('refuses CONNECT without connecting anywhere', async () => {
    let dialled = 0
    const canary = createTcpServer(() => dialled++).listen(0, '127.0.0.1')
    await new Promise((resolve) => canary.once('listening', resolve))
    const { port } = canary.address() as { port: number }
    using client = await open()
    client.send(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
    const reply = await client.reply()
    assert.equal(reply.status, 405)
    assert.equal(reply.field('allow'), allow)
    await client.closed()
    for (const target of [
      `http://127.0.0.1:${port}/`,
      `/http://127.0.0.1:${port}/`,
      `/.cache/http://127.0.0.1:${port}/`,
      `/?url=http://127.0.0.1:${port}/`,
    ]) {
      const { status } = await ask(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
      assert.ok(status === 200 || status >= 400, String(status))
    }
    assert.equal(dialled, 0)
    canary.close()
  })

  for (const method of ['TRACE', 'POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
    test(`refuses ${method}`, async () => {
      const secret = 'Cookie: secret=1'
      const reply = await ask(`${method} /a.txt HTTP/1.1\r\n${hostLine}\r\n${secret}\r\nMax-Forwards: 0\r\n\r\n`)
      assert.equal(reply.status, 405)
      assert.equal(reply.field('allow'), allow)
      assert.doesNotMatch(reply.body.toString(), /secret/)
    })
  }

  test('answers OPTIONS with the allowed methods, of a path and of the server', async () => {
    for (const target of ['/a.txt', '*']) {
      const reply = await ask(`OPTIONS ${target} HTTP/1.1\r\n${hostLine}\r\nMax-Forwards: 0\r\n\r\n`)
      assert.equal(reply.status, 204)
      assert.equal(reply.field('allow'), allow)
    }
  })

  test('answers HEAD with the header section of GET and no content', async () => {
    using client = await open()
    const [head, get] = ['HEAD', 'GET'].map((method) => `${method} /a.txt HTTP/1.1\r\n${hostLine}\r\n\r\n`) as [
      string,
      string,
    ]
    client.send(head + get)
    const first = await client.reply('HEAD')
    const second = await client.reply()
    const fields = (reply: typeof first): unknown => reply.fields.filter(([name]) => name !== 'date')
    assert.deepEqual(fields(first), fields(second))
    assert.equal(first.field('content-length'), '5')
    assert.equal(second.body.toString(), 'alpha')
  })

  for (const token of ['foo', 'h2c', 'websocket', 'TLS/1.0']) {
    test(`ignores an upgrade to ${token} that no layer takes over`, async () => {
      const reply = await get('/a.txt', [`Upgrade: ${token}`, 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'])
      assert.equal(reply.status, 200)
      assert.equal(reply.body.toString(), 'alpha')
    })
  }

  test('ignores fields that Connection names', async () => {
    const reply = await ask(
      `GET /a.txt HTTP/1.1\r\n${hostLine}\r\nConnection: close, Host, Authorization\r\nTE: trailers\r\nProxy: x\r\n\r\n`,
    )
    assert.equal(reply.status, 200)
  })

  for (const target of [
    '/a.txt#x',
    '/#',
    '/a b',
    '/\xe9',
    '/a\\b',
    '/a\x7f',
    '\\',
    'a.txt',
    '?x',
    '*',
    '/%00',
    '/a%00.txt',
  ]) {
    test(`refuses the request-target ${JSON.stringify(target)}`, async () => {
      const reply = await get(target)
      assert.equal(reply.status, 400)
    })
  }
}
