import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { createServer, isServeError, type ServeError, type Server8008, type ServerEvents } from '../../src/index.ts'
import { rawGet, rawRequest } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'

const files = { 'a.txt': 'alpha' }

/** The next errors of a server, as they come. */
function nextErrors(server: Server8008, count: number): Promise<readonly ServeError[]> {
  const errors: ServeError[] = []
  return new Promise((resolve) => {
    server.on('error', (error) => {
      errors.push(error)
      if (errors.length === count) resolve(errors)
    })
  })
}

const failures: readonly (readonly [string, () => unknown])[] = [
  [
    'throws',
    () => {
      throw new TypeError('listener broke')
    },
  ],
  ['rejects', () => Promise.reject(new TypeError('listener broke'))],
]

for (const [verb, fail] of failures) {
  for (const name of ['request', 'reply'] as const) {
    test(`a listener of ${name} that ${verb} is an error event, and the reply arrives`, async () => {
      await using started = await startServer(files)
      const { server, port } = started
      const errors = nextErrors(server, 1)
      const heard: string[] = []
      server.on(name, fail as () => void).on(name, () => heard.push(name))
      assert.equal((await rawGet(port, '/a.txt')).body.toString(), 'alpha')
      const [error] = await errors
      assert.equal(error?.code, 'E8008_INTERNAL')
      assert.equal(error?.message, `A listener of "${name}" failed: TypeError: listener broke`)
      assert.ok(error?.cause instanceof TypeError)
      assert.deepEqual(heard, [name], 'the other listeners are called all the same')
      assert.equal((await rawGet(port, '/a.txt')).status, 200)
    })
  }

  test(`a listener of listening that ${verb} does not fail the start`, async () => {
    using folder = await new TempFolder().write(files)
    await using server = createServer({ root: folder.path, port: 0 })
    const errors = nextErrors(server, 1)
    server.on('listening', fail as () => void)
    const { port } = await server.listen()
    assert.match((await errors)[0]?.message ?? '', /listener of "listening" failed/)
    assert.equal((await rawGet(port, '/a.txt')).status, 200)
  })

  test(`a listener of close or warning that ${verb} does not fail the end`, async () => {
    using folder = await new TempFolder().write(files)
    const server = createServer({ root: folder.path, port: 0, single: 'missing.html' })
    const errors = nextErrors(server, 2)
    server.on('warning', fail as () => void).on('close', fail as () => void)
    await server.listen()
    await server.close()
    assert.deepEqual(
      (await errors).map(({ message }) => /"(\w+)"/.exec(message)?.[1]),
      ['warning', 'close'],
    )
  })
}

test('a listener that throws loses no reply over HTTP/2', async () => {
  await using started = await startServer(files, { h2c: true })
  const errors = nextErrors(started.server, 2)
  for (const name of ['request', 'reply'] as const) started.server.on(name, failures[0]?.[1] as () => void)
  const client = connect(`http://localhost:${started.port}`)
  const stream = client.request({ ':path': '/a.txt' }).setEncoding('utf8')
  assert.equal(await stream.reduce((all: string, part: string) => all + part, ''), 'alpha')
  client.close()
  await once(client, 'close')
  assert.equal((await errors).length, 2)
})

test('without a listener of error, a listener that throws changes nothing', async () => {
  await using started = await startServer(files)
  started.server.on('reply', failures[0]?.[1] as () => void)
  assert.equal((await rawGet(started.port, '/a.txt')).status, 200)
  assert.equal((await rawGet(started.port, '/a.txt')).status, 200)
})

test('functions of the options that throw are error events as well', async () => {
  await using started = await startServer(files, {
    log: 'json',
    write: () => {
      throw new Error('disk full')
    },
    phrase: () => {
      throw new Error('no words')
    },
  })
  const errors = nextErrors(started.server, 2)
  const reply = await rawRequest(started.port, 'GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n')
  assert.equal(reply.status, 421)
  assert.deepEqual(
    (await errors).map(({ message }) => message),
    ['The function "phrase" failed: Error: no words', 'The function "write" failed: Error: disk full'],
  )
})

test('what a listener of error throws is an uncaught exception', async () => {
  await using started = await startServer(files)
  started.server.use(() => () => {
    throw new Error('layer')
  })
  started.server.on('error', () => {
    throw new Error('last resort')
  })
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const caught = once(process, 'uncaughtException')
  try {
    assert.equal((await rawGet(started.port, '/a.txt')).status, 500)
    const [error] = (await caught) as [Error]
    assert.equal(error.message, 'last resort')
  } finally {
    for (const listener of listeners) process.on('uncaughtException', listener)
  }
})

test('off removes a listener, and one addition of a listener that was added twice', async () => {
  await using started = await startServer(files)
  let calls = 0
  const listener = (): void => void calls++
  const { server, port } = started
  server.on('request', listener).on('request', listener).off('request', listener)
  await rawGet(port, '/a.txt')
  assert.equal(calls, 1)
  server.off('request', listener).off('request', listener)
  await rawGet(port, '/a.txt')
  assert.equal(calls, 1)
})

const unknownEvents = [
  ['listen', 'did you mean "listening"?'],
  ['Reply', 'did you mean "reply"?'],
  ['requests', 'did you mean "request"?'],
  ['connection', /^use one of listening, request, reply, /],
  ['constructor', /^use one of /],
] as const
for (const [name, hint] of unknownEvents) {
  test(`on("${name}") says which events there are`, () => {
    const server = createServer()
    for (const act of ['on', 'off'] as const) {
      assert.throws(
        () => server[act](name as keyof ServerEvents, () => {}),
        (error) => {
          assert.ok(isServeError(error) && error.code === 'E8008_CONFIG_INVALID')
          assert.equal(error.message, `There is no event "${name}".`)
          if (typeof hint === 'string') assert.equal(error.hint, hint)
          else assert.match(error.hint ?? '', hint)
          return true
        },
      )
    }
  })
}

test('on() without a function says so', () => {
  assert.throws(() => createServer().on('reply', 'log' as never), /on\("reply"\) takes a function, and got "log"/)
})

test('a listener that throws a value without a text is an error event', async () => {
  await using started = await startServer(files)
  const { server, port } = started
  const errors = nextErrors(server, 1)
  server.on('request', () => {
    throw Object.create(null)
  })
  assert.equal((await rawGet(port, '/a.txt')).status, 200)
  assert.equal((await errors)[0]?.message, 'A listener of "request" failed: it threw a value that has no text')
})
