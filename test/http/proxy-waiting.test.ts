import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import {
  createServer as createHttp2Server,
  createSecureServer as createSecureHttp2Server,
  type Http2ServerResponse,
} from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import { describe, test } from 'node:test'
import { answering, startBackend, type Backend } from '../support/backend.ts'
import { deadPort } from '../support/free-port.ts'
import { makeCertificate } from '../support/certificate.ts'
import { startFront } from '../support/proxy.ts'
import { RawClient } from '../support/raw.ts'
import { RawUpstream, upstreamAt } from '../support/upstream.ts'

const html = 'Accept: text/html,application/xhtml+xml,*/*;q=0.8'
const events = 'Accept: text/event-stream'
const socket = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/** Accepts and closes the first connections, as a container's proxy does while its program starts. */
async function startingContainer(closings: number, answer: string): Promise<Backend> {
  let left = closings
  return await startBackend(async (connection) => {
    if (left-- > 0) return void connection.socket.end()
    await connection.head()
    connection.send(answer)
  })
}

async function send(port: number, lines: readonly string[], method = 'GET'): Promise<RawClient> {
  const client = await RawClient.open(port)
  return client.send(`${method} /x HTTP/1.1\r\n${[`Host: localhost:${port}`, ...lines].join('\r\n')}\r\n\r\n`)
}

