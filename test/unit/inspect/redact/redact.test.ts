import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import {
  createRedactor,
  redactExchange,
  redactMessageText,
  type RedactedExchange,
} from '../../../../src/inspect/redact/redact.ts'
import { planted } from '../../../support/planted.ts'
import { processorTime } from '../../../support/processor-time.ts'
import { recorded, type RecordedFacts } from '../../../support/recorded.ts'

const redactor = createRedactor()

function redact(facts: RecordedFacts): RedactedExchange {
  return redactExchange(recorded(facts), redactor)
}

function textOf(content: Uint8Array | undefined): string {
  return Buffer.from(content ?? []).toString()
}

/** The content of a reply, with its placeholders as `[…]`. */
function reply(type: string, content: string): string {
  const found = redact({ headers: ['Content-Type', type], content }).reply
  assert.equal(found?.withheld, '')
  return textOf(found?.content).replace(/\[redacted:[0-9a-f]{4}\]/g, '[…]')
}

/** All that an exchange holds, in each form that a secret could have. */
function everything(exchange: RedactedExchange): string {
  const { content: asked } = exchange.request
  const sent = exchange.reply?.content ?? new Uint8Array(0)
  const bodies = [asked, sent].flatMap((each) => [textOf(each), Buffer.from(each).toString('utf16le')])
  return JSON.stringify([exchange, exchange.request.trailers, exchange.reply?.trailers, ...bodies])
}

describe('no secret leaves:', () => {
  for (const { place, secret, facts } of planted) {
    test(place, () => {
      assert.ok(!everything(redact(facts)).includes(secret), everything(redact(facts)))
    })
  }
  test('there are at least forty places', () => assert.ok(planted.length >= 40))
})

test('the same secret has the same placeholder within one run, wherever it is, and another one in the next', () => {
  const secret = 'abc%2F123+xyz'
  const {
    target,
    request,
    reply: sent,
  } = redact({
    target: `/?token=${secret}`,
    requestHeaders: ['Cookie', `a=abc/123+xyz; b=other`, 'X-Api-Key', 'abc/123+xyz'],
    headers: ['Content-Type', 'application/json'],
    content: '{"secret":"abc/123+xyz"}',
  })
  const [, mark = ''] = /^\/\?token=(\[redacted:[0-9a-f]{4}\])$/.exec(target) ?? []
  assert.notEqual(mark, '')
  assert.ok(request.headers[1]?.startsWith(`a=${mark}; b=[redacted:`), request.headers[1])
  assert.notEqual(request.headers[1], `a=${mark}; b=${mark}`)
  assert.equal(request.headers[3], mark)
  assert.equal(textOf(sent?.content), `{"secret":"${mark}"}`)
  assert.notEqual(createRedactor().mark('abc/123+xyz'), mark)
})

test('what is redacted is not redacted again', () => {
  const once = redact({ target: '/?token=x', requestHeaders: ['Cookie', 'a=b', 'Authorization', 'Bearer x'] })
  const twice = redactExchange(once, createRedactor())
  assert.equal(twice.target, once.target)
  assert.deepEqual(twice.request.headers, once.request.headers)
})

