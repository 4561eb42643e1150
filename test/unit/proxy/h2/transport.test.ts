import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createSecureServer, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import type { IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Server as GrpcServer, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js'
import { usualLimits } from '../../../../src/config/options/limits.ts'
import type { HeaderList } from '../../../../src/http/message/headers.ts'
import type { Source } from '../../../../src/http/message/reply.ts'
import { createHttp2Transport } from '../../../../src/proxy/h2/transport.ts'
import type { UpstreamRequest, Transport, TransportOptions, UpstreamReply } from '../../../../src/proxy/types.ts'
import { UpstreamError } from '../../../../src/proxy/upstream/upstream-error.ts'
import { makeCertificate } from '../../../support/certificate.ts'
import { createGate } from '../../../support/gate.ts'
import { TempFolder } from '../../../support/server.ts'
import { patientTimeouts, RawUpstream, requestOf, upstreamAt } from '../../../support/upstream.ts'

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: string[]) => void

/** An h2c server that counts its sessions. */
async function startBackend(
  onStream: OnStream,
): Promise<{ port: number; server: Http2Server; sessions: () => number } & AsyncDisposable> {
  const server = createServer()
  let sessions = 0
  const open = new Set<{ destroy(): void }>()
  server.on('session', (session) => {
    sessions++
    open.add(session)
    session.on('error', () => {})
  })
  const listener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]): void => {
    stream.on('error', () => {})
    onStream(stream, headers, raw)
  }
  server.on('stream', listener as (stream: ServerHttp2Stream) => void)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    server,
    port: (server.address() as AddressInfo).port,
    sessions: () => sessions,
    [Symbol.asyncDispose]: async () => {
      const gate = createGate()
      server.close(gate.open)
      for (const session of open) session.destroy()
      await gate.opened
    },
  }
}

const limits: TransportOptions['limits'] = { ...usualLimits, replyHeaderBytes: 65_536 }

function transportTo(port: number, facts: Partial<TransportOptions> = {}): Transport & AsyncDisposable {
  const transport = createHttp2Transport({
    upstream: upstreamAt(port, { protocol: 'h2c:' }),
    timeouts: patientTimeouts,
    tls: { verify: true },
    limits,
    ...facts,
  })
  return { ...transport, [Symbol.asyncDispose]: () => transport.close() }
}

/** A client that disconnects when a signal aborts. */
function whenAborted(signal: AbortSignal): UpstreamRequest['whenGone'] {
  return (callback) => {
    signal.addEventListener('abort', callback)
    return () => signal.removeEventListener('abort', callback)
  }
}

async function contentOf({ body }: UpstreamReply): Promise<{ content: Buffer; trailers: HeaderList | void }> {
  const chunks: Uint8Array[] = []
  if (body === null || body instanceof Uint8Array) return { content: Buffer.from(body ?? []), trailers: [] }
  const trailers = await body.pull({ write: (chunk) => void chunks.push(chunk) }, new AbortController().signal)
  return { content: Buffer.concat(chunks), trailers }
}

function isFault(fault: string, wrote?: boolean): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UpstreamError, String(error))
    assert.equal(error.fault, fault)
    if (wrote !== undefined) assert.equal(error.wrote, wrote)
    return true
  }
}

test('converts a request to HTTP/2: adds pseudo-fields, drops hop-by-hop fields, keeps duplicates', async () => {
  const seen: string[][] = []
  await using backend = await startBackend((stream, _headers, raw) => {
    seen.push(raw)
    stream.respond({ ':status': 207, 'set-cookie': ['a=1', 'b=2'], 'x-one': '1' })
    stream.end('content')
  })
  await using transport = transportTo(backend.port)
  const headers = [
    'Host',
    'app.test',
    'X-A',
    '1',
    'x-a',
    '2',
    'Connection',
    'x-b',
    'X-B',
    '1',
    'Keep-Alive',
    'timeout=5',
  ]
  const reply = await transport.send(
    requestOf({ method: 'PROPFIND', path: '/a//b/%2e?q', headers: [...headers, 'TE', 'gzip', 'Cookie', 'k=v'] }),
  )
  assert.deepEqual(seen[0], [
    ...[':method', 'PROPFIND', ':scheme', 'http', ':authority', 'app.test', ':path', '/a//b/%2e?q'],
    ...['x-a', '1', 'x-a', '2', 'cookie', 'k=v'],
  ])
  assert.equal(reply.status, 207)
  const fields = reply.headers.filter((_, i) => reply.headers[i - (i % 2)] !== 'date')
  assert.deepEqual(fields, ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'x-one', '1'])
  assert.equal((await contentOf(reply)).content.toString(), 'content')
})

