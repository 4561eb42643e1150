import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { Peer, startOurs, type Contender } from './contenders.ts'

/** Starts both proxies, one behind the other, in front of a port. */
type Chain = (peer: Peer, port: number) => Promise<readonly [first: Contender, second: Contender]>

const chains: readonly (readonly [name: string, start: Chain])[] = [
  [
    'this server, then http-proxy',
    async (peer, port) => {
      const second = await peer.start(`http://localhost:${port}`)
      return [await startOurs(`http://localhost:${second.port}`), second]
    },
  ],
  [
    'http-proxy, then this server',
    async (peer, port) => {
      const second = await startOurs(`http://localhost:${port}`)
      return [await peer.start(`http://localhost:${second.port}`), second]
    },
  ],
]

/** What a backend does with a request; the test reaches it by events of the server. */
type Answer = (asked: IncomingMessage, reply: ServerResponse, backend: Server) => unknown

/** Runs a test once for each order, with a backend of its own. */
function testChains(
  name: string,
  answer: Answer,
  run: (port: number, backend: Server, t: TestContext) => Promise<void>,
): void {
  for (const [order, start] of chains) {
    test(`${order}: ${name}`, async (t) => {
      const backend: Server = createServer((asked, reply) => void answer(asked, reply, backend)).listen(0, 'localhost')
      await once(backend, 'listening')
      await using peer = new Peer()
      const [first, second] = await start(peer, (backend.address() as AddressInfo).port)
      try {
        await run(first.port, backend, t)
      } finally {
        backend.closeAllConnections()
        backend.close()
        await first[Symbol.asyncDispose]()
        await second[Symbol.asyncDispose]()
      }
    })
  }
}

async function ask(port: number, path: string): Promise<IncomingMessage> {
  const asking = request({ port, path, host: 'localhost', agent: false }).end()
  const [reply] = (await once(asking, 'response')) as [IncomingMessage]
  return reply
}

testChains(
  'a WebSocket as hot updates use it',
  (_, reply) => reply.end(),
  async (port, backend, t) => {
    const sockets = new WebSocketServer({ server: backend, handleProtocols: () => 'vite-hmr' })
    t.after(() => sockets.close())
    const connected = once(sockets, 'connection') as Promise<[WebSocket, IncomingMessage]>
    const page = new WebSocket(`ws://localhost:${port}/?token=abc`, 'vite-hmr')
    const messages: string[] = []
    page.on('message', (data) => messages.push((data as Buffer).toString()))
    await once(page, 'open')
    const [server, upgrade] = await connected
    assert.equal(upgrade.url, '/?token=abc')
    assert.equal(upgrade.headers.host, `localhost:${port}`)
    assert.equal(page.protocol, 'vite-hmr')
    for (const type of ['connected', 'update', 'full-reload']) {
      server.send(JSON.stringify({ type }))
      await once(page, 'message')
    }
    assert.deepEqual(messages, ['{"type":"connected"}', '{"type":"update"}', '{"type":"full-reload"}'])
    page.ping('still there?')
    const [answer] = (await once(page, 'pong')) as [Buffer]
    assert.equal(answer.toString(), 'still there?')
    const large = 'x'.repeat(1 << 20)
    page.send(large)
    const [sent] = (await once(server, 'message')) as [Buffer]
    assert.equal(sent.toString() === large, true)
    server.close(4000, 'restart')
    const [code, reason] = (await once(page, 'close')) as [number, Buffer]
    assert.deepEqual([code, reason.toString()], [4000, 'restart'])
  },
)

testChains(
  'each event of an event stream arrives before the next one is sent',
  (_, reply, backend) => {
    reply.writeHead(200, { 'Content-Type': 'text/event-stream' })
    // http-proxy keeps the header section back until there is content.
    reply.write('data: hello\n\n')
    backend.on('next', (event: string) => reply.write(`data: ${event}\n\n`))
  },
  async (port, backend) => {
    const reply = await ask(port, '/events')
    const [hello] = (await once(reply, 'data')) as [Buffer]
    assert.equal(hello.toString(), 'data: hello\n\n')
    for (const event of ['first', 'second', 'third']) {
      backend.emit('next', event)
      const [chunk] = (await once(reply, 'data')) as [Buffer]
      assert.equal(chunk.toString(), `data: ${event}\n\n`)
    }
    reply.destroy()
  },
)

testChains(
  'an upload in chunks arrives piece by piece, with its end',
  (asked, reply, backend) => {
    asked.on('data', (chunk: Buffer) => backend.emit('piece', chunk.toString()))
    asked.on('end', () => reply.end(JSON.stringify([asked.method, asked.headers['transfer-encoding']])))
  },
  async (port, backend) => {
    const asking = request({ port, path: '/upload', host: 'localhost', method: 'PUT', agent: false })
    for (const piece of ['one', 'two', 'three']) {
      const arrived = once(backend, 'piece')
      asking.write(piece)
      assert.deepEqual(await arrived, [piece])
    }
    asking.end()
    const [reply] = (await once(asking, 'response')) as [IncomingMessage]
    assert.equal(await text(reply), '["PUT","chunked"]')
  },
)

testChains(
  'redirects lead back through the chain, to a path and to the host that the backend was told',
  ({ url, headers }, reply) => {
    const next: Record<string, string> = { '/a': '/b', '/b': `http://${headers.host}/c` }
    const location = next[url ?? '']
    if (location === undefined) reply.end(`${url} for ${headers.host}`)
    else reply.writeHead(302, { Location: location }).end()
  },
  async (port) => {
    const reply = await fetch(`http://localhost:${port}/a`)
    assert.equal(reply.url, `http://localhost:${port}/c`)
    assert.equal(await reply.text(), `/c for localhost:${port}`)
  },
)

const block = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 31) % 251))
const blocks = 1024

testChains(
  '64 MB arrive whole',
  async (asked, reply) => {
    if (asked.url === '/length') reply.setHeader('Content-Length', block.length * blocks)
    for (let i = 0; i < blocks; i++) if (!reply.write(block)) await once(reply, 'drain')
    reply.end()
  },
  async (port) => {
    const expected = createHash('sha256')
    for (let i = 0; i < blocks; i++) expected.update(block)
    const wanted = expected.digest('hex')
    for (const path of ['/length', '/chunks']) {
      const reply = await ask(port, path)
      const hash = createHash('sha256')
      for await (const chunk of reply) hash.update(chunk as Buffer)
      assert.equal(hash.digest('hex'), wanted, path)
    }
  },
)