test('names, attributes and schemes stay', () => {
  const { request, reply: sent } = redact({
    requestHeaders: ['Cookie', 'a=1; b="2"; c=', 'Authorization', 'Bearer x', 'Accept', '*/*'],
    headers: ['Set-Cookie', 'sid=x; Path=/; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'ETag', '"abc123456"'],
  })
  const mark = (text: string): string => text.replace(/\[redacted:[0-9a-f]{4}\]/g, '[…]')
  assert.equal(mark(request.headers[1] as string), 'a=[…]; b="[…]"; c=')
  assert.equal(mark(request.headers[3] as string), 'Bearer […]')
  assert.equal(request.headers[5], '*/*')
  assert.equal(mark(sent?.headers[1] as string), 'sid=[…]; Path=/; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT')
  assert.equal(sent?.headers[3], '"abc123456"')
})

describe('content keeps all that is no secret:', () => {
  const cases: readonly [type: string, content: string, expected: string][] = [
    [
      'application/json',
      '{ "a" : [1, "x"],\n "token": 5, "pin": null }',
      '{ "a" : [1, "x"],\n "token": "[…]", "pin": null }',
    ],
    ['application/json', '{"code":"NOT_FOUND","code":404}', '{"code":"NOT_FOUND","code":404}'],
    ['application/json', '{"code":"4/0AX4XfWh"}', '{"code":"[…]"}'],
    ['application/json', '{"usage":{"prompt_tokens":12}}', '{"usage":{"prompt_tokens":12}}'],
    ['application/json', '{"tokens":["a","b"],"x":"y"}', '{"tokens":["[…]","[…]"],"x":"y"}'],
    ['application/json', '{"a\\"b":"c\\\\", "passw\\u006frd":"x"}', '{"a\\"b":"c\\\\", "passw\\u006frd":"[…]"}'],
    ['application/json', '{"grüße":"öä","token":"ü"}', '{"grüße":"öä","token":"[…]"}'],
    ['application/json', '{"text":"a? b & c = d; e: f"}', '{"text":"a? b & c = d; e: f"}'],
    ['application/json', '{"a":"{\\"token\\":\\"é€\\"}"}', '{"a":"{\\"token\\":\\"[…]\\"}"}'],
    ['application/json', '', ''],
    ['application/json', '][}{,:"', '][}{,:"'],
    ['text/plain', 'a password is a secret', 'a password is a secret'],
    ['text/plain', 'token: abc, next: def', 'token: […], next: def'],
    [
      'text/plain',
      '-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----',
      '-----BEGIN RSA PRIVATE KEY-----[…]-----END RSA PRIVATE KEY-----',
    ],
    ['text/css', 'a{--token: red}', 'a{--token: red}'],
    ['text/javascript', 'const token = read(); let secretKey = "abc"', 'const token = read(); let secretKey = "[…]"'],
    [
      'text/html',
      '<input name=q value="x"><meta name="csrf-token" content="x">',
      '<input name=q value="x"><meta name="csrf-token" content="[…]">',
    ],
    [
      'text/html',
      '<a href="/?token=x&amp;a=b">basic information</a>',
      '<a href="/?token=[…]&amp;a=b">basic information</a>',
    ],
    ['application/xml', '<a><token>x</token><b>y</b><key/></a>', '<a><token>[…]</token><b>y</b><key/></a>'],
    [
      'text/event-stream',
      ': hi\r\nevent: a\r\ndata: {"token":"x"}\r\n\r\n',
      ': hi\r\nevent: a\r\ndata: {"token":"[…]"}\r\n\r\n',
    ],
    ['application/x-www-form-urlencoded', 'a=b&token=x&c=d', 'a=b&token=[…]&c=d'],
  ]
  for (const [type, content, expected] of cases) {
    test(`${type}: ${content.slice(0, 40)}`, () => assert.equal(reply(type, content), expected))
  }

  test('bytes that are no UTF-8', () => {
    const bytes = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xc3, 0x22])
    const { reply: sent } = redact({ headers: ['Content-Type', 'application/json'], content: bytes })
    assert.deepEqual(Buffer.from(sent?.content ?? []), bytes)
  })

  test('pictures', () => {
    const bytes = Buffer.from('\x89PNG\r\ntoken=abc', 'latin1')
    const { reply: sent } = redact({ headers: ['Content-Type', 'image/png'], content: bytes })
    assert.deepEqual(Buffer.from(sent?.content ?? []), bytes)
  })

  test('files in multipart, whose bytes are withheld where they are no text', () => {
    const head =
      '--X\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\nContent-Type: application/x\r\n\r\n'
    const text = reply('multipart/form-data; boundary="X"', `${head}\0\x01\r\n--X--\r\n`)
    assert.equal(text, `${head}[binary content of 2 bytes]\r\n--X--\r\n`)
  })
})

test('content is decoded, and says why it is withheld', () => {
  const coded = (coding: string, content: Uint8Array): RedactedExchange =>
    redact({ headers: ['Content-Type', 'text/plain', 'Content-Encoding', coding], content })
  assert.equal(textOf(coded('gzip, identity', gzipSync('hello')).reply?.content), 'hello')
  assert.equal(textOf(coded('gzip, gzip', gzipSync(gzipSync('hello'))).reply?.content), 'hello')
  const withheld = (coding: string, content: Uint8Array): string | undefined => coded(coding, content).reply?.withheld
  assert.equal(withheld('compress', Buffer.from('x')), 'content in the coding compress')
  assert.equal(withheld('gzip', Buffer.from('x')), 'content that is not gzip')
  const bomb = gzipSync(Buffer.alloc(2 ** 24))
  assert.equal(withheld('gzip', bomb), 'gzip content that expands to more than 8388608 bytes')
})

test('messages of a WebSocket are redacted', () => {
  const marked = redactMessageText('{"type":"auth","token":"s3cret-ü"}', redactor)
  assert.match(marked, /^\{"type":"auth","token":"\[redacted:[0-9a-f]{4}\]"\}$/)
  assert.equal(redactMessageText('grüße', redactor), 'grüße')
})

test('the work grows with the content only', () => {
  const size = 2 ** 18
  const hostile: readonly [type: string, unit: string][] = [
    ['application/json', '{"token":'],
    ['application/json', '"\\"'],
    ['application/json', '[['],
    ['text/html', '<password>'],
    ['text/html', '<a '],
    ['text/html', 'a='],
    ['text/html', '<a b=c d'],
    ['text/plain', 'eyJ-'],
    ['text/plain', 'eyJaaaaaaaa.'],
    ['text/plain', 'a'],
    ['text/plain', '/?'],
    ['text/plain', 'token='],
    ['text/plain', 'a="'],
    ['text/plain', '`a=`'],
    ['text/plain', 'Bearer '],
    ['text/plain', 'http://'],
    ['text/plain', 'http://a@'],
    ['text/plain', '-----BEGIN PRIVATE KEY-----'],
    ['text/event-stream', 'data:\n'],
    ['text/event-stream', 'data: {"a":\n\n'],
    ['application/x-www-form-urlencoded', 'token=a&'],
    ['application/x-www-form-urlencoded', '%3d'],
    ['multipart/form-data; boundary=a', '--a\r\n\r\n'],
  ]
  for (const [type, unit] of hostile) {
    const content = unit.repeat(size / unit.length)
    const before = processorTime()
    void redact({ headers: ['Content-Type', type], content }).reply?.content
    const ms = processorTime() - before
    assert.ok(ms < 2000, `${type} of ${JSON.stringify(unit)}: ${ms} ms`)
  }
})
