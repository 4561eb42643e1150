import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isIPv4, isIPv6 } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Ajv } from 'ajv'
import { HarError, harWriter, readHar, type HarExchange } from '../../../../src/inspect/har/har.ts'
import { createRedactor, redactExchange } from '../../../../src/inspect/redact/redact.ts'
import { planted } from '../../../support/planted.ts'
import { recorded, type RecordedFacts } from '../../../support/recorded.ts'

/** The parts of an entry that tests look at. */
interface Entry {
  readonly pageref?: string
  readonly startedDateTime: string
  readonly time: number
  readonly request: Record<string, unknown> & { readonly postData?: Record<string, unknown> }
  readonly response: Record<string, unknown> & { readonly content: Record<string, unknown> }
  readonly timings: Record<string, number>
  readonly [name: string]: unknown
}

const schemas = createRequire(import.meta.url)('har-schema') as Record<string, object>
const ajv = new Ajv({
  strict: false,
  validateSchema: false,
  allErrors: true,
  formats: { 'date-time': /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, uri: isUri, ipv4: isIPv4, ipv6: isIPv6 },
})
for (const schema of Object.values(schemas)) ajv.addSchema(withoutDialect(schema))
const isHar = ajv.getSchema('har.json#')

/** The published schema is of draft 6, whose words all mean the same today. */
function withoutDialect(schema: object): object {
  return { ...schema, $schema: undefined }
}

/** RFC 3986: what `new URL()` takes may hold brackets and quotes, which strict readers refuse. */
function isUri(text: string): boolean {
  return (
    URL.canParse(text) &&
    /^[a-z][a-z0-9+.-]*:\/\/(?:\[[0-9a-f:.]+\]|[\w:.~%!$&'()*+,;=@-])*(?::\d*)?(?:[/?](?:[\w.~!$&'()*+,;=:@/?-]|%[0-9A-F]{2})*)?$/i.test(
      text,
    )
  )
}

function write(...exchanges: HarExchange[]): string {
  const writer = harWriter('1.2.3')
  for (const exchange of exchanges) writer.add(exchange)
  const text = writer.end()
  assert.ok(isHar?.(JSON.parse(text)), JSON.stringify(isHar?.errors, null, 2))
  return text
}

function entry(facts: RecordedFacts, more: Partial<HarExchange> = {}): Entry {
  const redacted = redactExchange(recorded(facts), createRedactor())
  const { log } = JSON.parse(write({ ...redacted, ...more })) as { log: { entries: Entry[] } }
  return log.entries[0] as Entry
}

