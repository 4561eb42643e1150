import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import { answering, startBackend, type Backend, type BackendSocket } from '../support/backend.ts'
import { createGate } from '../support/gate.ts'
import { openSecureSession, replyOf } from '../support/http2.ts'
import { startFront, type Front, type FrontOptions } from '../support/proxy.ts'
import { RawClient, rawGet } from '../support/raw.ts'
import { startSecure } from '../support/secure.ts'
import { startServer } from '../support/server.ts'

const places = ['<URLBase>', '<href>', '<loc>', 'location=']

/** A reply with content. */
function message(content: Uint8Array | string, fields: readonly string[] = [], status = '200 OK'): Buffer {
  const bytes = Buffer.from(content)
  const type = fields.some((field) => /^content-type:/i.test(field)) ? [] : ['Content-Type: text/xml']
  const head = [`HTTP/1.1 ${status}`, ...type, ...fields, `Content-Length: ${bytes.length}`, '', '']
  return Buffer.concat([Buffer.from(head.join('\r\n')), bytes])
}

/** A backend whose reply to a request is made by a function of its header section and the backend's own port. */
async function backendOf(answer: (head: string, port: number) => Uint8Array | string): Promise<Backend> {
  const backend: Backend = await startBackend(async (connection: BackendSocket) => {
    while (await connection.sees('\r\n\r\n')) connection.send(answer(await connection.head(), backend.port))
  })
  return backend
}

function startRewriting(port: number, { proxy, ...rest }: FrontOptions = {}): Promise<Front> {
  return startFront(port, { ...rest, proxy: { rewriteBody: places, ...proxy } })
}

const description = (port: number): string =>
  `<root><URLBase>http://127.0.0.1:${port}/</URLBase><other>http://127.0.0.1:${port}/</other></root>`

test('rewrites the URLs of a backend in named elements only, with fields that fit the new bytes', async () => {
  await using backend = await backendOf((_, port) =>
    message(description(port), [
      'ETag: "v1"',
      'Accept-Ranges: bytes',
      'Content-MD5: x',
      'Digest: x',
      'Content-Digest: x',
      'Repr-Digest: x',
      'Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT',
      'Cache-Control: max-age=5',
    ]),
  )
  await using front = await startRewriting(backend.port)
  const reply = await rawGet(front.port, '/ssdp/device-desc.xml')
  assert.equal(
    reply.body.toString(),
    `<root><URLBase>http://localhost:${front.port}/</URLBase><other>http://127.0.0.1:${backend.port}/</other></root>`,
  )
  assert.equal(reply.field('content-length'), String(reply.body.length))
  assert.equal(reply.field('etag'), 'W/"v1"')
  assert.equal(reply.field('cache-control'), 'max-age=5')
  assert.equal(reply.field('last-modified'), 'Mon, 01 Jan 2024 00:00:00 GMT')
  for (const name of ['accept-ranges', 'content-md5', 'digest', 'content-digest', 'repr-digest'])
    assert.equal(reply.field(name), '', name)
})

test('knows a backend by its port behind the name of the client, and by its aliases', async () => {
  await using backend = await backendOf((head, port) => {
    const [, name = ''] = /host: (.*):/i.exec(head) ?? []
    return message(
      ['http://', 'https://tv.test:']
        .map((own, i) => `<loc>${own}${i === 0 ? `${name}:${port}` : 8443}/a</loc>`)
        .join(''),
    )
  })
  await using front = await startRewriting(backend.port, { proxy: { aliases: ['tv.test:8443'] } })
  const { body } = await rawGet(front.port, '/')
  assert.equal(body.toString(), `<loc>http://localhost:${front.port}/a</loc>`.repeat(2))
})

test('adds no slash to a URL without a path', async () => {
  await using backend = await backendOf((_, port) => message(`<loc>http://localhost:${port}</loc>`))
  await using front = await startRewriting(backend.port)
  assert.equal((await rawGet(front.port, '/')).body.toString(), `<loc>http://localhost:${front.port}</loc>`)
})

