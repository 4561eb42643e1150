import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReplyStart } from '../../../../src/proxy/h1/reply-start.ts'

const final = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const unasked = 'HTTP/1.1 100 Continue\r\n\r\n'
const withFields = 'HTTP/1.1 100 Go on\r\nDate: x\r\nContent-Length: 5\r\n\r\n'
const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n'
const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n100'

/** The bytes that the parser gets for these chunks. */
function through(pieces: readonly string[], start = new ReplyStart()): string {
  start.expect()
  return pieces.map((piece) => start.take(Buffer.from(piece, 'latin1'))?.toString('latin1') ?? '').join('')
}

/** Bytes that are passed unchanged. */
function both(text: string): [sent: string, passed: string] {
  return [text, text]
}

// RFC 9110 section 15.2: a client must parse interim responses, and may drop a 100 that it did not request.
const cases: readonly [name: string, sent: string, passed: string][] = [
  ['passes a final response', final, final],
  ['drops a 100', unasked + final, final],
  ['drops a 100 with fields', withFields + final, final],
  ['drops several consecutive 100s', unasked + withFields + unasked + final, final],
  ['drops a 100 of HTTP/1.0', unasked.replace('1.1', '1.0') + final, final],
  ['passes other interim responses', hints + final, hints + final],
  ['drops a 100 between others', hints + unasked + hints + final, hints + hints + final],
  ['passes everything after a 101', switching, switching],
  [
    'passes a 100 whose header section ends in bare line feeds, which the parser rejects',
    ...both(`HTTP/1.1 100 Continue\n\n${final}`),
  ],
  ['passes one whose first line feed is bare', ...both(unasked.replace('\r\n', '\n') + final)],
  ['passes one with a bare line feed in a field', ...both(withFields.replace('x\r\n', 'x\n') + final)],
  ['passes bytes that are not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['passes an invalid status', 'HTTP/1.1 099 X\r\n\r\n', 'HTTP/1.1 099 X\r\n\r\n'],
  ['passes a status of two digits', 'HTTP/1.1 1\r\n\r\n', 'HTTP/1.1 1\r\n\r\n'],
]

for (const [name, sent, passed] of cases) {
  test(name, () => assert.equal(through([sent]), passed))
  test(`${name}, split at any byte`, () => {
    for (let at = 1; at < sent.length; at++) assert.equal(through([sent.slice(0, at), sent.slice(at)]), passed)
    assert.equal(through(sent.split('')), passed)
  })
}

test('filters only the beginning of a response', () => {
  const start = new ReplyStart()
  assert.equal(through([final], start), final)
  const inContent = Buffer.from(unasked)
  assert.equal(start.take(inContent), inContent)
})

test('passes the same chunk object if it drops no bytes', () => {
  const start = new ReplyStart()
  start.expect()
  const chunk = Buffer.from(final)
  assert.equal(start.take(chunk), chunk)
})

test('buffers a status line in several chunks until it is complete', () => {
  const start = new ReplyStart()
  start.expect()
  assert.equal(start.take(Buffer.from('HTTP/1.1 404 No such')), undefined)
  assert.equal(start.take(Buffer.from(' kitten\r\n'))?.toString(), 'HTTP/1.1 404 No such kitten\r\n')
})

test('passes the 33rd 100, which the parser rejects', () => {
  assert.equal(through([unasked.repeat(32) + final]), final)
  assert.equal(through([unasked.repeat(33) + final]), unasked + final)
})

test('bounds the buffered bytes of a line and of a header section', () => {
  const long = `HTTP/1.1 200 ${'x'.repeat(9000)}`
  assert.equal(through([long]), long)
  const endless = `HTTP/1.1 103 X\r\n${'X-A: 1\r\n'.repeat(40_000)}`
  assert.equal(through([endless]), endless)
})

test('a new request drops bytes buffered for the last one', () => {
  const start = new ReplyStart()
  start.expect()
  assert.equal(start.take(Buffer.from('HTTP/1.1 100 Con')), undefined)
  assert.equal(through([final], start), final)
})
