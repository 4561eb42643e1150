import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResponseParser, type AwaitedResponse } from '../../../../src/proxy/h1/response-parser.ts'
import { UpstreamError } from '../../../../src/proxy/upstream/upstream-error.ts'

const headerBytes = 1024

/** What was read, in order; the pieces of the content joined. */
interface Outcome {
  readonly events: string[]
  readonly rest: string
  readonly isReusable: boolean
}

/** Reads pieces, and then the end of the connection. A character stands for a byte. */
function read(pieces: readonly string[], awaited: Partial<AwaitedResponse> = {}): Outcome {
  const events: string[] = []
  let content = ''
  const tell = (event: string): void => {
    if (content !== '') events.push(`data ${content}`)
    content = ''
    events.push(event)
  }
  const parser = new ResponseParser(
    {
      interim: (status, fields) => tell(`interim ${status} ${fields.join('|')}`),
      start: ({ status, reason = '-', isHttp10, raw }) =>
        tell(`${isHttp10 ? 'HTTP/1.0' : 'HTTP/1.1'} ${status} ${reason} ${raw.join('|')}`),
      data: (chunk) => (content += chunk.toString('latin1')),
      end: (trailers) => tell(`end ${(trailers ?? []).join('|')}`.trim()),
    },
    headerBytes,
  )
  parser.expect({ method: 'GET', isUpgrade: false, ...awaited })
  let rest = ''
  for (const piece of pieces) {
    if (parser.isBusy) rest += parser.read(Buffer.from(piece, 'latin1'))?.toString('latin1') ?? ''
    else rest += piece
  }
  tell(parser.finish() ? 'closed' : 'closed too early')
  return { events, rest, isReusable: parser.isReusable }
}

/** Every way to cut a text in two, the whole text, and the text byte by byte. */
function* cuts(text: string): Generator<string[]> {
  yield [text]
  yield text.split('')
  for (let at = 1; at < text.length; at++) yield [text.slice(0, at), text.slice(at)]
}

