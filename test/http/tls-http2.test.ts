import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { Client, credentials, Server as GrpcServer, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js'
import { answering, startBackend } from '../support/backend.ts'
import { startSecure, type Secured } from '../support/secure.ts'
import { startServer, TempFolder } from '../support/server.ts'

const files = { 'index.html': '<h1>site</h1>', 'a.txt': 'alpha' }

interface Http2Reply {
  readonly headers: IncomingHttpHeaders & { ':status'?: number }
  readonly text: string
}

function openSession({ tlsPort, ca }: Pick<Secured, 'tlsPort' | 'ca'>): ClientHttp2Session {
  return connect(`https://localhost:${tlsPort}`, {
    createConnection: () =>
      connectTls({ host: '127.0.0.1', port: tlsPort, servername: 'localhost', ca, ALPNProtocols: ['h2'] }),
  })
}

async function replyOf(stream: ClientHttp2Stream): Promise<Http2Reply> {
  const headers = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
    stream.once('response', resolve)
    stream.once('error', reject).once('close', () => reject(new Error('the stream ended without a reply')))
  })
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk)
  return { headers, text }
}

function ask(session: ClientHttp2Session, fields: Record<string, string>): Promise<Http2Reply> {
  return replyOf(session.request({ ':path': '/', ...fields }))
}

test('HTTP/2 is agreed on under TLS and served by the same pipeline', async () => {
  await using started = await startSecure(files, { tls: 'only' })
  const requests: unknown[] = []
  started.server.on('request', ({ version, peer }) => requests.push([version, peer.encrypted, peer.localPort]))
  const session = openSession(started)
  const { headers, text } = await ask(session, { ':path': '/a.txt' })
  assert.deepEqual([headers[':status'], text], [200, 'alpha'])
  assert.deepEqual(requests, [['2', true, started.tlsPort]])
  assert.equal((await ask(session, { ':authority': 'evil.test' })).headers[':status'], 421)
  session.close()
  await once(session, 'close')
})

test('an upstream is told of the scheme of an HTTP/2 client', async () => {
  await using backend = await answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await using started = await startSecure(files, { proxy: { '/api': `http://127.0.0.1:${backend.port}` } })
  const session = openSession(started)
  const record = backend.next().then((upstream) => upstream.head())
  assert.equal((await ask(session, { ':path': '/api' })).text, 'ok')
  const head = await record
  assert.match(head, /^X-Forwarded-Proto: https\r$/m)
  assert.match(head, new RegExp(`^X-Forwarded-Port: ${started.tlsPort}\r$`, 'm'))
  session.close()
})

test('closing lets an HTTP/2 reply finish, and ends sessions that have none', async () => {
  await using backend = await startBackend()
  await using started = await startSecure(files, { proxy: { '/slow': `http://127.0.0.1:${backend.port}` } })
  const [busy, idle] = [openSession(started), openSession(started)]
  for (const session of [busy, idle]) session.on('error', () => {})
  await ask(idle, { ':path': '/a.txt' })
  const slow = ask(busy, { ':path': '/slow' })
  const upstream = await backend.next()
  await upstream.head()
  const since = performance.now()
  const closing = started.server.close()
  await once(idle, 'close')
  upstream.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone')
  assert.equal((await slow).text, 'done')
  await closing
  assert.ok(performance.now() - since < 4000)
})

test('closing ends a session whose requests are never complete', async () => {
  await using started = await startSecure(files, { limits: { closeMs: 100 } })
  const session = openSession(started)
  session.on('error', () => {})
  const opened = new Promise<void>((resolve) => {
    let count = 0
    started.server.on('request', () => ++count === 60 && resolve())
  })
  for (let i = 0; i < 60; i++) {
    session.request({ ':method': 'POST', ':path': '/a.txt' }, { endStream: false }).on('error', () => {})
  }
  await opened
  await started.server.close()
  session.destroy()
})