test('leaves content alone by default', async () => {
  await using backend = await backendOf((_, port) => message(description(port), ['ETag: "v1"']))
  await using front = await startFront(backend.port)
  const reply = await rawGet(front.port, '/')
  assert.equal(reply.body.toString(), description(backend.port))
  assert.equal(reply.field('etag'), '"v1"')
})

test('keeps every byte and field of content without a URL of the backend', async () => {
  const content = gzipSync('<loc>http://other.test/</loc>')
  await using backend = await backendOf(() => message(content, ['ETag: "v1"', 'Content-Encoding: gzip', 'Digest: x']))
  await using front = await startRewriting(backend.port)
  const reply = await rawGet(front.port, '/', ['Accept-Encoding: gzip'])
  assert.deepEqual(reply.body, content)
  assert.deepEqual(
    ['etag', 'content-encoding', 'digest'].map((name) => reply.field(name)),
    ['"v1"', 'gzip', 'x'],
  )
})

test('maps the prefix of the route, for relative URLs too', async () => {
  const content = '<D:href>/dav/a</D:href><D:href>http://localhost:1/dav/b</D:href><loc>c</loc><loc>/other</loc>'
  await using backend = await backendOf((head, port) =>
    message(content.replace('localhost:1', `localhost:${port}`), [], '207 Multi-Status'),
  )
  const to = `http://127.0.0.1:${backend.port}/dav`
  await using started = await startServer(
    {},
    { proxy: { '/cal': { to, rewriteBody: { '<href>': true, '<loc>': true } } } },
  )
  const reply = await rawGet(started.port, '/cal/')
  assert.equal(
    reply.body.toString(),
    `<D:href>/cal/a</D:href><D:href>http://localhost:${started.port}/cal/b</D:href><loc>c</loc><loc>/other</loc>`,
  )
})

test('keeps an address of its own, and references in URLs', async () => {
  await using backend = await backendOf((head, port) => {
    const [, own = ''] = /host: (.*)\r/i.exec(head) ?? []
    return message(`<loc>http://${own}/a</loc><loc>http://127.0.0.1:${port}/?a=1&amp;b=2</loc>`)
  })
  await using front = await startRewriting(backend.port)
  const reply = await rawGet(front.port, '/')
  const own = `http://localhost:${front.port}`
  assert.equal(reply.body.toString(), `<loc>${own}/a</loc><loc>${own}/?a=1&amp;b=2</loc>`)
})

for (const [coding, encode, name = coding] of [
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync, 'deflate without its frame'],
] as const) {
  test(`decodes ${name}`, async () => {
    await using backend = await backendOf((_, port) =>
      message(encode(description(port)), [`Content-Encoding: ${coding}`, 'Vary: Accept-Encoding']),
    )
    await using front = await startRewriting(backend.port)
    const reply = await rawGet(front.port, '/', [`Accept-Encoding: ${coding}`])
    assert.match(reply.body.toString(), new RegExp(`<URLBase>http://localhost:${front.port}/<`))
    assert.equal(reply.field('content-encoding'), '')
    assert.equal(reply.field('vary'), 'Accept-Encoding')
  })
}

test('asks the backend only for codings that can be decoded', async () => {
  await using backend = await backendOf((head) => message(/accept-encoding: (.*)\r/i.exec(head)?.[1] ?? 'none'))
  await using front = await startRewriting(backend.port)
  const asked = async (value: string): Promise<string> =>
    (await rawGet(front.port, '/', [`Accept-Encoding: ${value}`])).body.toString()
  assert.equal(await asked('gzip, compress, br;q=0.5, dcb, *;q=0.1'), 'gzip, br;q=0.5')
  assert.equal(await asked('compress'), 'identity')
  assert.equal(await asked('gzip;q=0.2, identity'), 'gzip;q=0.2, identity')
})

