import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readHttp2Head } from '../../../../src/http/h2/head.ts'

const plain = [':method', 'GET', ':scheme', 'http', ':authority', 'app.test', ':path', '/a?b']

function codeOf(raw: readonly string[], isEncrypted = false): string | undefined {
  return readHttp2Head(raw, isEncrypted).fault?.code
}

function changed(name: string, value: string | undefined): string[] {
  const fields: string[] = []
  for (let i = 0; i < plain.length; i += 2) {
    if (plain[i] !== name) fields.push(plain[i] as string, plain[i + 1] as string)
    else if (value !== undefined) fields.push(name, value)
  }
  return fields
}

test('reads a header section as HTTP/1.1 has it', () => {
  const head = readHttp2Head([...plain, 'cookie', 'a=1', 'x-a', '1', 'cookie', 'b=2', 'x-a', '2'], false)
  assert.equal(head.fault, undefined)
  assert.equal(head.method, 'GET')
  assert.equal(head.target.path, '/a')
  assert.equal(head.target.query, '?b')
  assert.equal(head.target.form, 'origin')
  assert.deepEqual(head.headers, ['Host', 'app.test', 'x-a', '1', 'x-a', '2', 'cookie', 'a=1; b=2'])
})

test('drops a Host equal to :authority, and keeps another one for the guard to refuse', () => {
  assert.deepEqual(readHttp2Head([...plain, 'host', 'APP.test.'], false).headers, ['Host', 'app.test'])
  assert.deepEqual(readHttp2Head([...plain, 'host', 'b'], false).headers, ['Host', 'app.test', 'Host', 'b'])
  assert.deepEqual(readHttp2Head([...plain, 'host', 'app.test:1'], false).headers.length, 4)
  assert.deepEqual(readHttp2Head([...changed(':authority', undefined), 'host', 'b'], false).headers, ['Host', 'b'])
  assert.deepEqual(readHttp2Head(changed(':authority', undefined), false).headers, [])
})

test('requires the scheme of the connection', () => {
  assert.equal(codeOf(plain, true), 'E8008_TARGET_INVALID')
  assert.equal(codeOf(changed(':scheme', 'https'), true), undefined)
  assert.equal(codeOf(changed(':scheme', 'https')), 'E8008_TARGET_INVALID')
  assert.equal(codeOf(changed(':scheme', 'HTTP')), undefined)
})

test('reads an extended CONNECT as GET', () => {
  const raw = [...changed(':method', 'CONNECT'), ':protocol', 'websocket']
  const head = readHttp2Head(raw, false)
  assert.equal(head.fault, undefined)
  assert.equal(head.method, 'GET')
  assert.equal(head.protocol, 'websocket')
  assert.equal(head.target.path, '/a')
  assert.equal(codeOf([...changed(':method', 'CONNECT'), ':protocol', 'x']), 'E8008_NOT_IMPLEMENTED')
})

test('allows a plain CONNECT an authority only', () => {
  const head = readHttp2Head([':method', 'CONNECT', ':authority', 'app.test:80'], false)
  assert.equal(head.fault, undefined)
  assert.equal(head.method, 'CONNECT')
  assert.equal(head.target.form, 'authority')
  assert.equal(codeOf(changed(':method', 'CONNECT')), 'E8008_MALFORMED')
})

for (const [name, raw] of [
  ['no :method', changed(':method', undefined)],
  ['a :method that is no token', changed(':method', 'G T')],
  ['no :scheme', changed(':scheme', undefined)],
  ['no :path', changed(':path', undefined)],
  ['an empty :path', changed(':path', '')],
  ['a pseudo-field twice', [...plain, ':path', '/']],
  ['an unknown pseudo-field', [...plain, ':x', '1']],
  ['a pseudo-field behind a field', ['x-a', '1', ...plain]],
  ['a pseudo-field behind Host', ['host', 'app.test', ...plain]],
  ['a :protocol without CONNECT', [...plain, ':protocol', 'websocket']],
  ['an upper-case name', [...plain, 'X-A', '1']],
  ['an empty name', [...plain, '', '1']],
  ['a name with a colon', [...plain, 'x:a', '1']],
  ['a name with a line end', [...plain, 'x-a\r\nx-b', '1']],
  ['a value with a line end', [...plain, 'x-a', '1\r\nx-b: 2']],
  ['a value with a NUL', [...plain, 'x-a', '1\0']],
  ['a value with space around it', [...plain, 'x-a', ' 1']],
  ['a value beyond bytes', [...plain, 'x-a', '\u0100']],
  ['a pseudo-field with a line end', changed(':path', '/a HTTP/1.1\r\nx: y')],
  ['connection', [...plain, 'connection', 'close']],
  ['transfer-encoding', [...plain, 'transfer-encoding', 'chunked']],
  ['upgrade', [...plain, 'upgrade', 'websocket']],
  ['keep-alive', [...plain, 'keep-alive', 'x']],
  ['proxy-connection', [...plain, 'proxy-connection', 'x']],
  ['http2-settings', [...plain, 'http2-settings', 'x']],
  ['te other than trailers', [...plain, 'te', 'trailers, gzip']],
] as const) {
  test(`reports ${name} as malformed`, () => assert.equal(codeOf(raw), 'E8008_MALFORMED'))
}

for (const path of ['http://evil.test/', '*x', '**']) {
  test(`refuses a :path that is not a path: ${path}`, () => {
    assert.equal(codeOf(changed(':path', path)), 'E8008_TARGET_INVALID')
  })
}

test('allows TE: trailers', () => assert.equal(codeOf([...plain, 'te', 'trailers']), undefined))