test('a client that is gone without a word lets go of the upstream', async () => {
  await using backend = await startBackend()
  await using started = await startSecure(files, { proxy: { '/slow': `http://127.0.0.1:${backend.port}` } })
  const session = openSession(started)
  session.on('error', () => {})
  session.request({ ':path': '/slow' }).on('error', () => {})
  const upstream = await backend.next()
  await upstream.head()
  session.destroy()
  await upstream.closed()
})

test('closing cuts an HTTP/2 reply that does not end', async () => {
  await using backend = await startBackend()
  const proxy = { '/slow': `http://127.0.0.1:${backend.port}` }
  await using started = await startSecure(files, { proxy, limits: { closeMs: 200 } })
  const session = openSession(started)
  session.on('error', () => {})
  const lost = ask(session, { ':path': '/slow' }).catch(() => 'lost')
  await (await backend.next()).head()
  await started.server.close()
  assert.equal(await lost, 'lost')
})

test('HTTP/2 without TLS is served where it is asked for, and sent to HTTPS where all is', async () => {
  await using plain = await startServer(files, { h2c: true })
  const session = connect(`http://127.0.0.1:${plain.port}`)
  assert.equal((await ask(session, { ':path': '/a.txt' })).text, 'alpha')
  assert.equal((await ask(session, { ':authority': 'evil.test' })).headers[':status'], 421)
  session.close()
  assert.equal(await (await fetch(`http://127.0.0.1:${plain.port}/a.txt`)).text(), 'alpha')
  await using only = await startSecure(files, { tls: 'only', h2c: true })
  const sent = connect(`http://127.0.0.1:${only.port}`)
  const { headers } = await ask(sent, { ':path': '/a.txt' })
  assert.deepEqual([headers[':status'], headers['location']], [308, `https://127.0.0.1:${only.tlsPort}/a.txt`])
  sent.close()
})

/** A gRPC server with one method that answers with what it gets, and its port. */
async function startGrpc(): Promise<{ port: number } & Disposable> {
  const server = new GrpcServer()
  const asIs = (value: Buffer): Buffer => value
  const definition: ServiceDefinition = {
    echo: {
      path: '/test.Echo/Say',
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  }
  server.addService(definition, {
    echo: (call: { request: Buffer }, done: (error: null, value: Buffer) => void) => done(null, call.request),
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, found) =>
      error === null ? resolve(found) : reject(error),
    )
  })
  return { port, [Symbol.dispose]: () => server.forceShutdown() }
}

test('gRPC clients are served with TLS and without, through a route to their server', async () => {
  using grpc = await startGrpc()
  await using started = await startSecure(files, { proxy: { '/test.Echo': `h2c://127.0.0.1:${grpc.port}` } })
  const secure = credentials.createSsl(Buffer.from(started.ca))
  const asIs = (value: Buffer): Buffer => value
  for (const [address, kind] of [
    [`127.0.0.1:${started.port}`, credentials.createInsecure()],
    [`localhost:${started.tlsPort}`, secure],
  ] as const) {
    const client = new Client(address, kind)
    const text = await new Promise<string>((resolve, reject) => {
      client.makeUnaryRequest('/test.Echo/Say', asIs, asIs, Buffer.from('hello'), (error, value) =>
        error === null ? resolve(String(value)) : reject(error),
      )
    })
    assert.equal(text, 'hello')
    client.close()
  }
})

test('a client that does not trust the local authority is told of once, with the way out', async () => {
  using folder = new TempFolder()
  await using started = await startServer(files, { tls: true, authorityFolder: folder.join('authority') })
  const codes: string[] = []
  const warned = new Promise<string | undefined>((resolve) => {
    started.server.on('warning', ({ code, hint }) => {
      codes.push(code)
      resolve(hint)
    })
  })
  // Node's own client leaves without a word.
  const refuse = (...flags: string[]): Promise<unknown> => {
    const words = ['s_client', '-connect', `127.0.0.1:${started.server.tlsPort}`, '-verify_return_error', ...flags]
    return assert.rejects(promisify(execFile)('openssl', words))
  }
  await refuse('-tls1_3')
  assert.match((await warned) ?? '', /serve8008 trust/)
  await refuse('-tls1_2')
  assert.deepEqual(codes, ['W8008_UNTRUSTED'])
})