test('passes content that is not in its coding, and warns once', async () => {
  const content = '<loc>not gzip</loc>'
  await using backend = await backendOf(() => message(content, ['Content-Encoding: gzip', 'ETag: "v1"']))
  await using front = await startRewriting(backend.port)
  for (let i = 0; i < 2; i++) {
    const ended = front.ended()
    const reply = await rawGet(front.port, '/x')
    assert.equal(reply.body.toString(), content)
    assert.equal(reply.field('content-encoding'), 'gzip')
    assert.equal(reply.field('etag'), '"v1"')
    assert.match((await ended).remark ?? '', /\(not rewritten: not the gzip that it claims to be\)$/)
  }
  assert.deepEqual(front.warnings, [
    {
      code: 'W8008_NOT_REWRITTEN',
      message: 'The route / leaves content as it is, in spite of rewriteBody: /x is not the gzip that it claims to be.',
      hint: 'correct Content-Encoding in the upstream',
    },
  ])
})

test('passes a decompression bomb as it came', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20, ' '))
  assert.ok(bomb.length < 2 ** 17)
  await using backend = await backendOf(() => message(bomb, ['Content-Encoding: gzip']))
  await using front = await startRewriting(backend.port)
  const reply = await rawGet(front.port, '/')
  assert.equal(reply.body.length, bomb.length)
  assert.match(JSON.stringify(front.warnings), /larger than limits.rewriteBytes \(1048576\)/)
})

test('counts the bytes of decoded content too', async () => {
  for (const extra of [0, 1]) {
    await using backend = await backendOf((_, port) =>
      message(gzipSync(description(port).padEnd(4096 + extra)), ['Content-Encoding: gzip']),
    )
    await using front = await startRewriting(backend.port, { limits: { rewriteBytes: 4096 } })
    const { body, ...reply } = await rawGet(front.port, '/')
    assert.equal(reply.field('content-encoding'), extra === 0 ? '' : 'gzip')
    assert.equal(body.length < 1000, extra === 1)
    assert.equal(front.warnings.length, extra)
  }
})

for (const framing of ['a length', 'chunks', 'the end of the connection'] as const) {
  for (const extra of [0, 1]) {
    test(`${extra === 0 ? 'rewrites' : 'passes'} content of ${extra === 0 ? 'at most' : 'more than'} rewriteBytes, ended by ${framing}`, async () => {
      const limit = 4096
      await using backend: Backend = await startBackend(async (connection) => {
        await connection.head()
        const start = `<loc>http://127.0.0.1:${backend.port}/</loc>`
        const content = start + 'x'.repeat(limit + extra - start.length)
        const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nConnection: close\r\n'
        if (framing === 'a length') connection.send(`${head}Content-Length: ${content.length}\r\n\r\n${content}`)
        else if (framing === 'chunks') {
          connection.send(`${head}Transfer-Encoding: chunked\r\n\r\n`)
          // An element that spans chunks.
          for (const part of [content.slice(0, 7), content.slice(7, 20), content.slice(20)])
            connection.send(`${part.length.toString(16)}\r\n${part}\r\n`)
          connection.send('0\r\n\r\n')
        } else connection.send(`${head}\r\n${content}`)
        connection.socket.end()
      })
      await using front = await startRewriting(backend.port, { limits: { rewriteBytes: limit } })
      const { body } = await rawGet(front.port, '/')
      const port = extra === 0 ? front.port : backend.port
      const host = extra === 0 ? 'localhost' : '127.0.0.1'
      assert.equal(body.toString().slice(0, 50), `<loc>http://${host}:${port}/</loc>`.padEnd(50, 'x').slice(0, 50))
      assert.equal(front.warnings.length, extra)
    })
  }
}