describe('a row of the HAR rules:', () => {
  test('connect includes ssl, which the time of an entry does not count again', () => {
    const phases = { blocked: 1, dns: 2, connect: 30, tls: 20, send: 4, wait: 5, receive: 6 }
    const { timings, time } = entry({}, { phases })
    assert.deepEqual(timings, { blocked: 1, dns: 2, connect: 30, ssl: 20, send: 4, wait: 5, receive: 6 })
    assert.equal(time, 48)
  })

  test('-1 stands for blocked, dns, connect and ssl only', () => {
    for (const facts of [{}, { status: false, firstByteMs: undefined, endMs: undefined, aborted: true } as const]) {
      const { timings, time } = entry(facts)
      const { blocked, dns, connect, ssl, send, wait, receive } = timings
      assert.deepEqual([blocked, dns, connect, ssl], [-1, -1, -1, -1])
      for (const ms of [send, wait, receive]) assert.ok((ms ?? -1) >= 0)
      assert.ok(time >= 0)
    }
    assert.deepEqual(entry({ firstByteMs: 1.5, endMs: 2 }).timings['wait'], 1.5)
    assert.equal(entry({ firstByteMs: 1.5, endMs: 2 }).time, 2)
  })

  test('a reused connection has no connect, ssl and dns', () => {
    const { timings, time } = entry({ firstByteMs: 7, endMs: 9 }, { phases: { blocked: 2 } })
    assert.deepEqual(timings, { blocked: 2, dns: -1, connect: -1, ssl: -1, send: 0, wait: 5, receive: 2 })
    assert.equal(time, 9)
  })

  test('content.size is decoded, compression is size without bodySize, and a 206 has none', () => {
    const packed = gzipSync('a'.repeat(1000))
    const headers = ['Content-Type', 'text/plain', 'Content-Encoding', 'gzip']
    const { response } = entry({ headers, content: packed })
    assert.equal(response.content['size'], 1000)
    assert.equal(response['bodySize'], packed.length)
    assert.equal(response.content['compression'], 1000 - packed.length)
    assert.equal(response.content['text'], 'a'.repeat(1000))
    assert.ok(!('compression' in entry({ status: 206, headers, content: packed }).response.content))
    assert.ok(!('compression' in entry({ content: 'plain' }).response.content))
    assert.equal(entry({ content: 'plain' }).response.content['size'], 5)
  })

  test('bodySize is 0 for a 304', () => {
    const { response } = entry({ status: 304, headers: [] })
    assert.equal(response['bodySize'], 0)
    assert.ok(!('compression' in response.content))
  })

  test('headersSize is the length of the head with its empty line, as it was received', () => {
    const requestHeaders = ['Host', 'localhost', 'Cookie', 'session=a-long-secret-1']
    const head = 'GET /?token=a-long-secret-1 HTTP/1.1\r\nHost: localhost\r\nCookie: session=a-long-secret-1\r\n\r\n'
    assert.equal(entry({ target: '/?token=a-long-secret-1', requestHeaders }).request['headersSize'], head.length)
    assert.equal(entry({ version: '2', requestHeaders }).request['headersSize'], -1)
    assert.equal(entry({}).response['headersSize'], -1)
  })

  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'QUERY', 'GET']) {
    test(`the content of a ${method} is postData, as text without params`, () => {
      const requestHeaders = ['Content-Type', 'application/x-www-form-urlencoded']
      const { request } = entry({ method, requestHeaders, requestContent: 'a=b&c=d' })
      assert.deepEqual(request.postData, { mimeType: 'application/x-www-form-urlencoded', text: 'a=b&c=d' })
      assert.equal(request['bodySize'], 7)
    })
  }

  test('a request without content has no postData', () => {
    assert.equal(entry({ method: 'POST' }).request.postData, undefined)
  })

  test('bytes are base64; requests say so in a field of our own', () => {
    const bytes = Buffer.from([0x89, 0x50, 0xff, 0xe2, 0x82])
    const image = ['Content-Type', 'image/png']
    const { request, response } = entry({
      requestHeaders: image,
      requestContent: bytes,
      headers: image,
      content: bytes,
    })
    assert.deepEqual(request.postData, { mimeType: 'image/png', text: bytes.toString('base64'), _encoding: 'base64' })
    const { content } = response
    assert.deepEqual([content['encoding'], content['text']], ['base64', bytes.toString('base64')])
  })

  test('text that is cut off within a character, and at the 100th byte, is not lost', () => {
    const text = `${'a'.repeat(99)}€`
    assert.equal(entry({ content: text }).response.content['text'], text)
    const cut = Buffer.from(text).subarray(0, 100)
    const { content } = entry({ content: cut, bytes: 102 }).response
    assert.equal(Buffer.from(content['text'] as string, 'base64').toString('hex'), cut.toString('hex'))
    assert.equal(content['comment'], 'the first 100 of 102 bytes')
    assert.equal(content['size'], 102)
  })

  test('a URL has no fragment, and an address no brackets', () => {
    const { request, serverIPAddress, connection } = entry({
      target: '/a?b=c#d',
      authority: '[::1]:8008',
      peer: { address: '::1', port: 50_000, localAddress: '::1', encrypted: true },
    })
    assert.equal(request['url'], 'https://[::1]:8008/a?b=c')
    assert.equal(serverIPAddress, '::1')
    assert.equal(connection, '::1:50000')
  })

  test('a URL holds no placeholder that strict readers refuse', () => {
    const { request } = entry({ target: '/a b"?token=x&y=[1]', authority: 'localhost' })
    assert.match(request['url'] as string, /^http:\/\/localhost\/a%20b%22\?token=%5Bredacted:[0-9a-f]{4}%5D&y=%5B1%5D$/)
    const [{ value }] = request['queryString'] as [{ value: string }]
    assert.match(value, /^\[redacted:[0-9a-f]{4}\]$/)
  })

  test('an aborted exchange is an entry of status 0 with an error', () => {
    const left = entry({ status: false, aborted: true, firstByteMs: undefined, endMs: 5 })
    assert.equal(left.response['status'], 0)
    assert.equal(left['_error'], 'the client left')
    const cut = entry({ aborted: true, refusal: 'E8008_UPSTREAM_RESET' })
    assert.equal(cut.response['status'], 200)
    assert.equal(cut['_error'], 'E8008_UPSTREAM_RESET')
    assert.equal(cut.response['comment'], 'incomplete: E8008_UPSTREAM_RESET')
  })

  test('cookies have their attributes, and expires in ISO form', () => {
    const { request, response } = entry({
      requestHeaders: ['Cookie', 'a=1; b=2'],
      headers: [
        ...[
          'Set-Cookie',
          'sid=x; Path=/a; Domain=a.test; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Secure; HttpOnly; SameSite=Lax',
        ],
        ...['Set-Cookie', 'b=; Expires=0'],
      ],
    })
    assert.deepEqual(
      (request['cookies'] as { name: string }[]).map(({ name }) => name),
      ['a', 'b'],
    )
    const [first, second] = response['cookies'] as Record<string, unknown>[]
    assert.match(first?.['value'] as string, /^\[redacted:/)
    assert.deepEqual(
      { ...first, value: '' },
      {
        ...{ name: 'sid', value: '', path: '/a', domain: 'a.test', expires: '2026-10-21T07:28:00.000Z' },
        ...{ httpOnly: true, secure: true, sameSite: 'Lax' },
      },
    )
    assert.deepEqual(second, { name: 'b', value: '', httpOnly: false, secure: false })
  })

  test('messages of a WebSocket are as Chrome has them', () => {
    const facts: RecordedFacts = { status: 101, headers: [], requestHeaders: ['Upgrade', 'websocket'] }
    const messages = [
      { isSent: true, time: 1_767_614_400_250, opcode: 1, data: Buffer.from('hé') },
      { isSent: false, time: 1_767_614_400_500, opcode: 2, data: Buffer.from([0, 1, 255]) },
    ]
    const { request, _resourceType, _webSocketMessages } = entry(facts, { messages })
    assert.equal(_resourceType, 'websocket')
    assert.equal(request['url'], 'ws://localhost:8008/')
    assert.deepEqual(_webSocketMessages, [
      { type: 'send', time: 1767614400.25, opcode: 1, data: 'hé' },
      { type: 'receive', time: 1767614400.5, opcode: 2, data: 'AAH/' },
    ])
  })

  test('an event stream is text', () => {
    const { content } = entry({ headers: ['Content-Type', 'text/event-stream'], content: 'data: a\n\n' }).response
    assert.deepEqual([content['mimeType'], content['text']], ['text/event-stream', 'data: a\n\n'])
  })

  test('trailers, and what only this server knows, have names of their own', () => {
    const found = entry({
      trailers: ['grpc-status', '0'],
      route: '/api',
      upstream: 'http://localhost:3000',
      user: 'ada',
    })
    assert.deepEqual(found['_trailers'], [{ name: 'grpc-status', value: '0' }])
    assert.deepEqual([found['_route'], found['_upstream'], found['_user']], ['/api', 'http://localhost:3000', 'ada'])
    assert.ok(!('_requestTrailers' in found))
  })

  test('entries belong to the page of their navigation', () => {
    const page = { requestHeaders: ['Sec-Fetch-Dest', 'document', 'Sec-Fetch-Mode', 'navigate'], target: '/a' }
    const exchanges = [
      recorded({ time: 3, requestHeaders: ['Referer', 'http://other.test/'] }),
      recorded({ time: 1, ...page }),
      recorded({ time: 2, requestHeaders: ['Referer', 'http://localhost:8008/a'] }),
    ]
    const { log } = JSON.parse(write(exchanges[1]!, exchanges[0]!, exchanges[2]!)) as {
      log: { pages: { id: string; title: string }[]; entries: Entry[] }
    }
    assert.deepEqual(
      log.pages.map(({ id, title }) => [id, title]),
      [['page_1', 'http://localhost:8008/a']],
    )
    assert.deepEqual(
      log.entries.map(({ pageref }) => pageref),
      ['page_1', 'page_1', undefined],
    )
  })

  test('the creator and the comment tell who wrote the file, and that it is redacted', () => {
    const { log } = JSON.parse(write()) as { log: Record<string, unknown> }
    assert.deepEqual(log['creator'], { name: 'serve8008', version: '1.2.3', comment: 'redacted' })
    assert.deepEqual([log['comment'], log['version'], log['pages'], log['entries']], ['redacted', '1.2', [], []])
  })

  test('content that could be neither decoded nor redacted is withheld', () => {
    const { request, response } = entry({
      requestHeaders: ['Content-Type', 'application/grpc'],
      requestContent: '\0\0',
      headers: ['Content-Encoding', 'compress'],
      content: 'abc',
    })
    assert.deepEqual(request.postData, { mimeType: 'application/grpc', text: '', comment: 'withheld: binary content' })
    assert.equal(response.content['comment'], 'withheld: content in the coding compress')
    assert.ok(!('text' in response.content))
    assert.equal(response.content['size'], 3)
  })
})

