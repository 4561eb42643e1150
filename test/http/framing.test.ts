import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onEachListener, type EachListener } from '../support/listeners.ts'

const files = { 'index.html': '<p>home</p>', 'a.txt': 'alpha' }
await onEachListener(files, { limits: { bodyBytes: 1000 } }, checkFraming)

function checkFraming({ isSecure, hostLine, open, ask }: EachListener): void {
  /** Sends one message whose lines are given, asserts the status, and that the connection then closes. */
  async function refused(status: number, lines: readonly string[], content = ''): Promise<void> {
    using client = await open()
    const reply = await client.send(`${lines.join('\r\n')}\r\n\r\n${content}`).reply()
    assert.equal(reply.status, status)
    assert.equal((await client.closed()).length, 0, 'nothing may follow the refusal')
  }

  test('refuses a length with a transfer coding', () =>
    refused(400, ['GET /a.txt HTTP/1.1', hostLine, 'Content-Length: 3', 'Transfer-Encoding: chunked'], '0\r\n\r\n'))

  for (const second of ['3', '4']) {
    test(`refuses two lengths: 3 and ${second}`, () =>
      refused(400, ['GET /a.txt HTTP/1.1', hostLine, 'Content-Length: 3', `Content-Length: ${second}`], 'abc'))
  }

  for (const length of ['3, 3', '+3', '0x3', '-1', '3.0', '99999999999999999999', '']) {
    test(`refuses a length that is not one decimal number: "${length}"`, () =>
      refused(400, ['POST /a.txt HTTP/1.1', hostLine, `Content-Length: ${length}`], 'abc'))
  }

  for (const coding of [
    'xchunked',
    'chunked, identity',
    'chunked, chunked',
    'identity',
    ' chunked, gzip',
    'chunked;q=1',
  ]) {
    test(`refuses a transfer coding that does not delimit the message: "${coding}"`, () =>
      refused(400, ['POST /a.txt HTTP/1.1', hostLine, `Transfer-Encoding: ${coding}`], '0\r\n\r\n'))
  }

  test('refuses two Transfer-Encoding fields', () =>
    refused(
      400,
      ['POST / HTTP/1.1', hostLine, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
      '0\r\n\r\n',
    ))

  test('answers a transfer coding that it cannot decode with 501', () =>
    refused(501, ['POST /a.txt HTTP/1.1', hostLine, 'Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'))

  test('refuses a transfer coding in HTTP/1.0', () =>
    refused(400, ['GET /a.txt HTTP/1.0', hostLine, 'Transfer-Encoding: chunked'], '0\r\n\r\n'))

  for (const [name, line] of [
    ['a space before the colon', 'X-A : b'],
    ['a folded line', 'X-A: b\r\n folded'],
    ['a folded transfer coding', 'Transfer-Encoding:\r\n chunked'],
    ['a bare CR in a value', 'X-A: b\rc'],
    ['a NUL in a value', 'X-A: b\0c'],
    ['a name that is not a token', 'X(A): b'],
    ['a line without a colon', 'nonsense'],
  ] as const) {
    test(`${name} is refused`, () => refused(400, ['GET /a.txt HTTP/1.1', hostLine, line]))
  }

  test('refuses bare LF line ends', async () => {
    using client = await open()
    const reply = await client.send(`GET /a.txt HTTP/1.1\n${hostLine}\n\n`).reply()
    assert.equal(reply.status, 400)
    await client.closed()
  })

  test('answers an HTTP/0.9 request with 505', async () => {
    const reply = await ask('GET /a.txt\r\n\r\n')
    assert.equal(reply.status, 505)
  })

  for (const version of ['HTTP/2.0', 'HTTP/1.2', 'HTTP/3', 'HTTP/0.9']) {
    test(`refuses the version ${version}`, async () => {
      const reply = await ask(`GET /a.txt ${version}\r\n${hostLine}\r\n\r\n`)
      assert.ok([400, 505].includes(reply.status), String(reply.status))
      assert.equal(reply.field('connection'), 'close')
    })
  }

  test('refuses the HTTP/2 preface on a plain port', () => refused(400, ['PRI * HTTP/2.0', '', 'SM']))

  if (!isSecure)
    test('reports a TLS handshake on a plain port', async () => {
      const reply = await ask('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')
      assert.equal(reply.status, 400)
      assert.match(reply.body.toString(), /TLS/)
    })

  test('answers an unknown method with 501', () => refused(501, ['FROBNICATE / HTTP/1.1', hostLine]))

  test('refuses an unknown expectation', () =>
    refused(417, ['POST / HTTP/1.1', hostLine, 'Expect: miracles', 'Content-Length: 3'], 'abc'))

  test('does not invite content that no handler reads', async () => {
    using client = await open()
    client.send(`POST /a.txt HTTP/1.1\r\n${hostLine}\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`)
    const reply = await client.reply()
    assert.equal(reply.status, 405)
    assert.equal(reply.field('connection'), 'close')
  })

  for (const [name, content] of [
    ['a chunk size that is no number', 'zz\r\nabc\r\n0\r\n\r\n'],
    ['a chunk longer than it says', '2\r\nabc\r\n0\r\n\r\n'],
    ['chunks that end in LF alone', '3\nabc\n0\n\n'],
    ['an LF in a chunk extension', '3;a=b\nabc\r\n0\r\n\r\n'],
    ['a negative chunk size', '-3\r\nabc\r\n0\r\n\r\n'],
    ['a chunk size beyond every number', 'fffffffffffffffff\r\nabc\r\n0\r\n\r\n'],
  ] as const) {
    test(`${name} is refused`, () =>
      refused(400, ['GET /a.txt HTTP/1.1', hostLine, 'Transfer-Encoding: chunked'], content))
  }

  test('reads chunks with extensions and trailers to their end', async () => {
    using client = await open()
    client.send(
      `GET /a.txt HTTP/1.1\r\n${hostLine}\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n`,
    )
    client.send(`GET / HTTP/1.1\r\n${hostLine}\r\n\r\n`)
    assert.equal((await client.reply()).body.toString(), 'alpha')
    assert.equal((await client.reply()).body.toString(), '<p>home</p>')
  })

  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
    test(`reads content of ${method} as content, not as the next request`, async () => {
      using client = await open()
      const inner = `GET /a.txt HTTP/1.1\r\n${hostLine}\r\n\r\n`
      client.send(`${method} / HTTP/1.1\r\n${hostLine}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`)
      client.send(`GET /nothing HTTP/1.1\r\n${hostLine}\r\n\r\n`)
      await client.reply(method)
      assert.equal((await client.reply()).status, 404)
    })
  }

  test('refuses an announced length above the limit', () =>
    refused(413, ['POST / HTTP/1.1', hostLine, 'Content-Length: 1001'], 'a'.repeat(1001)))

  test('refuses chunked content above the limit', () =>
    refused(
      413,
      ['POST / HTTP/1.1', hostLine, 'Transfer-Encoding: chunked'],
      `3e9\r\n${'a'.repeat(1001)}\r\n0\r\n\r\n`,
    ))
}