test('passes all of a large reply, at the pace of its reader', async () => {
  const part = '<x/>'.repeat(2 ** 14)
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (let i = 0; i < 64; i++) connection.send(`${part.length.toString(16)}\r\n${part}\r\n`)
    connection.send('0\r\n\r\n')
  })
  await using front = await startRewriting(backend.port)
  const { body } = await rawGet(front.port, '/')
  assert.equal(body.length, 64 * part.length)
  assert.equal(body.equals(Buffer.from(part.repeat(64))), true)
})

for (const [name, encode, type] of [
  ['UTF-16 by its mark', utf16, 'text/xml'],
  ['UTF-16 by its type', (text: string) => Buffer.from(text, 'utf16le'), 'text/xml; charset=utf-16le'],
  ['ISO-8859-1', (text: string) => Buffer.from(text, 'latin1'), 'text/xml; charset=iso-8859-1'],
  ['no encoding at all', (text: string) => Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0x80])]), 'text/xml'],
] as const) {
  test(`keeps the other bytes in ${name}`, async () => {
    const text = (port: number, host: string): Buffer =>
      encode(`<?xml version="1.0"?><a>\u00e4\u00ff</a><loc>http://${host}:${port}/\u00e9</loc><b>\u00df</b>`)
    await using backend = await backendOf((_, port) =>
      message(text(port, '127.0.0.1'), [`Content-Type: ${type}`, 'ETag: W/"v"']),
    )
    await using front = await startRewriting(backend.port)
    const reply = await rawGet(front.port, '/')
    assert.deepEqual(reply.body, text(front.port, 'localhost'))
    assert.equal(reply.field('content-type'), type)
    assert.equal(reply.field('etag'), 'W/"v"')
  })
}

function utf16(text: string): Buffer {
  return Buffer.from(`\ufeff${text}`, 'utf16le').swap16()
}

