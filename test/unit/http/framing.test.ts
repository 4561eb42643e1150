import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { frameReply, type Framing, type ReplyTransport } from '../../../src/http/framing.ts'
import type { Body, Reply } from '../../../src/http/message/reply.ts'

const source = (length?: number): Body => ({ length, pull: async () => {}, cancel: () => {} })

/** Frames a reply, and lists the fields that frame it. */
function framed(reply: Partial<Reply>, method: string, transport: ReplyTransport): string {
  const whole = { status: 200, headers: [], body: null, ...reply }
  const { headers, isBodyless, hasTrailers }: Framing = frameReply(whole, method, transport)
  const fields = headers.map((text, i) => (i % 2 === 0 ? `${text}=` : `${text} `)).join('')
  return `${fields}${isBodyless ? 'bodyless ' : ''}${hasTrailers ? 'trailers ' : ''}`.trim()
}

const transports = ['1.0', '1.1', '2', 'fetch'] as const
const bytes = Buffer.from('abc')
const late = { body: source(), relayed: true, headers: ['Trailer', 'X-Sum'] }

/** What each of {@link transports} makes of a reply. */
const table: readonly [name: string, reply: Partial<Reply>, method: string, framing: readonly string[]][] = [
  [
    'states the length of content in memory',
    { body: bytes },
    'GET',
    ['Content-Length=3', 'Content-Length=3', 'Content-Length=3', 'Content-Length=3'],
  ],
  [
    'replaces a length that the content does not have',
    { body: bytes, headers: ['content-length', '9'] },
    'GET',
    ['Content-Length=3', 'Content-Length=3', 'Content-Length=3', 'Content-Length=3'],
  ],
  [
    'states a length of 0 where nothing else ends an empty reply',
    {},
    'GET',
    ['Content-Length=0', 'Content-Length=0', 'Content-Length=0', ''],
  ],
  [
    'adds no length to an empty reply of an upstream over HTTP/2',
    { relayed: true },
    'HEAD',
    ['Content-Length=0 bodyless', 'Content-Length=0 bodyless', 'bodyless', 'bodyless'],
  ],
  [
    'keeps the length that a reply to HEAD states of content that was not made',
    { headers: ['Content-Length', '9'] },
    'HEAD',
    [
      'Content-Length=9 bodyless',
      'Content-Length=9 bodyless',
      'Content-Length=9 bodyless',
      'Content-Length=9 bodyless',
    ],
  ],
  [
    'replaces a length of content that does not follow, which the client would take from the next reply',
    { headers: ['Content-Length', '9'] },
    'GET',
    ['Content-Length=0', 'Content-Length=0', 'Content-Length=0', ''],
  ],
  ['states no length in a 204', { status: 204 }, 'GET', ['bodyless', 'bodyless', 'bodyless', 'bodyless']],
  [
    'drops the length of a 204',
    { status: 204, headers: ['Content-Length', '9'] },
    'HEAD',
    ['bodyless', 'bodyless', 'bodyless', 'bodyless'],
  ],
  [
    'keeps the length that a 304 states of content that was not made',
    { status: 304, headers: ['Content-Length', '9'] },
    'GET',
    [
      'Content-Length=9 bodyless',
      'Content-Length=9 bodyless',
      'Content-Length=9 bodyless',
      'Content-Length=9 bodyless',
    ],
  ],
  [
    'states no length in a 304, though the reply has content',
    { status: 304, body: bytes },
    'GET',
    ['bodyless', 'bodyless', 'bodyless', 'bodyless'],
  ],
  [
    'states the length of a source that knows it, and allows trailers over HTTP/2 only',
    { body: source(5) },
    'GET',
    ['Content-Length=5', 'Content-Length=5', 'Content-Length=5 trailers', 'Content-Length=5'],
  ],
  ['allows trailers behind content without a length', { body: source() }, 'GET', ['', 'trailers', 'trailers', '']],
  ['allows trailers behind a stream', { body: Readable.from([]) }, 'GET', ['', 'trailers', 'trailers', '']],
  [
    'announces the trailers of an upstream where they can be sent',
    late,
    'GET',
    ['', 'Trailer=X-Sum trailers', 'Trailer=X-Sum trailers', ''],
  ],
  ['announces no trailers in a reply to HEAD', late, 'HEAD', ['bodyless', 'bodyless', 'bodyless', 'bodyless']],
  [
    'announces no trailers of replies that are not relayed',
    { ...late, relayed: false },
    'GET',
    ['', 'trailers', 'trailers', ''],
  ],
  [
    'drops the fields that only the server sets',
    {
      body: source(),
      headers: ['Connection', 'x', 'Keep-Alive', 'x', 'Transfer-Encoding', 'x', 'Upgrade', 'x', 'TE', 'x', 'X-A', '1'],
    },
    'GET',
    ['X-A=1', 'X-A=1 trailers', 'X-A=1 trailers', 'X-A=1'],
  ],
]

describe('the framing of a reply', () => {
  for (const [name, reply, method, framing] of table) {
    test(name, () => {
      assert.deepEqual(
        transports.map((transport) => framed(reply, method, transport)),
        framing,
      )
    })
  }

  test('is not decided for a body of another type', () => {
    const reply = { status: 200, headers: [], body: 'text' as unknown as Body }
    for (const transport of transports) assert.throws(() => frameReply(reply, 'GET', transport), TypeError)
  })
})
