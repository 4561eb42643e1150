import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Client, credentials, Server as GrpcServer, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js'
import { answering, startBackend } from '../support/backend.ts'
import { ask, openSecureSession, openSession } from '../support/http2.ts'
import { startSecure } from '../support/secure.ts'
import { startServer, TempFolder } from '../support/server.ts'

const files = { 'index.html': '<h1>site</h1>', 'a.txt': 'alpha' }

test('HTTP/2 is agreed on under TLS and served by the same pipeline', async () => {
  await using started = await startSecure(files, { tls: 'only' })
  const requests: unknown[] = []
  started.server.on('request', ({ version, peer }) => requests.push([version, peer.encrypted, peer.localPort]))
  using session = openSecureSession(started)
  const { status, body } = await ask(session, { ':path': '/a.txt' })
  assert.deepEqual([status, body.toString()], [200, 'alpha'])
  assert.deepEqual(requests, [['2', true, started.tlsPort]])
  assert.equal((await ask(session, { ':authority': 'evil.test' })).status, 421)
  session.close()
  await once(session, 'close')
})

test('an upstream gets the scheme of an HTTP/2 client in a forwarded field', async () => {
  await using backend = await answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  await using started = await startSecure(files, { proxy: { '/api': `http://127.0.0.1:${backend.port}` } })
  using session = openSecureSession(started)
  const record = backend.next().then((upstream) => upstream.head())
  assert.equal((await ask(session, { ':path': '/api' })).body.toString(), 'ok')
  const head = await record
  assert.match(head, /^X-Forwarded-Proto: https\r$/m)
  assert.match(head, new RegExp(`^X-Forwarded-Port: ${started.tlsPort}\r$`, 'm'))
})

test('closing lets an HTTP/2 reply finish, and ends sessions that have none', async () => {
  await using backend = await startBackend()
  await using started = await startSecure(files, { proxy: { '/slow': `http://127.0.0.1:${backend.port}` } })
  const [busy, idle] = [openSecureSession(started), openSecureSession(started)]
  await ask(idle, { ':path': '/a.txt' })
  const slow = ask(busy, { ':path': '/slow' })
  const upstream = await backend.next()
  await upstream.head()
  const since = performance.now()
  const closing = started.server.close()
  await once(idle, 'close')
  upstream.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone')
  assert.equal((await slow).body.toString(), 'done')
  await closing
  assert.ok(performance.now() - since < 4000)
})

test('closing ends a session whose requests are never complete', async () => {
  await using started = await startSecure(files, { limits: { closeMs: 100 } })
  using session = openSecureSession(started)
  const opened = new Promise<void>((resolve) => {
    let count = 0
    started.server.on('request', () => ++count === 60 && resolve())
  })
  for (let i = 0; i < 60; i++) {
    session.request({ ':method': 'POST', ':path': '/a.txt' }, { endStream: false }).on('error', () => {})
  }
  await opened
  await started.server.close()
})

test('closes the upstream connection when the client disappears', async () => {
  await using backend = await startBackend()
  await using started = await startSecure(files, { proxy: { '/slow': `http://127.0.0.1:${backend.port}` } })
  using session = openSecureSession(started)
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
  using session = openSecureSession(started)
  const lost = ask(session, { ':path': '/slow' }).catch(() => 'lost')
  await (await backend.next()).head()
  await started.server.close()
  assert.equal(await lost, 'lost')
})

test('HTTP/2 without TLS is served where it is asked for, and sent to HTTPS where all is', async () => {
  await using plain = await startServer(files, { h2c: true })
  using session = openSession(plain.port)
  assert.equal((await ask(session, { ':path': '/a.txt' })).body.toString(), 'alpha')
  assert.equal((await ask(session, { ':authority': 'evil.test' })).status, 421)
  session.close()
  assert.equal(await (await fetch(`http://127.0.0.1:${plain.port}/a.txt`)).text(), 'alpha')
  await using only = await startSecure(files, { tls: 'only', h2c: true })
  using sent = openSession(only.port)
  const { status, headers } = await ask(sent, { ':path': '/a.txt' })
  assert.deepEqual([status, headers['location']], [308, `https://localhost:${only.tlsPort}/a.txt`])
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

test('warns once of a client that does not trust the local authority, with the command that fixes it', async () => {
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