test('passes types that are no markup at once, and event streams before they end', async () => {
  const finish: (() => void)[] = []
  await using backend = await startBackend(async (connection) => {
    while (await connection.sees('\r\n\r\n')) {
      const [, type = ''] = /type=(\S*)/.exec(await connection.head()) ?? []
      connection.send(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<a>\r\n`)
      finish.push(() => connection.send('0\r\n\r\n'))
    }
  })
  await using front = await startRewriting(backend.port)
  for (const type of ['text/event-stream', 'text/plain', 'application/json', 'text/calendar', 'video/mp4']) {
    using client = await RawClient.open(front.port)
    await client.send(`GET /?type=${type} HTTP/1.1\r\n${front.hostLine}\r\n\r\n`).sees('<a>')
    finish.pop()?.()
    await client.sees('\r\n0\r\n\r\n')
  }
})

test('HEAD has no length and no strong tag, since the content is not known', async () => {
  await using backend = await answering(
    'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nETag: "v1"\r\nAccept-Ranges: bytes\r\nContent-Length: 77\r\n\r\n',
  )
  await using front = await startRewriting(backend.port)
  using client = await RawClient.open(front.port)
  for (let i = 0; i < 2; i++) {
    const reply = await client.send(`HEAD / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`).reply('HEAD')
    assert.equal(reply.status, 200)
    assert.deepEqual(
      ['etag', 'content-length', 'accept-ranges'].map((name) => reply.field(name)),
      ['W/"v1"', '', ''],
    )
  }
})

test('304 names the tag that the client has', async () => {
  await using backend = await answering('HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n')
  await using front = await startRewriting(backend.port)
  for (const [asked, tag] of [
    ['W/"v1"', 'W/"v1"'],
    ['"v0", W/"v1"', 'W/"v1"'],
    ['"v1"', '"v1"'],
  ] as const) {
    const reply = await rawGet(front.port, '/', [`If-None-Match: ${asked}`])
    assert.equal(reply.status, 304)
    assert.equal(reply.field('etag'), tag)
  }
})

test('answers a range of markup with the whole, and passes ranges of other types', async () => {
  const heads: string[] = []
  await using backend = await backendOf((head, port) => {
    heads.push(head)
    if (!/^range:/im.test(head)) return message(description(port))
    const type = /type=(\S*)/.exec(head)?.[1] ?? ''
    return message(
      'http://127.0.0.1',
      [`Content-Type: ${type}`, 'Content-Range: bytes 15-30/99'],
      '206 Partial Content',
    )
  })
  await using front = await startRewriting(backend.port)
  const get = (type: string) => rawGet(front.port, `/?type=${type}`, ['Range: bytes=15-30', 'If-Range: "v1"'])
  for (const type of ['text/xml', 'multipart/byteranges;boundary=x']) {
    const reply = await get(type)
    assert.equal(reply.status, 200)
    assert.match(reply.body.toString(), new RegExp(`http://localhost:${front.port}/</URLBase>`))
    assert.equal(reply.field('content-range'), '')
  }
  assert.equal(heads.length, 4)
  const reply = await get('video/mp4')
  assert.deepEqual([reply.status, reply.field('content-range')], [206, 'bytes 15-30/99'])
  assert.equal(heads.length, 5)
})

test('a reply to an upgrade that the backend declines is rewritten too', async () => {
  await using backend = await backendOf((_, port) => message(description(port)))
  await using front = await startRewriting(backend.port)
  const { body } = await rawGet(front.port, '/', [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ])
  assert.match(body.toString(), new RegExp(`http://localhost:${front.port}/</URLBase>`))
})

test('content that ends too early is a 502, and a client that leaves ends the request', async () => {
  const sent = createGate()
  const left = createGate()
  await using backend = await startBackend(async (connection) => {
    const head = await connection.head()
    connection.send('HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 100\r\n\r\n<loc>')
    if (head.startsWith('GET /short')) return void connection.socket.end()
    sent.open()
    await connection.closed()
    left.open()
  })
  await using front = await startRewriting(backend.port)
  assert.equal((await rawGet(front.port, '/short')).status, 502)
  const ended = front.ended()
  {
    using client = await RawClient.open(front.port)
    client.send(`GET /slow HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
    await sent.opened
  }
  assert.equal((await ended).status, 499)
  await left.opened
})

test('passes trailer fields, without digests of other bytes', async () => {
  await using backend = await startBackend(async (connection) => {
    await connection.head()
    const content = `<loc>http://127.0.0.1:${backend.port}/</loc>`
    connection.send(
      'HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTrailer: X-Sum, Content-Digest\r\nTransfer-Encoding: chunked\r\n\r\n' +
        `${content.length.toString(16)}\r\n${content}\r\n0\r\nX-Sum: 1\r\nContent-Digest: x\r\n\r\n`,
    )
  })
  await using front = await startRewriting(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nTE: trailers\r\nConnection: close\r\n\r\n`)
  const text = (await client.closed()).toString()
  assert.match(text, new RegExp(`<loc>http://localhost:${front.port}/</loc>\r\n0\r\nX-Sum: 1\r\n\r\n$`))
})

test('rewrites to https for a client of HTTP/2', async () => {
  await using backend = await backendOf((_, port) =>
    message(gzipSync(description(port)), ['Content-Encoding: gzip', 'ETag: "v1"']),
  )
  const to = `http://127.0.0.1:${backend.port}`
  await using secured = await startSecure({}, { proxy: { '/': { to, rewriteBody: ['<URLBase>'] } } })
  using session = openSecureSession(secured)
  const reply = await replyOf(session.request({ ':path': '/', 'accept-encoding': 'gzip' }))
  const { headers } = reply
  const body = headers['content-encoding'] === 'gzip' ? gunzipSync(reply.body) : reply.body
  assert.match(body.toString(), new RegExp(`<URLBase>https://localhost:${secured.tlsPort}/<`))
  assert.equal(headers.etag, 'W/"v1"')
  assert.equal(headers['content-length'], String(reply.body.length))
})
