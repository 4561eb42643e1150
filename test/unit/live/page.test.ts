import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { WebSocket } from 'ws'
import { Page, type PageEvents } from '../../../src/live/page.ts'

/** A socket that notes what is done to it. */
class FakeSocket extends EventEmitter {
  bufferedAmount = 0
  readonly done: string[] = []

  send(text: string): void {
    this.done.push(text)
  }

  ping(): void {
    this.done.push('ping')
  }

  close(code: number): void {
    this.done.push(`close ${code}`)
  }

  terminate(): void {
    this.done.push('terminate')
    this.emit('close')
  }
}

function pageOf(socket: FakeSocket, events: Partial<PageEvents> = {}): Page {
  const silent = { hello() {}, console() {}, gone() {} }
  const sources = (path: string): string[] => [`/site${path}`, '/site/404.html']
  return new Page(socket as unknown as WebSocket, sources, { ...silent, ...events })
}

test('a page that does not read is let go before what waits for it fills the memory', () => {
  const socket = new FakeSocket()
  const page = pageOf(socket)
  page.send({ type: 'notify', message: 'one' })
  socket.bufferedAmount = 1024 * 1024 + 1
  page.send({ type: 'notify', message: 'two' })
  assert.deepEqual(socket.done, ['{"type":"notify","message":"one"}', 'terminate'])
})

test('a page that does not say hello in time gives its place up', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const [silent, greeting] = [new FakeSocket(), new FakeSocket()]
  pageOf(silent)
  pageOf(greeting)
  greeting.emit('message', Buffer.from('{"type":"hello","document":"/","resources":[]}'), false)
  t.mock.timers.tick(10_000)
  assert.deepEqual([silent.done, greeting.done], [['terminate'], []])
})

test('a page that gives no sign of life between two heartbeats is gone', () => {
  const socket = new FakeSocket()
  let gone = 0
  const page = pageOf(socket, { gone: () => gone++ })
  page.beat()
  socket.emit('pong')
  page.beat()
  assert.deepEqual(socket.done, ['ping', 'ping'])
  page.beat()
  assert.deepEqual([socket.done.at(-1), gone], ['terminate', 1])
})

test('a page says what it uses: first in its hello, then more, up to a bound', () => {
  const socket = new FakeSocket()
  let greeted = 0
  const page = pageOf(socket, { hello: () => greeted++ })
  const say = (message: object): boolean => socket.emit('message', Buffer.from(JSON.stringify(message)), false)
  say({ type: 'hello', document: '/', resources: ['/a.css'], syncedAt: 5 })
  assert.deepEqual([greeted, page.syncedAt, page.document], [1, 5, '/'])
  say({ type: 'uses', resources: ['/b.css', 'no path', 7] })
  assert.deepEqual([...page.files], ['/site/', '/site/404.html', '/site/a.css', '/site/b.css'])
  assert.deepEqual([...page.pathsOf('/site/404.html')], ['/', '/a.css', '/b.css'])
  say({ type: 'uses', resources: Array.from({ length: 9000 }, (_, i) => `/${i}`) })
  say({ type: 'uses', resources: ['/last.css'] })
  assert.equal(page.uses('/site/last.css'), false)
  assert.equal([...page.files].length, 4001)
})