test('no planted secret is in a file', () => {
  const redactor = createRedactor()
  const text = write(...planted.map(({ facts }) => redactExchange(recorded(facts), redactor)))
  const found = planted.filter(
    ({ secret }) => text.includes(secret) || text.includes(Buffer.from(secret).toString('base64')),
  )
  assert.deepEqual(
    found.map(({ place }) => place),
    [],
  )
})

test('what is written is read as the same', () => {
  const exchanges: HarExchange[] = [
    recorded({ user: 'ada', route: '/api', remark: 'x', version: '2', target: '/a?b=c', requestTrailers: ['A', 'b'] }),
    recorded({ id: 2, method: 'POST', requestContent: Buffer.from([0, 255]), content: 'héllo', trailers: ['x', 'y'] }),
    recorded({ id: 3, status: false, aborted: true, firstByteMs: undefined, endMs: 3, refusal: 'E8008_TIMEOUT' }),
  ]
  const [first, second, third] = readHar(write(...exchanges)).map(({ phases: _, ...each }) => each)
  for (const [found, before] of [
    [first, exchanges[0]],
    [second, exchanges[1]],
    [third, exchanges[2]],
  ] as const) {
    const { request, reply, ...rest } = found as HarExchange
    const { request: asked, reply: sent, ...facts } = before as HarExchange
    assert.deepEqual(rest, facts)
    const plain = ({ headers, content, bytes, trailers }: HarExchange['request']): unknown => [
      headers,
      [...content],
      bytes,
      trailers,
    ]
    assert.deepEqual(plain(request), plain(asked))
    assert.deepEqual(reply && [reply.status, plain(reply)], sent && [sent.status, plain(sent)])
  }
})

