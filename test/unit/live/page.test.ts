import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WebSocket } from 'ws'
import { Page, type PageEvents } from '../../../src/live/page.ts'
import { FakeSocket } from './fake-socket.ts'

function pageOf(socket: FakeSocket, events: Partial<PageEvents> = {}): Page {
  const silent = { resourcesReported() {}, hello() {}, changedMeanwhile() {}, console() {}, closed() {} }
  const sources = {
    dependenciesOf: (path: string) => ({ files: [`/site${path}`, '/site/404.html'], isMissing: true }),
    changedAt: () => 0,
    changedBy: () => 0,
    folderChangedAt: () => 0,
  }
  return new Page(socket as unknown as WebSocket, sources, { ...silent, ...events })
}

/** Resolves every path that a page reported. */
function resolveAll(page: Page): void {
  while (page.resolveNext());
}

test('ends the connection of a page that does not read, before its messages fill the memory', () => {
  const socket = new FakeSocket()
  const page = pageOf(socket)
  page.send({ type: 'notify', message: 'one' })
  socket.bufferedAmount = 1024 * 1024 + 1
  page.send({ type: 'notify', message: 'two' })
  assert.deepEqual(socket.done, ['{"type":"notify","message":"one"}', 'terminate'])
})

test('answers pings, with a bound on answers that the page does not read', () => {
  const socket = new FakeSocket()
  pageOf(socket)
  socket.emit('ping', Buffer.from('one'))
  socket.bufferedAmount = 1024 * 1024 + 1
  socket.emit('ping', Buffer.from('two'))
  assert.deepEqual(socket.done, ['pong one', 'terminate'])
})

test('ends the connection of a page that does not send its hello in time', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const [silent, greeting] = [new FakeSocket(), new FakeSocket()]
  pageOf(silent)
  pageOf(greeting)
  greeting.emit('message', Buffer.from('{"type":"hello","document":"/","resources":[]}'), false)
  t.mock.timers.tick(10_000)
  assert.deepEqual([silent.done, greeting.done], [['terminate'], []])
})

test('ends the connection of a page that does not answer a ping before the next one', () => {
  const socket = new FakeSocket()
  let gone = 0
  const page = pageOf(socket, { closed: () => gone++ })
  page.ping()
  socket.emit('pong')
  page.ping()
  assert.deepEqual(socket.done, ['ping', 'ping'])
  page.ping()
  assert.deepEqual([socket.done.at(-1), gone], ['terminate', 1])
})

test('keeps the newest paths of the hello and of later reports', () => {
  const socket = new FakeSocket()
  let greeted = 0
  const page = pageOf(socket, { hello: () => greeted++, resourcesReported: resolveAll })
  socket.say({ type: 'hello', document: '/', resources: ['/a.css'], syncedAt: 5 })
  assert.deepEqual([greeted, page.syncedAt, page.document], [1, 5, '/'])
  socket.say({ type: 'uses', resources: ['/b.css', 'no path', 7] })
  assert.deepEqual([...page.files], ['/site/', '/site/404.html', '/site/a.css', '/site/b.css'])
  assert.deepEqual([...page.pathsOf('/site/404.html')], ['/', '/a.css', '/b.css'])
  socket.say({ type: 'uses', resources: Array.from({ length: 9000 }, (_, i) => `/${i}`) })
  socket.say({ type: 'uses', resources: ['/last.css'] })
  assert.deepEqual(
    ['/', '/last.css', '/8999', '/4906', '/4905', '/0', '/a.css'].map((path) => page.hasLoaded(path)),
    [true, true, true, true, false, false, false],
  )
  assert.equal(page.uses('/site/0'), false)
  assert.equal([...page.pathsOf('/site/404.html')].length, 4096)
  assert.equal(greeted, 1)
})

test('bounds unresolved paths too, and counts them as loaded', () => {
  const socket = new FakeSocket()
  const page = pageOf(socket)
  socket.say({ type: 'hello', document: '/', resources: ['/a.css'] })
  for (let message = 0; message < 5; message++) {
    socket.say({ type: 'uses', resources: Array.from({ length: 4000 }, (_, i) => `/${message}/${i}`) })
  }
  assert.deepEqual(
    ['/', '/4/3999', '/0/3999'].map((path) => page.hasLoaded(path)),
    [true, true, false],
  )
  let steps = 1
  while (page.resolveNext()) steps++
  assert.equal(steps, 4097)
})

test('a reloaded page is at least as new as the last time it received before', () => {
  const synced = (times: object): number => {
    const socket = new FakeSocket()
    const page = pageOf(socket)
    socket.say({ type: 'hello', document: '/', resources: [], ...times })
    return page.syncedAt
  }
  const now = Date.now()
  // By its age it seems older than the change that reloaded it.
  assert.equal(synced({ age: 500, ageAt: now, loadedAfter: now - 20 }), now - 20)
  assert.equal(synced({ age: 500, ageAt: now, loadedAfter: now - 900 }), now - 500)
  assert.equal(synced({ age: 500, ageAt: now }), now - 500)
  // A clock that was set back.
  assert.ok(synced({ age: 500, loadedAfter: now + 3_600_000 }) <= Date.now())
})
