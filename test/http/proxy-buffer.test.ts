import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { answering, startBackend, type Backend, type BackendSocket } from '../support/backend.ts'
import { deadPort } from '../support/free-port.ts'
import { ask, openSession, replyOf, startHttp2 } from '../support/http2.ts'
import { startFront, type FrontOptions } from '../support/proxy.ts'
import { upstreamAt } from '../support/upstream.ts'
import { RawClient } from '../support/raw.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const mebibyte = 2 ** 20
const buffered: FrontOptions = { proxy: { buffer: true } }

/** Content in chunks of 64 KiB, with its chunked framing. */
function chunked(content: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < content.length; at += 65_536) {
    const piece = content.subarray(at, at + 65_536)
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')])
}

function pattern(length: number): Buffer {
  return Buffer.alloc(length, 'serve8008 buffers content. ')
}

async function upload(port: number, lines: readonly string[], content: Uint8Array): Promise<RawClient> {
  const client = await RawClient.open(port)
  client.send(`POST /up HTTP/1.1\r\n${[`Host: localhost:${port}`, ...lines].join('\r\n')}\r\n\r\n`)
  return client.send(content)
}

/** The header section that a backend got, and its content once it has so many bytes. */
async function received(connection: BackendSocket, length: number): Promise<{ head: string; content: string }> {
  await connection.sees('\r\n\r\n')
  const border = connection.text.indexOf('\r\n\r\n') + 4
  while (connection.length < border + length) await new Promise((resolve) => connection.socket.once('data', resolve))
  return { head: connection.text.slice(0, border), content: connection.text.slice(border) }
}

/** The temporary files that this process holds open for content, from /proc. */
function spools(): string[] {
  if (process.platform !== 'linux') return []
  const links = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return []
    }
  })
  return links.filter((link) => /[/\\]serve8008-[0-9a-f]{8}-[0-9a-f-]{27}(?: \(deleted\))?$/.test(link))
}

/** Node closes files in its thread pool. */
async function nothingKept(): Promise<void> {
  while (spools().length > 0) await new Promise(setImmediate)
}