describe('reads files of', () => {
  const fixture = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', `${name}.har`), 'utf8')
  const text = (content: Uint8Array | undefined): string => Buffer.from(content ?? []).toString()

  test('Chrome', () => {
    const [page, socket, aborted] = readHar(fixture('chrome'))
    assert.deepEqual([page?.version, page?.target, page?.authority], ['2', '/index.html?a=b', 'localhost:8443'])
    assert.deepEqual(page?.request.headers, ['accept', 'text/html'])
    assert.equal(text(page?.reply?.content), '<p>Grüße\n')
    assert.equal(page?.reply?.bytes, 8)
    assert.deepEqual([page?.peer.localAddress, page?.peer.encrypted], ['::1', true])
    assert.deepEqual(page?.phases, {
      blocked: 1.5,
      dns: undefined,
      connect: 3,
      tls: 2,
      send: 0.5,
      wait: 5,
      receive: 2.5,
    })
    assert.deepEqual([page?.firstByteMs, page?.endMs, page?.aborted], [10, 12.5, false])
    assert.deepEqual(
      socket?.messages?.map(({ isSent, time, opcode, data }) => [isSent, time, opcode, [...data]]),
      [
        [true, 1_767_614_400_250, 1, [...Buffer.from('{"hello":1}')]],
        [false, 1_767_614_400_500, 2, [0, 1, 255]],
      ],
    )
    assert.deepEqual([aborted?.reply, aborted?.aborted, text(aborted?.request.content)], [undefined, true, '{"a":1}'])
  })

  test('Firefox', () => {
    const [posted] = readHar(fixture('firefox'))
    assert.equal(posted?.time, Date.UTC(2026, 0, 5, 12, 0, 0, 100))
    assert.equal(text(posted?.request.content), 'user=a+b&')
    assert.deepEqual([...(posted?.reply?.content ?? [])], [0x89, 0x50, 0x4e, 0x47])
    assert.deepEqual([posted?.request.headBytes, posted?.reply?.headBytes], [412, 200])
  })

  test('mitmproxy', () => {
    const [deleted] = readHar(fixture('mitmproxy'))
    assert.deepEqual([deleted?.method, deleted?.version, deleted?.reply?.status], ['DELETE', '2', 204])
    assert.deepEqual([deleted?.phases?.blocked, deleted?.phases?.connect, deleted?.endMs], [undefined, 10, 31])
  })

  test('Playwright, with attachments', () => {
    const [script] = readHar(fixture('playwright'), { attachment: (name) => Buffer.from(`// ${name}`) })
    assert.equal(text(script?.reply?.content), '// f00d.js')
    assert.deepEqual([script?.reply?.bytes, script?.endMs], [0, 5.2])
    const [missing] = readHar(fixture('playwright'))
    assert.equal(missing?.reply?.content.length, 0)
  })

  test('nothing else', () => {
    for (const wrong of ['', '{', '[]', '{}', 'null', '{"log":{"entries":{}}}'])
      assert.throws(() => readHar(wrong), HarError)
    assert.equal(readHar('\ufeff{"log":{"entries":[{},null,{"request":null,"response":[]}]}}').length, 3)
  })
})
