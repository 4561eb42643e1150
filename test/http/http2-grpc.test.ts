import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type ServiceError,
} from '@grpc/grpc-js'
import { createGate } from '../support/gate.ts'
import { startHttp2, type Http2Front } from '../support/http2.ts'

const bytes = (message: Buffer): Buffer => message
const both = {
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
}

let server: Server
let front: Http2Front
let client: Client
/** Opens when the server sees that a call was cancelled. */
let cancelled = createGate()

before(async () => {
  server = new Server()
  server.addService(
    {
      Unary: { path: '/t.T/Unary', requestStream: false, responseStream: false, ...both },
      Down: { path: '/t.T/Down', requestStream: false, responseStream: true, ...both },
      Up: { path: '/t.T/Up', requestStream: true, responseStream: false, ...both },
      Both: { path: '/t.T/Both', requestStream: true, responseStream: true, ...both },
      Never: { path: '/t.T/Never', requestStream: false, responseStream: false, ...both },
    },
    {
      Unary(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        if (String(call.request) === 'fail') {
          const metadata = new Metadata()
          metadata.set('why-bin', Buffer.from([0, 1, 255]))
          return done({ code: status.NOT_FOUND, details: 'nothing – here', metadata })
        }
        const trailer = new Metadata()
        trailer.set('x-trailer', '42')
        const initial = new Metadata()
        initial.set('x-initial', String(call.metadata.get('x-asked')[0] ?? ''))
        call.sendMetadata(initial)
        done(null, Buffer.concat([Buffer.from('re: '), call.request]), trailer)
      },
      Down(call: ServerWritableStream<Buffer, Buffer>) {
        for (let i = 0; i < 100; i++) call.write(Buffer.alloc(10_000, i))
        call.end()
      },
      Up(call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        let length = 0
        call.on('data', (message: Buffer) => (length += message.length))
        call.on('end', () => done(null, Buffer.from(String(length))))
      },
      Both(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on('data', (message: Buffer) => call.write(message))
        call.on('end', () => call.end())
        call.on('cancelled', () => cancelled.open())
      },
      Never(call: ServerUnaryCall<Buffer, Buffer>) {
        call.on('cancelled', () => cancelled.open())
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    ),
  )
  front = await startHttp2({}, { proxy: { '/': `h2c://127.0.0.1:${port}` } })
  client = new Client(`localhost:${front.port}`, credentials.createInsecure())
})

after(async () => {
  client.close()
  await front[Symbol.asyncDispose]()
  server.forceShutdown()
})

interface Answer {
  readonly error: ServiceError | null
  readonly message: string | undefined
  readonly initial: Metadata | undefined
  readonly trailer: Metadata | undefined
}

function unary(path: string, message: string, options = {}, metadata = new Metadata()): Promise<Answer> {
  return new Promise((resolve) => {
    let initial: Metadata | undefined
    let trailer: Metadata | undefined
    let answer: Pick<Answer, 'error' | 'message'> | undefined
    const call = client.makeUnaryRequest(
      path,
      bytes,
      bytes,
      Buffer.from(message),
      metadata,
      options,
      (error, reply) => {
        answer = { error, message: reply === undefined ? undefined : String(reply) }
      },
    )
    call.once('metadata', (given) => (initial = given))
    call.once('status', ({ metadata: given }) => {
      trailer = given
      setImmediate(() => resolve({ ...(answer as Answer), initial, trailer }))
    })
  })
}

test('a unary call: metadata both ways, message, trailers', async () => {
  const metadata = new Metadata()
  metadata.set('x-asked', 'yes')
  const { error, message, initial, trailer } = await unary('/t.T/Unary', 'hello', {}, metadata)
  assert.equal(error, null)
  assert.equal(message, 're: hello')
  assert.deepEqual(initial?.get('x-initial'), ['yes'])
  assert.deepEqual(trailer?.get('x-trailer'), ['42'])
})

test('an error comes with its code, its words and its details', async () => {
  const { error } = await unary('/t.T/Unary', 'fail')
  assert.equal(error?.code, status.NOT_FOUND)
  assert.equal(error.details, 'nothing – here')
  assert.deepEqual(error.metadata.get('why-bin'), [Buffer.from([0, 1, 255])])
})

test('a method that does not exist is refused in the header section', async () => {
  assert.equal((await unary('/t.T/None', 'x')).error?.code, status.UNIMPLEMENTED)
})

test('the server streams', async () => {
  const call = client.makeServerStreamRequest('/t.T/Down', bytes, bytes, Buffer.from('x'))
  let count = 0
  for await (const message of call) assert.ok((message as Buffer).equals(Buffer.alloc(10_000, count++)))
  assert.equal(count, 100)
})

test('the client streams', async () => {
  const reply = await new Promise<string>((resolve, reject) => {
    const call = client.makeClientStreamRequest('/t.T/Up', bytes, bytes, (error, message) =>
      error === null ? resolve(String(message)) : reject(error),
    )
    for (let i = 0; i < 100; i++) call.write(Buffer.alloc(10_000))
    call.end()
  })
  assert.equal(reply, '1000000')
})

test('both stream, one message after the other', async () => {
  const call = client.makeBidiStreamRequest('/t.T/Both', bytes, bytes)
  const replies = call[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  for (const word of ['one', 'two', 'three']) {
    call.write(Buffer.from(word))
    assert.equal(String((await replies.next()).value), word)
  }
  call.end()
  assert.equal((await replies.next()).done, true)
})

test('a call that is cancelled is cancelled at the server', async () => {
  cancelled = createGate()
  const call = client.makeBidiStreamRequest('/t.T/Both', bytes, bytes)
  const failed = new Promise<ServiceError>((resolve) => call.once('error', resolve as (error: Error) => void))
  call.write(Buffer.from('one'))
  call.once('data', () => call.cancel())
  assert.equal((await failed).code, status.CANCELLED)
  await cancelled.opened
})

test('a call past its deadline ends at both ends', async () => {
  cancelled = createGate()
  const { error } = await unary('/t.T/Never', 'x', { deadline: Date.now() + 150 })
  assert.equal(error?.code, status.DEADLINE_EXCEEDED)
  await cancelled.opened
})

test('many calls at once share a session', async () => {
  const answers = await Promise.all(Array.from({ length: 150 }, (_, i) => unary('/t.T/Unary', String(i))))
  assert.deepEqual(
    answers.map(({ message }) => message),
    answers.map((_, i) => `re: ${i}`),
  )
})
