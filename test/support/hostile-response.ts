import fc from 'fast-check'

/** A response, which may be malformed, and where it is cut into pieces. */
export interface PlayedResponse {
  readonly method: string
  /** A character for each byte. */
  readonly text: string
  /** Positions, in any order. */
  readonly cuts: readonly number[]
}

/** Bytes in the pieces between these positions. */
export function inPieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
  const pieces: Buffer[] = []
  let start = 0
  for (const end of [...ends, bytes.length]) {
    // Each piece has memory of its own, as what is read from a socket.
    if (end > start) pieces.push(Buffer.from(bytes.subarray(start, end)))
    start = Math.max(start, end)
  }
  return pieces
}

const blanks = fc.constantFrom('', ' ', ' ', ' ', '  ', '\t', ' \t')
const lineEnd = fc.constantFrom(...Array.from({ length: 300 }, () => '\r\n'), '\n', '\r', '\r\r\n', '\n\r\n', '\r\n ')
const name = fc.constantFrom('X-A', 'x-b', 'Server', 'Content-Type', 'Trailer', 'X!#$', 'Date', 'Set-Cookie', 'Upgrade')
const value = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('', 'a', 'text/html', 'a: b', '\xe9\xff', 'a\tb', '"', ',', 'X-A') },
  { weight: 1, arbitrary: fc.constantFrom('a\r\n b', '\r\n b', 'a\r\n\tb ', 'a\r\n\r\n b') },
  {
    weight: 9,
    arbitrary: fc.string({
      unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
      maxLength: 12,
    }),
  },
)
const connection = fc
  .constantFrom(
    'close',
    'keep-alive',
    'Keep-Alive',
    'CLOSE',
    'close, x-a',
    'x-a , keep-alive',
    'upgrade',
    'keep-alive, close',
    ',',
    ' ',
  )
  .map((text): [string, string] => ['Connection', text])
const keepAlive = fc
  .constantFrom('timeout=5', 'timeout=60, max=3', 'timeout=2', 'x')
  .map((text): [string, string] => ['Keep-Alive', text])
const strangeFraming = fc.oneof(
  fc
    .constantFrom('5', '0', '+5', '5,5', '5, 5', '0x5', '', ' 5 ', '005', '-1', '5 5', '99999999999999999999')
    .map((text): [string, string] => ['Content-Length', text]),
  fc
    .constantFrom(
      'chunked',
      'Chunked',
      'gzip',
      'gzip, chunked',
      'chunked, chunked',
      'identity',
      '',
      'xchunked',
      '"chunked"',
      'chunked;q=1',
    )
    .map((text): [string, string] => ['Transfer-Encoding', text]),
)
const field = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(name, value) },
  { weight: 6, arbitrary: connection },
  { weight: 2, arbitrary: keepAlive },
  { weight: 1, arbitrary: strangeFraming },
)

const fieldLine = fc
  .tuple(field, blanks, blanks, lineEnd)
  .map(([[key, text], before, after, end]) => `${key}:${before}${text}${after}${end}`)
const section = fc.array(fieldLine, { maxLength: 4 }).map((lines) => lines.join(''))

const version = fc.constantFrom(
  ...Array.from({ length: 40 }, () => 'HTTP/1.1'),
  'HTTP/1.0',
  'HTTP/1.0',
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/1.2',
  'HTTP/2.0',
  'http/1.1',
  'ICY',
)
const status = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('200', '200', '200', '404', '204', '304', '500', '201', '206', '599') },
  { weight: 1, arbitrary: fc.constantFrom('099', '600', '999', '2000', '20', '+200', '101', '199', '205', '150') },
)
const reason = fc.constantFrom(' OK', ' OK', ' OK', ' Not Found', ' ', '', ' \xe9', '  two', ' a\tb', ' \x00')
const statusLine = fc.tuple(version, status, reason, lineEnd).map(([v, s, r, e]) => `${v} ${s}${r}${e}`)
const interim = fc
  .tuple(fc.constantFrom('103', '102', '103', '100', '199'), section, lineEnd)
  .map(([code, fields, end]) => `HTTP/1.1 ${code} Early\r\n${fields}${end}`)

const text = fc.oneof(
  fc.constantFrom('', 'x', 'hello', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', '0\r\n\r\n', '\r\n', '\r\n\r\n'),
  fc.string({ unit: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 40 }),
)

const extension = fc.constantFrom(
  '',
  '',
  '',
  '',
  '',
  '',
  ';a',
  ';a=b',
  ';a="b c"',
  ';a="\\""',
  '; a',
  ';',
  ';a=',
  ' ',
  '  ',
  ';a=";"',
  ';a;b=1',
  ';a="b',
  ' ;a',
)
const chunk = fc.tuple(
  text,
  extension,
  fc.constantFrom(...Array.from({ length: 12 }, () => ''), '0', '00', '+', '0x', '-', ' ', 'g'),
  lineEnd,
  lineEnd,
)
const chunks = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), extension, section, lineEnd)
  .map(([all, last, trailers, end]) => {
    const parts = all
      .filter(([content]) => content !== '')
      .map(([content, ext, sign, e1, e2]) => `${sign}${content.length.toString(16)}${ext}${e1}${content}${e2}`)
    return `${parts.join('')}0${last}\r\n${trailers}${end}`
  })

/** The framing fields and the content. */
const framed = fc.oneof(
  { weight: 4, arbitrary: text.map((content): [string, string] => [`Content-Length: ${content.length}\r\n`, content]) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(chunks, fc.constantFrom('chunked', 'chunked', 'chunked', 'Chunked', ' chunked ', 'gzip, chunked'))
      .map(([content, coding]): [string, string] => [`Transfer-Encoding: ${coding}\r\n`, content]),
  },
  { weight: 2, arbitrary: text.map((content): [string, string] => ['', content]) },
)

const response = fc
  .tuple(
    fc.array(interim, { maxLength: 2 }),
    statusLine,
    section,
    framed,
    section,
    lineEnd,
    fc.constantFrom('', '', '', 'more', '\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'),
  )
  .map(([early, line, first, [framing, content], second, end, more]) =>
    [...early, line, first, framing, second, end, content, more].join(''),
  )

/** A change of some bytes: how many are dropped where, and what comes there. */
const mutation = fc.record({
  at: fc.nat({ max: 400 }),
  drop: fc.nat({ max: 3 }),
  add: fc.oneof(
    fc.constantFrom(
      '',
      '\r',
      '\n',
      '\r\n',
      ' ',
      '\t',
      ':',
      '\0',
      '0',
      '1',
      'f',
      ';',
      '"',
      ',',
      '\x7f',
      '\x80',
      '\r\n\r\n',
      '\x0b',
    ),
    fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  ),
})
const mutations = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 2, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 3 }) },
)

/** Responses of which about half are valid, each in random pieces. */
export const hostileResponse: fc.Arbitrary<PlayedResponse> = fc
  .tuple(
    fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD'),
    response,
    mutations,
    fc.array(fc.nat({ max: 600 }), { maxLength: 6 }),
    fc.boolean(),
  )
  .map(([method, message, changes, cuts, isCut]) => {
    let changed = message
    for (const { at, drop, add } of changes) {
      const from = at % (changed.length + 1)
      changed = changed.slice(0, from) + add + changed.slice(from + drop)
    }
    return { method, text: changed, cuts: isCut ? cuts : [] }
  })
