import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import type { WebSocket } from 'ws'
import { Hub, type HubOptions } from '../../../src/live/hub.ts'
import { FakeSocket } from './fake-socket.ts'

function hubOf(options: Partial<HubOptions> = {}): Hub {
  return new Hub({
    maxPages: 10,
    dependenciesOf: (path) => ({ files: [`/site${path}`], isMissing: false }),
    changedAt: () => 0,
    changedBy: () => 0,
    folderChangedAt: () => 0,
    isGathering: () => false,
    requestLog: { forget() {}, add() {}, referersOf: () => [] },
    onConsole() {},
    onRemoved() {},
    ...options,
  })
}

function admit(hub: Hub): FakeSocket {
  const socket = new FakeSocket()
  hub.admit(socket as unknown as WebSocket)
  return socket
}

/** The paths of the changes that a page heard of. */
function heard({ done }: FakeSocket): string[] {
  return done.flatMap((text) => {
    const message = JSON.parse(text) as { type: string; changes?: { path: string }[] }
    return message.changes?.map(({ path }) => path) ?? [message.type]
  })
}

test('a page of thousands of paths keeps neither other pages nor requests waiting', async () => {
  let looks = 0
  const hub = hubOf({
    dependenciesOf(path) {
      looks++
      // A slow disk.
      const endAt = performance.now() + 1
      while (performance.now() < endAt);
      return { files: [`/site${path}`], isMissing: true }
    },
  })
  const big = admit(hub)
  big.say({ type: 'hello', document: '/', resources: Array.from({ length: 400 }, (_, i) => `/${i}`) })
  await nextTurn()
  const other = admit(hub)
  other.say({ type: 'hello', document: '/', resources: ['/a.css'] })
  let most = 0
  let answeredAfter = 0
  for (let before = looks; big.done.length === 0; before = looks) {
    await nextTurn()
    most = Math.max(most, looks - before)
    if (other.done.length > 0) answeredAfter ||= looks
  }
  assert.deepEqual([heard(other), heard(big)], [['welcome'], ['welcome']])
  assert.equal(looks, 403)
  assert.ok(answeredAfter < 50, `${answeredAfter} looks before the other page was answered`)
  assert.ok(most <= 10, `${most} looks within one turn`)
  hub.close()
})

test('a page that was loading when every page was reloaded is reloaded too, and once', async () => {
  const hub = hubOf()
  const late = admit(hub)
  hub.reloadAll()
  late.say({ type: 'hello', document: '/', resources: [], age: 500 })
  await nextTurn()
  const again = admit(hub)
  again.say({ type: 'hello', document: '/', resources: [], age: 0 })
  await nextTurn()
  assert.deepEqual([heard(late), heard(again)], [['reload'], ['welcome']])
  hub.close()
})

test('what changed while a page was loading is not missed when its hello is held up', async () => {
  const now = Date.now()
  const hub = hubOf({ changedAt: (file) => (file === '/site/a.css' ? now - 300 : now - 500) })
  const page = admit(hub)
  page.say({ type: 'hello', document: '/', resources: ['/a.css', '/b.css'], age: 100, ageAt: now - 300 })
  await nextTurn()
  assert.deepEqual(heard(page), ['/a.css'])
  hub.close()
})

test('a page that says hello in the midst of changes hears of those before as well', async () => {
  let isGathering = true
  const hub = hubOf({ isGathering: () => isGathering, changedBy: (file) => (file === '/site/a.css' ? 100 : 0) })
  const page = admit(hub)
  page.say({ type: 'hello', document: '/', resources: ['/a.css', '/b.css'], syncedAt: 50 })
  await nextTurn()
  isGathering = false
  hub.sendChanges(['/site/b.css'])
  assert.deepEqual(heard(page), ['/b.css', '/a.css'])
  hub.close()
})

test('the time of a file counts with what it may lag behind for a page that comes again, and as it is for a new one', async () => {
  const now = Date.now()
  const hub = hubOf({ changedAt: () => now - 5, changedBy: () => now + 5 })
  const again = admit(hub)
  again.say({ type: 'hello', document: '/', resources: [], syncedAt: now })
  const fresh = admit(hub)
  fresh.say({ type: 'hello', document: '/', resources: [], age: 0 })
  await nextTurn()
  assert.deepEqual([heard(again), heard(fresh)], [['/'], ['welcome']])
  hub.close()
})

test('what changes between the telling and the learning of a path is not missed', async () => {
  const toldAt = Date.now()
  const hub = hubOf({ changedAt: (file) => (file === '/site/b.css' ? toldAt + 5000 : 0) })
  const page = admit(hub)
  page.say({ type: 'hello', document: '/', resources: [], age: 0 })
  await nextTurn()
  page.say({ type: 'uses', resources: ['/a.css', '/b.css'] })
  await nextTurn()
  assert.deepEqual(heard(page), ['welcome', '/b.css'])
  hub.close()
})

/** A page of a style sheet and a script, of which files can be taken away. */
async function built(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const missing = new Set<string>()
  const gone: unknown[] = []
  const hub = hubOf({
    dependenciesOf: (path) => ({ files: [`/site${path}`], isMissing: missing.has(path) }),
    onRemoved: (files, pages) => gone.push([files, pages]),
  })
  context.after(() => hub.close())
  const page = admit(hub)
  page.say({ type: 'hello', document: '/', resources: ['/a.css', '/a.js'] })
  for (let turns = 0; page.done.length === 0 && turns < 100; turns++) await nextTurn()
  page.done.length = 0
  return { hub, page, missing, gone }
}

test('a page hears of a folder that is emptied once its document is there again, and of all that changed', async (context) => {
  const { hub, page, missing, gone } = await built(context)
  for (const path of ['/a.js', '/', '/a.css']) missing.add(path)
  assert.equal(hub.sendChanges(['/site/a.js']), 0)
  assert.equal(hub.sendChanges(['/site/', '/site/a.css']), 0)
  missing.delete('/a.css')
  assert.equal(hub.sendChanges(['/site/a.css']), 0)
  assert.deepEqual(heard(page), [])
  missing.clear()
  assert.equal(hub.sendChanges(['/site/']), 1)
  assert.deepEqual(heard(page).toSorted(), ['/', '/a.css', '/a.js'])
  context.mock.timers.tick(60_000)
  assert.deepEqual([heard(page).length, gone], [3, []])
})

test('a file that is gone holds up no other, and is reported when it does not come back within five seconds', async (context) => {
  const { hub, page, missing, gone } = await built(context)
  missing.add('/a.js')
  assert.equal(hub.sendChanges(['/site/a.js']), 0)
  assert.equal(hub.sendChanges(['/site/a.css']), 1)
  assert.deepEqual(heard(page), ['/a.css'])
  context.mock.timers.tick(4999)
  assert.deepEqual(heard(page), ['/a.css'])
  context.mock.timers.tick(1)
  assert.deepEqual(heard(page), ['/a.css', '/a.js'])
  assert.deepEqual(gone, [[['/site/a.js', '/site/a.css'], 1]])
})

test('a page that stands in for a missing file hears of it at once', async (context) => {
  const { hub, missing } = await built(context)
  missing.add('/later')
  const page = admit(hub)
  page.say({ type: 'hello', document: '/later', resources: [] })
  for (let turns = 0; page.done.length === 0 && turns < 100; turns++) await nextTurn()
  assert.equal(hub.sendChanges(['/site/later']), 1)
  assert.deepEqual(heard(page), ['welcome', '/later'])
})
