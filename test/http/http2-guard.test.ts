import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Layer } from '../../src/index.ts'
import type { AccessRecord } from '../../src/server/types.ts'
import { block, flags, frame } from '../support/frames.ts'
import { onEachListener, type EachListener } from '../support/listeners.ts'

type Field = readonly [name: string, value: string]

/** The fields of the last request that passed the guard. */
let seen: readonly string[] | undefined

const watching: Layer = (next) => (x) => {
  seen = x.headers.raw
  return next(x)
}

const records: AccessRecord[] = []
const { server } = await onEachListener({ 'a.txt': 'alpha' }, { h2c: true }, checkHttp2)
server.use(watching).on('reply', (record) => void records.push(record))

function checkHttp2({ isSecure, openFrames }: EachListener): void {
  const plain: readonly Field[] = [
    [':method', 'GET'],
    [':scheme', isSecure ? 'https' : 'http'],
    [':authority', 'localhost'],
    [':path', '/a.txt'],
  ]

  const withValue = (name: string, value: string): Field[] =>
    plain.map(([each, before]) => [each, each === name ? value : before])
  const without = (name: string): Field[] => plain.filter(([each]) => each !== name)

  /** Sends one header section. Returns the status of the reply, or `reset`. */
  async function outcomeOf(fields: readonly Field[]): Promise<number | 'reset'> {
    using client = await openFrames()
    const count = records.length
    seen = undefined
    const bytes = block(fields)
    const parts: Buffer[] = []
    for (let at = 0; at < bytes.length; at += 16_000) parts.push(bytes.subarray(at, at + 16_000))
    const frames = parts.map((part, i) => {
      const last = i === parts.length - 1 ? flags.endHeaders : 0
      return frame(i === 0 ? 'headers' : 'continuation', last | (i === 0 ? flags.endStream : 0), 1, part)
    })
    const code = await client.send(...frames).outcome(1)
    if (code === undefined) return records[count]?.status ?? 0
    assert.equal(records.length, count, 'a stream that was reset got an answer too')
    return 'reset'
  }

  /** Refused by the guard, or by Node before it, whose strictness differs between releases. */
  async function assertRefused(fields: readonly Field[], status = 400): Promise<void> {
    const outcome = await outcomeOf(fields)
    assert.ok(outcome === status || outcome === 'reset', String(outcome))
    assert.equal(seen, undefined, 'something behind the guard saw it')
  }

  test('accepts a plain request', async () => assert.equal(await outcomeOf(plain), 200))

  for (const [name, fields] of [
    ['no :method', without(':method')],
    ['no :scheme', without(':scheme')],
    ['no :path', without(':path')],
    ['no authority at all', without(':authority')],
    ['an empty authority', withValue(':authority', '')],
    ['userinfo in the authority', withValue(':authority', 'localhost@evil.test')],
    ['port 0 in the authority', withValue(':authority', 'localhost:0')],
    ['two authorities', withValue(':authority', 'localhost,evil.test')],
    [':authority and a Host that differ', [...plain, ['host', 'evil.test']]],
    [':authority and a Host with another port', [...plain, ['host', 'localhost:1']]],
    ['two Hosts', [...plain, ['host', 'localhost'], ['host', 'localhost']]],
    [':path twice', [...plain, [':path', '/']]],
    [':authority twice', [...plain, [':authority', 'localhost']]],
    ['an unknown pseudo-field', [...plain, [':other', 'x']]],
    ['a pseudo-field of replies', [...plain, [':status', '2']]],
    ['a pseudo-field behind a field', [['x-a', '1'], ...plain]],
    ['an upper-case name', [...plain, ['X-A', '1']]],
    ['connection', [...plain, ['connection', 'close']]],
    ['keep-alive', [...plain, ['keep-alive', 'timeout=5']]],
    ['proxy-connection', [...plain, ['proxy-connection', 'close']]],
    ['transfer-encoding', [...plain, ['transfer-encoding', 'chunked']]],
    ['upgrade', [...plain, ['upgrade', 'websocket']]],
    ['http2-settings', [...plain, ['http2-settings', 'AAMAAABk']]],
    ['te other than trailers', [...plain, ['te', 'gzip']]],
    ['a length without content', [...plain, ['content-length', '5']]],
    ['a length that is no number', [...plain, ['content-length', '+0']]],
    ['two lengths', [...plain, ['content-length', '0'], ['content-length', '0']]],
    ['an empty :path', withValue(':path', '')],
    ['a :path without a slash', withValue(':path', 'a.txt')],
    ['a whole URL as :path', withValue(':path', 'http://evil.test/a.txt')],
    ['an asterisk without OPTIONS', withValue(':path', '*')],
    ['a space in :path', withValue(':path', '/a b')],
    ['a line end in :path', withValue(':path', '/a HTTP/1.1\r\nx: y')],
    ['a fragment in :path', withValue(':path', '/a.txt#x')],
    ['a backslash in :path', withValue(':path', '/\\a.txt')],
    ['raw bytes in :path', withValue(':path', '/\xe9')],
    ['an encoded NUL in :path', withValue(':path', '/%00')],
    ['the scheme of other connections', withValue(':scheme', isSecure ? 'http' : 'https')],
    ['another scheme', withValue(':scheme', 'ftp')],
    ['a method that is no token', withValue(':method', 'GET /')],
    ['an empty method', withValue(':method', '')],
    ['a CONNECT with :path and :scheme', withValue(':method', 'CONNECT')],
    ['a :protocol without CONNECT', [...plain, [':protocol', 'websocket']]],
  ] as readonly (readonly [string, readonly Field[]])[]) {
    test(`refuses a request with ${name}`, () => assertRefused(fields))
  }

  for (const [name, status, fields] of [
    ['a foreign authority', 421, withValue(':authority', 'evil.test')],
    ['a foreign Host alone', 421, [...without(':authority'), ['host', 'evil.test']]],
    [
      'a CONNECT',
      405,
      [
        [':method', 'CONNECT'],
        [':authority', 'localhost:80'],
      ],
    ],
    ['a TRACE', 405, withValue(':method', 'TRACE')],
    ['an unknown method', 501, withValue(':method', 'FROBNICATE')],
    ['an unknown expectation', 417, [...plain, ['expect', 'miracles']]],
    ['a target above the limit', 414, withValue(':path', `/${'x'.repeat(9000)}`)],
    ['more fields than the limit', 431, [...plain, ...Array.from({ length: 200 }, (_, i): Field => [`x-${i}`, '1'])]],
    ['more bytes than the limit', 431, [...plain, ['x-a', 'x'.repeat(16_384)]]],
    ['an unknown :protocol', 501, [...withValue(':method', 'CONNECT'), [':protocol', 'connect-udp']]],
    ['a WebSocket to a file', 405, [...withValue(':method', 'CONNECT'), [':protocol', 'websocket']]],
    [
      'a WebSocket to a foreign authority',
      421,
      [...withValue(':method', 'CONNECT').map(foreign), [':protocol', 'websocket']],
    ],
  ] as readonly (readonly [string, number, readonly Field[]])[]) {
    test(`answers ${name} with ${status}, as in HTTP/1.1`, async () => assert.equal(await outcomeOf(fields), status))
  }

  function foreign([name, value]: Field): Field {
    return [name, name === ':authority' ? 'evil.test' : value]
  }

  test('resets the stream of a header section far above the limit', async () => {
    const fields = Array.from({ length: 8 }, (_, i): Field => [`x-${i}`, 'x'.repeat(15_000)])
    await assertRefused([...plain, ...fields], 431)
  })

  test('accepts Host without :authority, and both if they are equal', async () => {
    assert.equal(await outcomeOf([...without(':authority'), ['host', 'localhost']]), 200)
    assert.equal(await outcomeOf([...plain, ['host', 'LOCALHOST.']]), 200)
  })

  test('accepts OPTIONS *', async () => {
    assert.equal(await outcomeOf(withValue(':method', 'OPTIONS').map(asterisk)), 204)
  })

  function asterisk([name, value]: Field): Field {
    return [name, name === ':path' ? '*' : value]
  }

  for (const value of ['a\r\nx-b: c', 'a\0b', '\x01', '\x7f', ' a', 'a\t']) {
    test(`never passes a value that could split a message: ${JSON.stringify(value)}`, async () => {
      await outcomeOf([...plain, ['x-a', value]])
      assert.equal(seen?.includes(value) ?? false, false)
      assert.equal(seen?.includes('x-b') ?? false, false)
    })
  }

  for (const name of ['x a', 'x:a', 'x\r\na', '', 'x\0']) {
    test(`never passes a name that is not a token: ${JSON.stringify(name)}`, async () => {
      await outcomeOf([...plain, [name, '1']])
      assert.equal(seen?.includes(name) ?? false, false)
    })
  }

  test('passes fields as they were sent, with cookies joined', async () => {
    await outcomeOf([...plain, ['x-a', '1'], ['cookie', 'a=1'], ['x-a', '\xe9'], ['cookie', 'b=2'], ['te', 'trailers']])
    assert.deepEqual(seen, ['Host', 'localhost', 'x-a', '1', 'x-a', '\xe9', 'te', 'trailers', 'cookie', 'a=1; b=2'])
  })

  test('resets the stream of content with another length than announced', async () => {
    for (const [announced, sent] of [
      ['5', 'abcdef'],
      ['5', 'abc'],
    ] as const) {
      using client = await openFrames()
      client.request(1, [...withValue(':method', 'POST'), ['content-length', announced]], false)
      client.send(frame('data', flags.endStream, 1, Buffer.from(sent)))
      assert.notEqual(await client.outcome(1), undefined)
    }
  })

  test('keeps the other streams of a session after a refused one', async () => {
    using client = await openFrames()
    client
      .request(1, [...plain, ['connection', 'close']])
      .request(3, plain)
      .request(5, withValue(':authority', 'evil.test'))
    assert.equal(await client.outcome(1), 1)
    assert.equal(await client.outcome(3), undefined)
    assert.equal(await client.outcome(5), undefined)
    client.request(7, plain)
    assert.equal(await client.outcome(7), undefined)
  })
}