test('sends content with its length, and receives content with trailers', async () => {
  await using backend = await startBackend((stream, headers) => {
    stream.respond({ 'x-length': headers['content-length'] ?? 'none' }, { waitForTrailers: true })
    stream.once('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }))
    stream.pipe(stream)
  })
  await using transport = transportTo(backend.port)
  const content = Buffer.alloc(3_000_000, 'x')
  const body = Readable.from([content.subarray(0, 1_000_000), content.subarray(1_000_000)])
  const reply = await transport.send(requestOf({ method: 'POST', body, length: content.length }))
  assert.equal(reply.headers[reply.headers.indexOf('x-length') + 1], '3000000')
  const got = await contentOf(reply)
  assert.ok(got.content.equals(content))
  assert.deepEqual(got.trailers, ['x-sum', '42'])
})

test('shares one session, and opens a new one after GOAWAY', async () => {
  let goAway = false
  await using backend = await startBackend((stream) => {
    stream.respond({})
    if (goAway) stream.session?.goaway(0)
    stream.end('ok')
  })
  await using transport = transportTo(backend.port)
  const ask = async (): Promise<string> => (await contentOf(await transport.send(requestOf()))).content.toString()
  assert.deepEqual(await Promise.all(Array.from({ length: 20 }, ask)), Array(20).fill('ok'))
  assert.equal(backend.sessions(), 1)
  goAway = true
  assert.equal(await ask(), 'ok')
  goAway = false
  assert.equal(await ask(), 'ok')
  assert.equal(backend.sessions(), 2)
})

test('replaces a session that the upstream closed', async () => {
  const opened: { destroy(): void }[] = []
  await using backend = await startBackend((stream) => stream.respond({}, { endStream: true }))
  backend.server.on('session', (session) => opened.push(session))
  await using transport = transportTo(backend.port)
  assert.equal((await contentOf(await transport.send(requestOf()))).content.length, 0)
  opened[0]?.destroy()
  // The close may arrive after the next request is sent.
  const reply = await transport.send(requestOf()).catch(() => transport.send(requestOf()))
  assert.equal(reply.status, 200)
  assert.equal(backend.sessions(), 2)
})

test('a client that disconnects cancels the stream, before and after the response', async () => {
  for (const answers of [false, true]) {
    const gate = createGate()
    let code: number | undefined
    const arrived = createGate()
    await using backend = await startBackend((stream) => {
      stream.once('close', () => {
        code = stream.rstCode
        gate.open()
      })
      if (answers) {
        stream.respond({})
        stream.write('begun')
      }
      arrived.open()
    })
    await using transport = transportTo(backend.port)
    const leaving = new AbortController()
    const sent = transport.send(requestOf({ whenGone: whenAborted(leaving.signal) }))
    await arrived.opened
    if (answers) {
      const { body } = await sent
      const pulled = (body as Source).pull({ write: () => leaving.abort() }, leaving.signal)
      await assert.rejects(pulled)
    } else {
      leaving.abort()
      await assert.rejects(sent, isFault('left'))
    }
    await gate.opened
    assert.equal(code, 8)
  }
})

for (const [name, end] of [
  ['a reset', (stream: ServerHttp2Stream) => stream.destroy(new Error('broken'))],
  ['the end of the connection', (stream: ServerHttp2Stream) => stream.session?.destroy()],
] as const) {
  test(`content that ${name} truncates is an error`, async () => {
    await using backend = await startBackend((stream) => {
      stream.respond({})
      stream.write('begun', () => setImmediate(end, stream))
    })
    await using transport = transportTo(backend.port)
    const reply = await transport.send(requestOf())
    await assert.rejects(contentOf(reply), isFault('reset'))
  })
}

test('a refused stream may be retried', async () => {
  await using backend = await startBackend((stream) => stream.close(7))
  await using transport = transportTo(backend.port)
  await assert.rejects(transport.send(requestOf()), isFault('reset', false))
})

test('applies the timeouts for the connection, the response and the content', async () => {
  await using mute = await RawUpstream.open(() => {})
  await using backend = await startBackend((stream, headers) => {
    if (headers[':path'] === '/begun') stream.respond({ 'content-type': headers['x-type'] as string })
  })
  // One at a time: a busy machine may need longer for what is not tested.
  const only = (timeouts: Partial<typeof patientTimeouts>): Parameters<typeof transportTo>[1] => ({
    timeouts: { ...patientTimeouts, ...timeouts },
  })
  await using waiting = transportTo(backend.port, only({ headersMs: 60 }))
  await assert.rejects(waiting.send(requestOf()), isFault('headers-timeout'))
  await using transport = transportTo(backend.port, only({ bodyIdleMs: 60 }))
  const begun = await transport.send(requestOf({ path: '/begun', headers: ['x-type', 'text/plain'] }))
  await assert.rejects(contentOf(begun), isFault('body-timeout'))

  const stream = await transport.send(requestOf({ path: '/begun', headers: ['x-type', 'text/event-stream'] }))
  const ended = contentOf(stream).then(
    () => 'ended',
    () => 'ended',
  )
  const later = new Promise((resolve) => setTimeout(resolve, 200, 'open'))
  assert.equal(await Promise.race([ended, later]), 'open')
  ;(stream.body as Source).cancel()
  await ended

  await using silent = transportTo(mute.port, only({ connectMs: 60 }))
  await assert.rejects(silent.send(requestOf()), isFault('connect-timeout', false))
})

test('distinguishes an upstream without HTTP/2 from one that sends no bytes', async () => {
  await using other = await RawUpstream.open((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await using first = transportTo(other.port)
  await assert.rejects(first.send(requestOf()), isFault('no-http2', false))
  const gone = await RawUpstream.open(() => {})
  const { port } = gone
  await gone[Symbol.asyncDispose]()
  await using second = transportTo(port)
  await assert.rejects(second.send(requestOf()), isFault('refused', false))
})

test('forwards early hints before the response', async () => {
  const hints: unknown[] = []
  await using backend = await startBackend((stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a>' })
    stream.respond({ ':status': 200 }, { endStream: true })
  })
  await using transport = transportTo(backend.port)
  const inform = (status: number, headers: HeaderList): number => hints.push([status, headers])
  assert.equal((await transport.send(requestOf({ inform }))).status, 200)
  assert.deepEqual(hints, [[103, ['link', '</a>']]])
})

test('applies backpressure to the upstream when the client does not read', async () => {
  let written = 0
  await using backend = await startBackend((stream) => {
    stream.respond({})
    const chunk = Buffer.alloc(64 * 1024)
    const more = (): void => {
      if (written < 4000 && !stream.destroyed) stream.write(chunk, () => (written++, more()))
    }
    more()
  })
  await using transport = transportTo(backend.port)
  const reply = await transport.send(requestOf())
  const gate = createGate()
  const leaving = new AbortController()
  const pulled = (reply.body as Source).pull({ write: () => gate.opened }, leaving.signal)
  let before = -1
  while (before !== written) {
    before = written
    await new Promise((resolve) => setTimeout(resolve, 150))
  }
  assert.ok(written > 0 && written < 400, `${written} chunks were taken`)
  leaving.abort()
  gate.open()
  await assert.rejects(pulled)
})

test('resets the stream when request content is truncated', async () => {
  const gate = createGate()
  const arrived = createGate()
  let code: number | undefined
  await using backend = await startBackend((stream) => {
    stream.once('data', arrived.open)
    stream.once('close', () => {
      code = stream.rstCode
      gate.open()
    })
  })
  await using transport = transportTo(backend.port)
  const failure = new Error('the client left')
  const early = new PassThrough()
  const first = transport.send(requestOf({ method: 'PUT', body: early }))
  early.destroy(failure)
  await assert.rejects(first, isFault('left'))
  const body = new PassThrough()
  body.write('half')
  const sent = transport.send(requestOf({ method: 'PUT', body }))
  await arrived.opened
  body.destroy(failure)
  await assert.rejects(sent, isFault('left'))
  await gate.opened
  assert.equal(code, 8)
})

test('forwards a response that precedes the end of the request', async () => {
  await using backend = await startBackend((stream) => {
    stream.respond({ ':status': 413 })
    stream.end('too large')
  })
  await using transport = transportTo(backend.port)
  const body = new PassThrough()
  body.write('a part')
  const reply = await transport.send(requestOf({ method: 'POST', body }))
  assert.equal(reply.status, 413)
  assert.equal((await contentOf(reply)).content.toString(), 'too large')
  // The rest of the request content is read and dropped.
  body.end(Buffer.alloc(1_000_000))
  await once(body, 'close')
})

test('requires h2 in ALPN under TLS', async () => {
  const pair = await makeCertificate('localhost')
  using folder = await new TempFolder().write({ 'ca.pem': pair.cert })
  const tls = { verify: true, ca: folder.join('ca.pem') }
  for (const agrees of [true, false]) {
    const server = agrees ? createSecureServer(pair) : createTlsServer({ ...pair, ALPNProtocols: ['http/1.1'] })
    server.on('stream', (stream: ServerHttp2Stream) => stream.respond({}, { endStream: true }))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    {
      await using transport = transportTo(port, {
        tls,
        upstream: upstreamAt(port, { protocol: 'h2:', hostname: 'localhost' }),
      })
      if (agrees) await contentOf(await transport.send(requestOf()))
      else await assert.rejects(transport.send(requestOf()), isFault('no-http2', false))
    }
    server.close()
  }
})

test('forwards gRPC: messages, trailers, status, and errors in the header section', async () => {
  const server = new GrpcServer()
  const plain = { requestSerialize: (b: Buffer) => b, requestDeserialize: (b: Buffer) => b } as const
  const both = { ...plain, responseSerialize: (b: Buffer) => b, responseDeserialize: (b: Buffer) => b } as const
  const service: ServiceDefinition = {
    Echo: { path: '/t.T/Echo', requestStream: true, responseStream: true, ...both },
  }
  server.addService(service, {
    Echo(call: NodeJS.ReadWriteStream) {
      call.on('data', (message) => call.write(Buffer.concat([Buffer.from('echo '), message as Buffer])))
      call.on('end', () => call.end())
    },
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    ),
  )
  try {
    await using transport = transportTo(port)
    const message = (text: string): Buffer => {
      const head = Buffer.alloc(5)
      head.writeUInt32BE(text.length, 1)
      return Buffer.concat([head, Buffer.from(text)])
    }
    const headers = ['Host', 'app.test', 'Content-Type', 'application/grpc', 'TE', 'trailers']
    const call = { method: 'POST', headers }
    const body = Readable.from([Buffer.concat([message('one'), message('two')])])
    const reply = await transport.send(requestOf({ ...call, path: '/t.T/Echo', body }))
    assert.equal(reply.status, 200)
    const { content, trailers } = await contentOf(reply)
    assert.ok(content.equals(Buffer.concat([message('echo one'), message('echo two')])))
    assert.deepEqual(trailers?.slice(0, 2), ['grpc-status', '0'])

    const unknown = await transport.send(requestOf({ ...call, path: '/t.T/None', body: Readable.from([message('x')]) }))
    assert.equal(unknown.headers[unknown.headers.indexOf('grpc-status') + 1], '12')
    await contentOf(unknown)
  } finally {
    server.forceShutdown()
  }
})

test('close() waits for an idle session, which otherwise does not keep the process alive', async () => {
  await using backend = await startBackend((stream) => {
    stream.respond()
    stream.end('ok')
  })
  const entry = new URL('../../../../src/proxy/h2/transport.ts', import.meta.url).href
  const upstream = upstreamAt(backend.port, { protocol: 'h2c:' })
  const options: TransportOptions = { upstream, timeouts: patientTimeouts, tls: { verify: true }, limits }
  const request = { method: 'GET', path: '/', headers: [], body: null }
  const program = `
    const { createHttp2Transport } = await import(${JSON.stringify(entry)})
    const transport = createHttp2Transport(${JSON.stringify(options)})
    const request = { ...${JSON.stringify(request)}, whenGone: () => () => {}, inform: () => {} }
    const { body } = await transport.send(request)
    await body.pull({ write() {} }, new AbortController().signal)
    await transport.close()
    console.log('closed')`
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--import', 'tsx', '--input-type=module'],
    ...['--eval', program],
  ])
  assert.equal(stdout, 'closed\n')
})
