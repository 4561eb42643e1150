import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { createSecureContext, TLSSocket } from 'node:tls'
import { makeCertificate } from '../support/certificate.ts'
import { createGate } from '../support/gate.ts'
import { startFront } from '../support/proxy.ts'
import { RawClient } from '../support/raw.ts'
import { connectSecurely, startSecure } from '../support/secure.ts'

const pair = await makeCertificate('backend.test')

/** An upstream under TLS that sends bytes and then closes its TCP connection, without the close_notify of TLS. */
async function startCutting(bytes: string): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>()
  const secureContext = createSecureContext(pair)
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    const secure = new TLSSocket(socket, { isServer: true, secureContext })
    secure.on('error', () => {}).once('data', () => secure.write(bytes, () => socket.end()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      const gate = createGate()
      server.close(gate.open)
      await gate.opened
    },
  }
}

for (const [name, fields, content] of [
  ['with a length', 'Content-Length: 9', 'whole'],
  ['in chunks', 'Transfer-Encoding: chunked', '5\r\nwhole\r\n'],
] as const) {
  test(`content ${name} that an upstream cuts without close_notify is a broken reply`, async () => {
    await using upstream = await startCutting(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${content}`)
    const options = { upstream: { protocol: 'https:' }, proxy: { tls: { verify: false } } } as const
    await using front = await startFront(upstream.port, options)
    using client = await RawClient.open(front.port)
    client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
    const ended = front.ended()
    await assert.rejects(client.reply(), /the connection ended/)
    assert.equal((await ended).refusal, 'E8008_UPSTREAM_RESET')
  })
}

// Without a length or chunks the end of the connection is the end of the content (RFC 9112 section 6.3), and Node does not
// tell one with close_notify from one without.
test('content that ends with the connection passes on as it came, without a length', async () => {
  await using upstream = await startCutting('HTTP/1.1 200 OK\r\n\r\nwhole')
  const options = { upstream: { protocol: 'https:' }, proxy: { tls: { verify: false } } } as const
  await using front = await startFront(upstream.port, options)
  using client = await RawClient.open(front.port)
  const { status, body, field } = await client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`).reply()
  assert.deepEqual([status, body.toString(), field('content-length')], [200, 'whole', ''])
})

for (const [name, fields, content] of [
  ['with a length', 'Content-Length: 9', 'whole'],
  ['in chunks', 'Transfer-Encoding: chunked', '5\r\nwhole\r\n'],
] as const) {
  test(`request content ${name} that a client cuts without close_notify is no whole one`, async () => {
    const read = createGate()
    let outcome: unknown
    await using started = await startSecure({})
    started.server.use(() => async (x) => {
      outcome = await text(x.body.stream()).catch((error: unknown) => error)
      read.open()
      return { status: 204, headers: [], body: null }
    })
    const raw = connect(started.tlsPort, '127.0.0.1').on('error', () => {})
    await once(raw, 'connect')
    const socket = await connectSecurely(started, { socket: raw })
    socket.on('error', () => {})
    socket.write(`POST / HTTP/1.1\r\n${started.secureLine}\r\n${fields}\r\n\r\n${content}`, () => raw.end())
    await read.opened
    assert.ok(outcome instanceof Error, String(outcome))
  })
}