const ok = 'HTTP/1.1 200 OK\r\n'
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`
const startChunked = 'HTTP/1.1 200 OK Transfer-Encoding|chunked'
const get = {}
const head = { method: 'HEAD' }

/** What is asked, the response, its events without the end of the connection, and whether its connection is kept. */
const valid: Readonly<Record<string, [Partial<AwaitedResponse>, string, string[], boolean]>> = {
  'a length': [
    get,
    `${ok}Content-Length: 5\r\n\r\nhello`,
    ['HTTP/1.1 200 OK Content-Length|5', 'data hello', 'end'],
    true,
  ],
  'an empty content': [get, `${ok}Content-Length: 0\r\n\r\n`, ['HTTP/1.1 200 OK Content-Length|0', 'end'], true],
  'a length with zeros in front': [
    get,
    `${ok}Content-Length: 002\r\n\r\nab`,
    ['HTTP/1.1 200 OK Content-Length|002', 'data ab', 'end'],
    true,
  ],
  'Connection: close': [
    get,
    `${ok}Connection: x, Close\r\nContent-Length: 1\r\n\r\na`,
    ['HTTP/1.1 200 OK Connection|x, Close|Content-Length|1', 'data a', 'end'],
    false,
  ],
  chunks: [
    get,
    `${chunked}5\r\nhello\r\n00B\r\n, world\r\n\r\n\r\n0\r\n\r\n`,
    [startChunked, 'data hello, world\r\n\r\n', 'end'],
    true,
  ],
  'chunks in capital letters': [
    get,
    `${ok}TRANSFER-ENCODING: Chunked\r\n\r\n0A\r\n0123456789\r\n000\r\n\r\n`,
    ['HTTP/1.1 200 OK TRANSFER-ENCODING|Chunked', 'data 0123456789', 'end'],
    true,
  ],
  'extensions of chunks': [
    get,
    `${chunked}1;a;b=c;d="e \\" ;\t\xe9"\r\nx\r\n0;last\r\n\r\n`,
    [startChunked, 'data x', 'end'],
    true,
  ],
  'blanks behind the size of a chunk': [
    get,
    `${chunked}1  \r\nx\r\n0\t\r\n\r\n`,
    [startChunked, 'data x', 'end'],
    true,
  ],
  trailers: [
    get,
    `${chunked}1\r\nx\r\n0\r\nX-A: 1\r\nx-b:2\r\nConnection: x\r\n\r\n`,
    [startChunked, 'data x', 'end X-A|1|x-b|2'],
    true,
  ],
  'the end of the connection': [
    get,
    `${ok}\r\nsome\r\n\r\nmore`,
    ['HTTP/1.1 200 OK ', 'data some\r\n\r\nmore', 'end'],
    false,
  ],
  'a response to HEAD': [head, `${ok}Content-Length: 5\r\n\r\n`, ['HTTP/1.1 200 OK Content-Length|5', 'end'], true],
  'a response to HEAD without a length': [head, `${ok}\r\n`, ['HTTP/1.1 200 OK ', 'end'], true],
  'a response to HEAD in chunks': [head, chunked, [startChunked, 'end'], true],
  '204': [get, 'HTTP/1.1 204 No Content\r\n\r\n', ['HTTP/1.1 204 No Content ', 'end'], true],
  '204 that announces content': [
    get,
    'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
    ['HTTP/1.1 204 No Content Content-Length|5', 'end'],
    false,
  ],
  '304 with the length of a 200': [
    get,
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    ['HTTP/1.1 304 Not Modified Content-Length|5', 'end'],
    true,
  ],
  'interim responses': [
    get,
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok}Content-Length: 1\r\n\r\nx`,
    ['interim 100 ', 'interim 103 Link|</a>', 'HTTP/1.1 200 OK Content-Length|1', 'data x', 'end'],
    true,
  ],
  '32 interim responses': [
    get,
    `${'HTTP/1.1 102 \r\n\r\n'.repeat(32)}${ok}Content-Length: 0\r\n\r\n`,
    [...Array.from({ length: 32 }, () => 'interim 102 '), 'HTTP/1.1 200 OK Content-Length|0', 'end'],
    true,
  ],
  'HTTP/1.0': [
    get,
    'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx',
    ['HTTP/1.0 200 OK Content-Length|1', 'data x', 'end'],
    false,
  ],
  'HTTP/1.0 with keep-alive': [
    get,
    'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx',
    ['HTTP/1.0 200 OK Connection|Keep-Alive|Content-Length|1', 'data x', 'end'],
    true,
  ],
  'HTTP/1.0 with chunks': [
    get,
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ['HTTP/1.0 200 OK Connection|keep-alive|Transfer-Encoding|chunked', 'end'],
    false,
  ],
  'an empty reason': [
    get,
    'HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n',
    ['HTTP/1.1 404 - Content-Length|0', 'end'],
    true,
  ],
  'neither a reason nor a blank': [get, 'HTTP/1.1 404\r\n\r\n', ['HTTP/1.1 404 - ', 'end'], false],
  'a reason in Latin-1': [get, 'HTTP/1.1 404 \xe9t\xe9\r\n\r\n', ['HTTP/1.1 404 \xe9t\xe9 ', 'end'], false],
  'a reason with a control character, which is dropped': [
    get,
    'HTTP/1.1 404 a\0b\r\n\r\n',
    ['HTTP/1.1 404 - ', 'end'],
    false,
  ],
  'lines that continue the one before': [
    get,
    `${ok}X-A: a\r\n b\r\n\t c \r\nX-B:\r\n d\r\nContent-Length: 0\r\n\r\n`,
    ['HTTP/1.1 200 OK X-A|a b c|X-B|d|Content-Length|0', 'end'],
    true,
  ],
  'blanks around values, colons in them and bytes of Latin-1': [
    get,
    `${ok}A:\t a:b \t\r\nB:\r\nC:\xa0\xff\r\nContent-Length:0\r\n\r\n`,
    ['HTTP/1.1 200 OK A|a:b|B||C|\xa0\xff|Content-Length|0', 'end'],
    true,
  ],
  'the same field several times': [
    get,
    `${ok}Set-Cookie: a\r\nset-cookie: b\r\nContent-Length: 0\r\n\r\n`,
    ['HTTP/1.1 200 OK Set-Cookie|a|set-cookie|b|Content-Length|0', 'end'],
    true,
  ],
}

const untilClose = /the end of|reason in|reason with|neither/

for (const [name, [awaited, text, events, isReusable]] of Object.entries(valid)) {
  test(`reads ${name}, in any pieces`, () => {
    for (const pieces of cuts(text)) {
      const outcome = read(pieces, awaited)
      assert.deepEqual(outcome, { events: [...events, 'closed'], rest: '', isReusable }, JSON.stringify(pieces))
    }
  })

  // Content without a length takes them.
  if (untilClose.test(name)) continue
  test(`returns the bytes after ${name}`, () => {
    for (const pieces of cuts(`${text}HTTP/1.1 500 `)) assert.equal(read(pieces, awaited).rest, 'HTTP/1.1 500 ')
  })
}

test('reads a change of protocols that was asked for, and returns its bytes', () => {
  const text = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x01'
  for (const pieces of cuts(text)) {
    const { events, rest } = read(pieces, { isUpgrade: true })
    assert.deepEqual(events, ['HTTP/1.1 101 Switching Protocols Upgrade|websocket', 'closed'])
    assert.equal(rest, '\x81\x01')
  }
})

test('reads header sections and trailer sections up to the limit, in any pieces', () => {
  const start = `${ok}Content-Length: 0\r\nX-A: `
  const text = `${start}${'a'.repeat(headerBytes - start.length)}\r\n\r\n`
  const trailer = `${chunked}0\r\nX-A: ${'a'.repeat(headerBytes - 5)}\r\n\r\n`
  for (const whole of [text, trailer])
    for (const pieces of cuts(whole)) assert.equal(read(pieces).events.at(-1), 'closed')
})

for (const [name, text] of [
  ['within the status line', 'HTTP/1.1 20'],
  ['within the header section', `${ok}X-A`],
  ['before the content', `${ok}Content-Length: 5\r\n\r\n`],
  ['within the content', `${ok}Content-Length: 5\r\n\r\nhell`],
  ['within the size of a chunk', `${chunked}5`],
  ['within a chunk', `${chunked}5\r\nhell`],
  ['behind a chunk', `${chunked}5\r\nhello`],
  ['between two chunks', `${chunked}5\r\nhello\r\n`],
  ['within the trailer section', `${chunked}0\r\nX-A: 1\r\n`],
  ['before the last line', `${chunked}0\r\n`],
  ['after an interim response', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
] as const) {
  test(`a response that ends ${name} is incomplete`, () => {
    for (const pieces of cuts(text)) {
      const { events } = read(pieces)
      assert.equal(events.at(-1), 'closed too early')
      assert.ok(!events.includes('end'))
    }
  })
}

const refused: Readonly<Record<string, [string, RegExp]>> = {
  'a bare LF behind the status line': ['HTTP/1.1 200 OK\nX-A: a\r\n\r\n', /without CR|not an HTTP/],
  'bare LFs only': ['HTTP/1.1 200 OK\n\n', /without CR/],
  'a bare LF behind a field': [`${ok}X-A: a\nX-B: b\r\n\r\n`, /control character|without CR/],
  'a bare CR behind the status line': ['HTTP/1.1 200 OK\rX-A: a\r\n\r\n', /not an HTTP/],
  'a bare CR in a field': [`${ok}X-A: a\rX-B: b\r\n\r\n`, /control character/],
  'a blank before the colon': [`${ok}X-A : a\r\n\r\n`, /no valid name/],
  'a tab before the colon': [`${ok}X-A\t: a\r\n\r\n`, /no valid name/],
  'a field without a name': [`${ok}: a\r\n\r\n`, /no valid name/],
  'a field without a colon': [`${ok}X-A\r\n\r\n`, /no valid name/],
  'a colon on the next line only': [`${ok}X-A\r\nB: c\r\n\r\n`, /no valid name/],
  'a first line that continues': [`${ok} X-A: a\r\n\r\n`, /no valid name/],
  'a blank in a name': [`${ok}X A: a\r\n\r\n`, /no valid name/],
  'a name in Latin-1': [`${ok}X-\xe9: a\r\n\r\n`, /no valid name/],
  'NUL in a name': [`${ok}X\0: a\r\n\r\n`, /no valid name/],
  'NUL in a value': [`${ok}X-A: a\0\r\n\r\n`, /control character/],
  'a control character in a value': [`${ok}X-A: a\x0bb\r\n\r\n`, /control character/],
  'DEL in a value': [`${ok}X-A: a\x7fb\r\n\r\n`, /control character/],
  'a control character in a field that is dropped': [`${ok}Connection: a\x01\r\n\r\n`, /control character/],
  'two lengths': [`${ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, /more than once/],
  'two equal lengths': [`${ok}Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello`, /more than once/],
  'a length and chunks': [
    `${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    /Content-Length and Transfer-Encoding/,
  ],
  'a length and chunks in an interim response': [
    'HTTP/1.1 103 \r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n',
    /Content-Length and Transfer-Encoding/,
  ],
  'two codings': [`${ok}Transfer-Encoding: chunked, chunked\r\n\r\n`, /not "chunked"/],
  'two fields with codings': [`${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`, /not "chunked"/],
  'gzip as a transfer coding': [`${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`, /not "chunked"/],
  'an empty coding': [`${ok}Transfer-Encoding:\r\n\r\n`, /not "chunked"/],
  'a folded coding': [`${ok}Transfer-Encoding: chun\r\n ked\r\n\r\n`, /not "chunked"/],
  ...Object.fromEntries(
    ['+5', '-5', '5,5', '5, 5', '0x5', '5a', '', '5 5', '5.0', '1e3', '9999999999999999', '18446744073709551621'].map(
      (length): [string, [string, RegExp]] => [
        `Content-Length: ${length}`,
        [`${ok}Content-Length: ${length}\r\n\r\nhello`, /not a number of bytes/],
      ],
    ),
  ),
  ...Object.fromEntries(
    [
      '',
      ' 5',
      '+5',
      '-5',
      '0x5',
      'g',
      '5g',
      '5 5',
      ';a',
      '5;',
      '5; a',
      '5;a=',
      '5;a="',
      '5;a=b c',
      '5,',
      '5\r',
      '5\0',
      '12345678901234',
    ].map((size): [string, [string, RegExp]] => [
      `the size ${JSON.stringify(size)} of a chunk`,
      [`${chunked}${size}\r\nhello\r\n0\r\n\r\n`, /size of a chunk is malformed/],
    ]),
  ),
  'a bare LF behind the size of a chunk': [`${chunked}5\nhello\r\n0\r\n\r\n`, /size of a chunk is malformed/],
  'no CRLF behind a chunk': [`${chunked}5\r\nhello0\r\n\r\n`, /where its size says/],
  'LF behind a chunk': [`${chunked}5\r\nhello\n0\r\n\r\n`, /where its size says/],
  'CR alone behind a chunk': [`${chunked}5\r\nhello\r0\r\n\r\n`, /where its size says/],
  'the size of a chunk that does not end': [`${chunked}${'0'.repeat(4097)}`, /does not end/],
  'an extension that does not end': [`${chunked}1;${'a'.repeat(4096)}`, /does not end/],
  'a trailer with a bare LF': [`${chunked}0\r\nX-A: a\nX-B: b\r\n\r\n`, /control character/],
  'a trailer with a bare CR': [`${chunked}0\r\nX-A: a\rX-B: b\r\n\r\n`, /control character/],
  'a trailer without a name': [`${chunked}0\r\n: a\r\n\r\n`, /no valid name/],
  'a trailer section that begins with CR alone': [`${chunked}0\r\n\rX`, /trailer section is malformed/],
  'a length in the trailer section': [`${chunked}0\r\nContent-Length: 5\r\n\r\n`, /trailer section declares/],
  'a coding in the trailer section': [`${chunked}0\r\nTransfer-Encoding: chunked\r\n\r\n`, /trailer section declares/],
  'status 099': ['HTTP/1.1 099 Low\r\n\r\n', /status is 99/],
  'status 600': ['HTTP/1.1 600 High\r\n\r\n', /status is 600/],
  'status 999': ['HTTP/1.1 999 High\r\n\r\n', /status is 999/],
  'status 2000': ['HTTP/1.1 2000 OK\r\n\r\n', /not an HTTP/],
  'status 20': ['HTTP/1.1 20 OK\r\n\r\n', /not an HTTP/],
  'no status': ['HTTP/1.1 OK\r\n\r\n', /not an HTTP/],
  'two blanks before the status': ['HTTP/1.1  200 OK\r\n\r\n', /not an HTTP/],
  'a tab behind the status': ['HTTP/1.1 200\tOK\r\n\r\n', /not an HTTP/],
  'HTTP/2.0': ['HTTP/2.0 200 OK\r\n\r\n', /not an HTTP/],
  'HTTP/1.2': ['HTTP/1.2 200 OK\r\n\r\n', /not an HTTP/],
  'HTTP/0.9': ['HTTP/0.9 200 OK\r\n\r\n', /not an HTTP/],
  'HTTP in small letters': ['http/1.1 200 OK\r\n\r\n', /not an HTTP/],
  'blank lines in front': [`\r\n\r\n${ok}\r\n`, /not an HTTP/],
  'another protocol': ['SSH-2.0-OpenSSH_9.2\r\n', /not an HTTP/],
  'a page without a header section': ['<!doctype html>', /not an HTTP/],
  'frames of HTTP/2': ['\0\0\x12\x04\0\0\0\0\0', /not an HTTP/],
  '33 interim responses': ['HTTP/1.1 102 \r\n\r\n'.repeat(33), /more than 32 interim/],
  'a change of protocols that was not asked for': [
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n',
    /without a request to upgrade/,
  ],
}

for (const [name, [text, why]] of Object.entries(refused)) {
  test(`refuses ${name}, in any pieces`, () => {
    for (const pieces of cuts(text)) {
      assert.throws(
        () => read(pieces),
        (error) => error instanceof UpstreamError && error.fault === 'protocol' && why.test(error.message),
        JSON.stringify(pieces),
      )
    }
  })
}

for (const [name, text] of [
  ['a header section', `${ok}X-A: ${'a'.repeat(headerBytes)}`],
  ['an interim header section', `HTTP/1.1 103 \r\nX-A: ${'a'.repeat(headerBytes)}`],
  ['a status line', `HTTP/1.1 200 ${'a'.repeat(headerBytes)}`],
  ['a trailer section', `${chunked}0\r\nX-A: ${'a'.repeat(headerBytes)}`],
] as const) {
  test(`refuses ${name} above the limit, whether it ends or not`, () => {
    for (const end of ['', '\r\n\r\n'])
      for (const pieces of cuts(text + end)) assert.throws(() => read(pieces), { fault: 'headers-too-large' })
  })
}

test('refuses chunks whose extensions outgrow the content', () => {
  const chunk = `1;${'a'.repeat(4000)}\r\nx\r\n`
  assert.throws(() => read([`${chunked}${chunk.repeat(20)}0\r\n\r\n`]), /too many extensions/)
  assert.equal(read([`${chunked}${chunk.repeat(16)}0\r\n\r\n`]).events.at(-1), 'closed')
})

test('reads the next response after the one before', () => {
  const events: string[] = []
  const parser = new ResponseParser(
    {
      interim: (status) => events.push(`interim ${status}`),
      start: ({ status }) => events.push(`start ${status}`),
      data: (chunk) => events.push(`data ${chunk.toString()}`),
      end: () => events.push('end'),
    },
    headerBytes,
  )
  for (const status of [200, 404]) {
    parser.expect({ method: 'GET', isUpgrade: false })
    assert.ok(parser.isBusy)
    const interim = 'HTTP/1.1 102 \r\n\r\n'.repeat(32)
    assert.equal(parser.read(Buffer.from(`${interim}HTTP/1.1 ${status} \r\nContent-Length: 1\r\n\r\nx`)), undefined)
    assert.ok(!parser.isBusy)
  }
  assert.deepEqual(
    events.filter((event) => event !== 'interim 102'),
    ['start 200', 'data x', 'end', 'start 404', 'data x', 'end'],
  )
})

test('keeps no piece that it was given', () => {
  const text = Buffer.from(`${ok}X-A: a\r\nContent-Length: 0\r\n\r\n`)
  let fields: readonly string[] = []
  const ignore = (): void => {}
  const parser = new ResponseParser(
    { interim: ignore, start: ({ raw }) => (fields = raw), data: ignore, end: ignore },
    1024,
  )
  parser.expect({ method: 'GET', isUpgrade: false })
  const memory = Buffer.alloc(20)
  for (let at = 0; at < text.length; at += memory.length) {
    const length = text.copy(memory, 0, at)
    parser.read(memory.subarray(0, length))
    memory.fill(0)
  }
  assert.deepEqual(fields, ['X-A', 'a', 'Content-Length', '0'])
})

test('passes on the content of all chunks in a piece at once', () => {
  const parts = Array.from({ length: 300 }, (_, at) => 'abc'.repeat((at % 50) + 1))
  const text = `${chunked}${parts.map((part) => `${part.length.toString(16)};x\r\n${part}\r\n`).join('')}0\r\n\r\n`
  for (const size of [text.length, 1000, 64, 7]) {
    const received: string[] = []
    const ignore = (): void => {}
    const parser = new ResponseParser(
      { interim: ignore, start: ignore, data: (chunk) => received.push(chunk.toString()), end: ignore },
      1024,
    )
    parser.expect({ method: 'GET', isUpgrade: false })
    for (let at = 0; at < text.length; at += size) parser.read(Buffer.from(text.slice(at, at + size)))
    assert.equal(received.join(''), parts.join(''))
    assert.ok(received.length <= Math.ceil(text.length / size), `${received.length}`)
    assert.ok(!parser.isBusy)
  }
})