describe('a page navigation gets the waiting page at once', () => {
  for (const [name, lines] of [
    ['of a browser', ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', html]],
    ['that a service worker forwards', ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: empty', html]],
    [
      'that a service worker of Firefox forwards',
      ['Sec-Fetch-Mode: same-origin', 'Sec-Fetch-Dest: empty', html, 'Upgrade-Insecure-Requests: 1'],
    ],
    ['to another name over plain HTTP', [html]],
  ] as const) {
    test(name, async () => {
      // A backend that closes every connection shows any attempt beyond the first and its retry.
      await using backend = await startingContainer(100, '')
      await using front = await startFront(backend.port, { proxy: { hold: undefined } })
      using client = await send(front.port, lines)
      const reply = await client.reply()
      assert.equal(reply.status, 502)
      assert.match(reply.body.toString(), /Waiting for 127\.0\.0\.1/)
      assert.ok(backend.sockets.length <= 2, String(backend.sockets.length))
    })
  }

  test('and a request of a script gets an error', async () => {
    await using front = await startFront(await deadPort(), { proxy: { hold: undefined } })
    for (const lines of [
      ['Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: empty', html],
      ['Accept: */*'],
      [html, 'HX-Request: true'],
    ]) {
      using client = await send(front.port, lines)
      assert.doesNotMatch((await client.reply()).body.toString(), /Waiting for/)
    }
  })
})

describe('waits for an upstream that accepts connections and closes them at once', () => {
  test('with an event stream', async () => {
    await using backend = await startingContainer(
      5,
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n',
    )
    await using front = await startFront(backend.port, { proxy: { hold: undefined } })
    using client = await send(front.port, [events])
    await client.sees('data: 1')
    assert.equal(backend.sockets.length, 6)
  })

  test('with a WebSocket', async () => {
    // RFC 6455 section 1.3.
    const accept =
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
    await using backend = await startingContainer(5, `HTTP/1.1 101 Switching Protocols\r\n${accept}`)
    await using front = await startFront(backend.port, { proxy: { hold: undefined } })
    using client = await send(front.port, socket)
    assert.equal((await client.reply()).status, 101)
    assert.equal(backend.sockets.length, 6)
  })

  for (const protocol of ['https:', 'h2c:', 'h2:'] as const) {
    for (const close of ['end', 'resetAndDestroy'] as const) {
      test(`with an event stream over ${protocol} (${close})`, async () => {
        const { key, cert } = await makeCertificate('localhost', '127.0.0.1')
        const events = (_: unknown, response: ServerResponse | Http2ServerResponse): void => {
          response.setHeader('content-type', 'text/event-stream')
          response.end('data: 1\n\n')
        }
        const server: Server =
          protocol === 'https:'
            ? createServer({ key, cert }, events)
            : protocol === 'h2:'
              ? createSecureHttp2Server({ key, cert }, events)
              : createHttp2Server(events)
        let left = 3
        server.prependListener('connection', (connection: Socket) => left-- > 0 && connection[close]())
        server.listen(0, '127.0.0.1')
        await once(server, 'listening')
        const { port } = server.address() as AddressInfo
        const upstreams = [upstreamAt(port, { protocol })]
        await using front = await startFront(port, { upstreams, proxy: { hold: undefined, tls: { verify: false } } })
        using client = await send(front.port, ['Accept: text/event-stream'])
        await client.sees('data: 1')
        assert.ok(left < 0)
        server.close()
      })
    }
  }

  for (const close of ['end', 'resetAndDestroy'] as const) {
    test(`until the client of a WebSocket disconnects (${close})`, async () => {
      await using backend = await startingContainer(1000, '')
      await using front = await startFront(backend.port, { proxy: { hold: undefined } })
      const ended = front.ended()
      using client = await send(front.port, socket)
      await backend.next()
      await backend.next()
      client.socket[close]()
      assert.equal((await ended).status, 499)
    })
  }

  test('but not with a request that may not be sent twice', async () => {
    await using backend = await startingContainer(5, '')
    await using front = await startFront(backend.port, { proxy: { hold: 20_000 } })
    using client = await send(front.port, ['Content-Length: 0', events], 'POST')
    assert.equal((await client.reply()).status, 502)
    assert.equal(backend.sockets.length, 1)
  })
})

describe('the log names the reason of a failure', () => {
  async function remarkOf(port: number, options: Parameters<typeof startFront>[1] = {}, lines: readonly string[] = []) {
    await using front = await startFront(port, options)
    const ended = front.ended()
    using _client = await send(front.port, lines)
    return (await ended).remark?.replace(/127\.0\.0\.1:\d+/, 'there')
  }

  test('refused', async () => assert.equal(await remarkOf(await deadPort()), '/ -> there (refused)'))

  test('refused, with the waiting page', async () => {
    assert.equal(await remarkOf(await deadPort(), {}, [html]), '/ -> there (refused)')
  })

  test('reset', async () => {
    await using backend = await startingContainer(100, '')
    assert.equal(await remarkOf(backend.port), '/ -> there (reset)')
  })

  test('timeout', async () => {
    await using backend = await startBackend()
    assert.equal(await remarkOf(backend.port, { timeouts: { totalMs: 20 } }), '/ -> there (timeout)')
  })

  test('not HTTP', async () => {
    await using backend = await answering('SSH-2.0-OpenSSH\r\n')
    assert.equal(await remarkOf(backend.port), '/ -> there (not HTTP)')
  })

  test('no TLS', async () => {
    await using backend = await RawUpstream.open(
      (connection) => void connection.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    )
    const upstreams = [upstreamAt(backend.port, { protocol: 'https:' })]
    assert.equal(await remarkOf(backend.port, { upstreams }), '/ -> there (no TLS)')
  })

  test('a certificate', async () => {
    const { key, cert } = await makeCertificate('localhost')
    const server = createServer({ key, cert }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const upstreams = [upstreamAt(port, { protocol: 'https:' })]
    assert.equal(await remarkOf(port, { upstreams }), '/ -> there (certificate)')
    server.close()
  })

  test('loop', async () => {
    const via = `Via: ${Array.from({ length: 20 }, (_, i) => `1.1 hop-${i}`).join(', ')}`
    assert.equal(await remarkOf(await deadPort(), {}, [via]), '/ -> there (loop)')
  })

  test('none, if the backend itself answers with that status', async () => {
    await using backend = await answering('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n')
    assert.equal(await remarkOf(backend.port), '/ -> there')
  })
})