describe('with buffer, chunked content is sent with Content-Length', () => {
  let backend: Backend

  before(async () => {
    backend = await startBackend()
  })
  after(() => backend[Symbol.asyncDispose]())

  for (const size of [1, 65_536, mebibyte, mebibyte + 1, 5 * mebibyte + 7]) {
    test(`${size} bytes`, async () => {
      await using front = await startFront(backend.port, buffered)
      const content = pattern(size)
      using client = await upload(front.port, ['Transfer-Encoding: chunked', 'Trailer: X-End'], chunked(content))
      const connection = await backend.next()
      const { head, content: got } = await received(connection, size)
      assert.match(head, new RegExp(`\\r\\ncontent-length: ${size}\\r\\n`, 'i'))
      assert.doesNotMatch(head, /\r\n(?:transfer-encoding|trailer):/i)
      assert.ok(got === content.toString('latin1'))
      connection.send(ok)
      assert.equal((await client.reply('POST')).status, 200)
      await nothingKept()
    })
  }

  test('empty content', async () => {
    await using front = await startFront(backend.port, buffered)
    using client = await upload(front.port, ['Transfer-Encoding: chunked'], Buffer.from('0\r\n\r\n'))
    const connection = await backend.next()
    assert.match(await connection.head(), /\r\ncontent-length: 0\r\n/i)
    connection.send(ok)
    assert.equal((await client.reply('POST')).status, 200)
  })

  test('over HTTP/2', async () => {
    await using front = await startHttp2(
      {},
      { proxy: { '/': { to: `http://127.0.0.1:${backend.port}`, buffer: true } } },
    )
    using session = openSession(front.port)
    const reply = ask(session, { ':method': 'POST', ':path': '/up' }, 'hello')
    const connection = await backend.next()
    const { head } = await received(connection, 5)
    assert.match(head, /\r\ncontent-length: 5\r\n/i)
    connection.send(ok)
    assert.equal((await reply).status, 200)
  })

  test('to another upstream when the first refuses the connection', async () => {
    const upstreams = [upstreamAt(await deadPort()), upstreamAt(backend.port)]
    await using front = await startFront(0, { ...buffered, upstreams })
    const content = pattern(2 * mebibyte)
    using client = await upload(front.port, ['Transfer-Encoding: chunked'], chunked(content))
    const connection = await backend.next()
    assert.ok((await received(connection, content.length)).content === content.toString('latin1'))
    connection.send(ok)
    assert.equal((await client.reply('POST')).status, 200)
    await nothingKept()
  })

  test('after 100 (Continue)', async () => {
    await using front = await startFront(backend.port, buffered)
    using client = await RawClient.open(front.port)
    const lines = [front.hostLine, 'Transfer-Encoding: chunked', 'Expect: 100-continue']
    client.send(`POST /up HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    await client.sees('100 Continue')
    client.send(chunked(Buffer.from('hello')))
    const connection = await backend.next()
    assert.equal((await received(connection, 5)).content, 'hello')
  })

  test('no file stays when the backend rejects the request, answers early or closes the connection', async () => {
    const content = chunked(pattern(3 * mebibyte))
    await using refused = await startFront(await deadPort(), buffered)
    using first = await upload(refused.port, ['Transfer-Encoding: chunked'], content)
    assert.equal((await first.reply('POST')).status, 502)
    await nothingKept()
    await using early = await answering('HTTP/1.1 413 Too Much\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    await using front = await startFront(early.port, buffered)
    using second = await upload(front.port, ['Transfer-Encoding: chunked'], content)
    assert.equal((await second.reply('POST')).status, 413)
    for (const { socket } of early.sockets) socket.destroy()
    await nothingKept()
    await using broken = await startBackend(async (connection) => {
      await connection.head()
      connection.socket.resetAndDestroy()
    })
    await using third = await startFront(broken.port, buffered)
    using last = await upload(third.port, ['Transfer-Encoding: chunked'], content)
    assert.equal((await last.reply('POST')).status, 502)
    await nothingKept()
  })

  test('no file stays, and nothing is sent, when the client disconnects', async () => {
    const before = backend.sockets.length
    await using front = await startFront(backend.port, buffered)
    const ended = front.ended()
    using client = await upload(
      front.port,
      ['Transfer-Encoding: chunked'],
      chunked(pattern(2 * mebibyte)).subarray(0, -7),
    )
    // The file is unlinked before the first write, so that no file stays even if the process is killed.
    const isSpooled = (): boolean =>
      process.platform !== 'linux' || spools().some((link) => link.endsWith(' (deleted)'))
    while (!isSpooled()) await new Promise(setImmediate)
    client.end()
    await ended
    await nothingKept()
    assert.equal(backend.sockets.length, before)
  })

  test('up to limits.bodyBytes', async () => {
    await using front = await startFront(backend.port, { ...buffered, limits: { bodyBytes: 2 * mebibyte } })
    using client = await upload(front.port, ['Transfer-Encoding: chunked'], chunked(pattern(2 * mebibyte + 1)))
    assert.equal((await client.reply('POST')).status, 413)
    await nothingKept()
  })
})

test('forwards content of known length without buffering', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port, buffered)
  using client = await upload(front.port, ['Content-Length: 10'], Buffer.from('first'))
  const connection = await backend.next()
  await connection.sees('first')
  client.send('later')
  await connection.sees('later')
  connection.send(ok)
  assert.equal((await client.reply('POST')).status, 200)
})

describe('the log names the option when a backend may have ignored chunked content', () => {
  for (const [server, isTold] of [
    ['WSGIServer/0.2 CPython/3.11.2', true],
    ['SimpleHTTP/0.6 Python/3.11.2', true],
    ['BaseHTTP/0.6 Python/3.11.2', true],
    // This server reads chunked content.
    ['Werkzeug/2.2.2 Python/3.11.2', false],
    ['gunicorn', false],
    ['nginx', false],
  ] as const) {
    test(`${server}: ${isTold ? 'yes' : 'no'}`, async () => {
      await using backend = await answering(`HTTP/1.1 200 OK\r\nServer: ${server}\r\nContent-Length: 0\r\n\r\n`)
      for (const [lines, content, options] of [
        [['Transfer-Encoding: chunked'], chunked(Buffer.from('hello')), {}],
        [['Content-Length: 5'], Buffer.from('hello'), {}],
        [['Transfer-Encoding: chunked'], chunked(Buffer.from('hello')), buffered],
      ] as const) {
        await using front = await startFront(backend.port, options)
        const ended = front.ended()
        using client = await upload(front.port, lines, content)
        await client.reply('POST')
        const isChunked = lines[0] === 'Transfer-Encoding: chunked' && options !== buffered
        const remark = (await ended).remark ?? ''
        assert.equal(remark.includes('(chunked content: try buffer: true)'), isTold && isChunked, remark)
      }
    })
  }
})

test('the log names the option when a backend answers in HTTP/1.0, also to a request with trailers', async () => {
  for (const version of ['1.0', '1.1']) {
    await using backend = await startBackend(async (connection) => {
      await connection.sees('0\r\n')
      connection.send(`HTTP/${version} 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    })
    await using front = await startFront(backend.port)
    for (const trailer of [[], ['Trailer: X-End']]) {
      const ended = front.ended()
      using client = await upload(
        front.port,
        ['Transfer-Encoding: chunked', ...trailer],
        Buffer.from('5\r\nhello\r\n0\r\nX-End: 1\r\n\r\n'),
      )
      assert.equal((await client.reply('POST')).status, 200)
      assert.equal(((await ended).remark ?? '').includes('buffer'), version === '1.0')
    }
  }
})

test('the 502 names the option only when a backend closes the connection on chunked content', async () => {
  await using backend = await startBackend(async (connection) => {
    await connection.sees('hello')
    connection.socket.end()
  })
  for (const [lines, content, options, isTold] of [
    [['Transfer-Encoding: chunked'], chunked(Buffer.from('hello')), {}, true],
    [['Transfer-Encoding: chunked', 'Trailer: X-End'], chunked(Buffer.from('hello')), {}, true],
    [['Content-Length: 5'], Buffer.from('hello'), {}, false],
    [['Transfer-Encoding: chunked'], chunked(Buffer.from('hello')), buffered, false],
  ] as const) {
    await using front = await startFront(backend.port, options)
    const ended = front.ended()
    using client = await upload(front.port, lines, content)
    assert.equal((await client.reply('POST')).status, 502)
    const record = await ended
    assert.equal(record.remark?.includes('(reset; chunked content: try buffer: true)'), isTold, record.remark)
  }
})

test('HTTP/2 content without a length counts as chunked', async () => {
  await using backend = await answering('HTTP/1.1 200 OK\r\nServer: WSGIServer/0.2\r\nContent-Length: 0\r\n\r\n')
  await using front = await startHttp2({}, { proxy: { '/': `http://127.0.0.1:${backend.port}` } })
  using session = openSession(front.port)
  const recorded = front.recorded()
  const stream = session.request({ ':method': 'POST', ':path': '/' })
  stream.end('hello')
  await replyOf(stream)
  assert.match((await recorded).remark, /try buffer: true/)
})
