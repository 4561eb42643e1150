// own process: subscribers of a channel, and uncaught exceptions, belong to the process
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test, type TestContext } from 'node:test'
import type { ChannelMessages } from '../../src/index.ts'
import { publishEnd, publishStart } from '../../src/inspect/request-channels.ts'
import { answering } from '../support/backend.ts'
import { deadPort } from '../support/free-port.ts'
import { LivePage } from '../support/live-page.ts'
import { rawGet, rawRequest } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

/** Messages of a channel, until the test ends. */
function messagesOf<Name extends keyof ChannelMessages>(t: TestContext, name: Name): ChannelMessages[Name][] {
  const messages: ChannelMessages[Name][] = []
  const collect = (message: unknown): unknown => messages.push(message as ChannelMessages[Name])
  subscribe(name, collect)
  t.after(() => unsubscribe(name, collect))
  return messages
}

test('publishes start and end of each request, and why one was refused, without secrets', async (t) => {
  const starts = messagesOf(t, 'serve8008:request:start')
  const errors = messagesOf(t, 'serve8008:request:error')
  const ends = messagesOf(t, 'serve8008:request:end')
  await using started = await startServer({ 'a.txt': 'alpha' }, { auth: 'ann:s3cret' })
  const { port } = started
  const credentials = Buffer.from('ann:s3cret').toString('base64')
  await rawGet(port, '/a.txt?token=s3cret', [
    `Authorization: Basic ${credentials}`,
    'Cookie: sid=s3cret',
    'Referer: http://u:s3cret@localhost/?code=s3cret',
  ])
  await rawGet(port, '/a.txt?token=s3cret')
  const [one, other] = starts
  assert.deepEqual(
    [one?.method, one?.target, one?.version, one?.host, one?.address],
    [...['GET', '/a.txt?token=…', '1.1', `localhost:${port}`, '127.0.0.1']],
  )
  assert.deepEqual(
    errors.map(({ id, code, status }) => [id, code, status]),
    [[other?.id, 'E8008_UNAUTHORIZED', 401]],
  )
  assert.deepEqual(
    ends.map(({ id, status, bytes, user }) => [id, status, bytes > 0, user]),
    [
      [one?.id, 200, true, 'ann'],
      [other?.id, 401, true, ''],
    ],
  )
  const all = JSON.stringify([starts, errors, ends])
  assert.doesNotMatch(all, /s3cret/)
  assert.ok(!all.includes(credentials))
})

test('publishes the control endpoints too, and a message that has no start', async (t) => {
  const starts = messagesOf(t, 'serve8008:request:start')
  const errors = messagesOf(t, 'serve8008:request:error')
  const ends = messagesOf(t, 'serve8008:request:end')
  await using started = await startServer({})
  await rawGet(started.port, '/__serve8008/live.js')
  assert.deepEqual(
    ends.map(({ id }) => id),
    starts.map(({ id }) => id),
  )
  await rawRequest(started.port, 'GARBAGE\r\n\r\n')
  assert.equal(starts.length, 1)
  assert.equal(ends[1]?.method, '-')
  assert.deepEqual(errors, [{ id: ends[1].id, code: 'E8008_MALFORMED', status: 400, remark: errors[0]?.remark }])
})

test('publishes each attempt at an upstream, with its fault or its status', async (t) => {
  const attempts = messagesOf(t, 'serve8008:upstream:attempt')
  await using backend = await answering('HTTP/1.1 204 No Content\r\n\r\n')
  // Behind it, so that they differ.
  const dead = await deadPort()
  const targets = [`http://127.0.0.1:${dead}`, `http://127.0.0.1:${backend.port}`]
  await using started = await startServer({}, { proxy: { '/api': { to: targets, retries: 1 } } })
  assert.equal((await rawGet(started.port, '/api?token=s3cret')).status, 204)
  assert.equal((await rawGet(started.port, '/a.txt')).status, 404)
  const [first] = attempts
  assert.deepEqual(
    attempts.map(({ ms, ...rest }) => [(ms ?? -1) >= 0, rest]),
    [
      [false, { id: first?.id, phase: 'start', attempt: 1, upstream: `127.0.0.1:${dead}`, fault: undefined }],
      [true, { id: first?.id, phase: 'end', attempt: 1, upstream: `127.0.0.1:${dead}`, fault: 'refused' }],
      [false, { id: first?.id, phase: 'start', attempt: 2, upstream: `127.0.0.1:${backend.port}`, fault: undefined }],
      [true, { id: first?.id, phase: 'end', attempt: 2, upstream: `127.0.0.1:${backend.port}`, status: 204 }],
    ].map(([isTimed, rest]) => [isTimed, { route: '/api', status: undefined, fault: undefined, ...(rest as object) }]),
  )
  assert.doesNotMatch(JSON.stringify(attempts), /s3cret/)
})

test('publishes the changed files that pages use', async (t) => {
  const changes = messagesOf(t, 'serve8008:file:change')
  await using started = await startServer({ 'index.html': '<!doctype html>home', 'style.css': 'p{}' })
  using page = await LivePage.open(started.port, { resources: ['/style.css'] })
  await page.next()
  const changed = new Promise((resolve) => started.server.on('change', resolve))
  await started.folder.write({ 'style.css': 'p{color:red}' })
  await changed
  assert.deepEqual(changes, [{ paths: [started.folder.join('style.css')] }])
})

test('a subscriber that throws changes no reply, and keeps no message from others', async (t) => {
  const fail = (): never => {
    throw new Error('of a subscriber')
  }
  const names = ['serve8008:request:start', 'serve8008:request:end', 'serve8008:request:error'] as const
  const caught: string[] = []
  process.setUncaughtExceptionCaptureCallback((error) => void caught.push(error.message))
  for (const name of names) subscribe(name, fail)
  t.after(() => {
    for (const name of names) unsubscribe(name, fail)
    process.setUncaughtExceptionCaptureCallback(null)
  })
  const ends = messagesOf(t, 'serve8008:request:end')
  await using started = await startServer({ 'a.txt': 'alpha' })
  const faults: unknown[] = []
  started.server.on('error', (error) => faults.push(error))
  assert.equal((await rawGet(started.port, '/a.txt')).body.toString(), 'alpha')
  assert.equal((await rawGet(started.port, '/missing')).status, 404)
  assert.deepEqual(
    ends.map(({ status }) => status),
    [200, 404],
  )
  assert.deepEqual(faults, [])
  // As Node has it for every channel: start and end of both, and one refusal.
  assert.deepEqual(
    caught,
    Array.from({ length: 5 }, () => 'of a subscriber'),
  )
})

test('no message is made without subscribers', () => {
  const unread = (target: object): never =>
    new Proxy(target, {
      get(object, key) {
        assert.ok(key in object, `${String(key)} is read`)
        return Reflect.get(object, key)
      },
    }) as never
  publishStart(unread({}))
  publishEnd(unread({ id: 1, notes: { refusal: 'E8008_NOT_FOUND' } }), unread({}), unread({}))
})
