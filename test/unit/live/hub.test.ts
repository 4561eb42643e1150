import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import type { WebSocket } from 'ws'
import { Hub, type HubOptions } from '../../../src/live/hub.ts'
import { FakeSocket } from './fake-socket.ts'

function hubOf(options: Partial<HubOptions> = {}): Hub {
  return new Hub({
    count: { open: 0, most: 10 },
    dependenciesOf: (path) => ({ files: [`/site${path}`], isMissing: false }),
    changedAt: () => 0,
    changedBy: () => 0,
    folderChangedAt: () => 0,
    errorOf: () => Promise.resolve(undefined),
    isCollecting: () => false,
    requestLog: { forget() {}, clear() {}, add() {}, has: () => false, referersOf: () => [] },
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

/** The paths of the changes that a page got. */
function heard({ done }: FakeSocket): string[] {
  return done.flatMap((text) => {
    const message = JSON.parse(text) as { type: string; changes?: { path: string }[] }
    return message.changes?.map(({ path }) => path) ?? [message.type]
  })
}

/** Waits until each page got something: on a busy machine that takes more than one turn. */
async function answered(...pages: readonly FakeSocket[]): Promise<void> {
  while (pages.some(({ done }) => done.length === 0)) await nextTurn()
}

test('a page with thousands of paths delays neither other pages nor requests', async () => {
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

test('reloads once a page that was loading when every page was reloaded', async () => {
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

test('sends the changes from while a page was loading when its hello is late', async () => {
  const now = Date.now()
  const hub = hubOf({ changedAt: (file) => (file === '/site/a.css' ? now - 300 : now - 500) })
  const page = admit(hub)
  page.say({ type: 'hello', document: '/', resources: ['/a.css', '/b.css'], age: 100, ageAt: now - 300 })
  await answered(page)
  assert.deepEqual(heard(page), ['/a.css'])
  hub.close()
})

test('a page whose hello comes during a batch gets the earlier changes too', async () => {
  let isCollecting = true
  const hub = hubOf({ isCollecting: () => isCollecting, changedBy: (file) => (file === '/site/a.css' ? 100 : 0) })
  const page = admit(hub)
  page.say({ type: 'hello', document: '/', resources: ['/a.css', '/b.css'], syncedAt: 50 })
  await nextTurn()
  isCollecting = false
  hub.sendChanges(['/site/b.css'])
  assert.deepEqual(heard(page), ['/b.css', '/a.css'])
  hub.close()
})

test('compares the upper bound of a change time with a page that reconnects, and the time itself with a new page', async () => {
  const now = Date.now()
  const hub = hubOf({ changedAt: () => now - 5, changedBy: () => now + 5 })
  const again = admit(hub)
  again.say({ type: 'hello', document: '/', resources: [], syncedAt: now })
  const fresh = admit(hub)
  fresh.say({ type: 'hello', document: '/', resources: [], age: 0 })
  await answered(again, fresh)
  assert.deepEqual([heard(again), heard(fresh)], [['/'], ['welcome']])
  hub.close()
})

test('sends a change between the report of a path and its resolution', async () => {
  const toldAt = Date.now()
  const hub = hubOf({ changedAt: (file) => (file === '/site/b.css' ? toldAt + 5000 : 0) })
  const page = admit(hub)
  page.say({ type: 'hello', document: '/', resources: [], age: 0 })
  await nextTurn()
  page.say({ type: 'uses', resources: ['/a.css', '/b.css'] })
  while (page.done.length < 2) await nextTurn()
  assert.deepEqual(heard(page), ['welcome', '/b.css'])
  hub.close()
})

/** A page with a style sheet and a script, whose files can be removed. */
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

test('a page whose folder was emptied gets every change once its document is back', async (context) => {
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

test('a missing file delays no other change, and is reported when it does not come back within five seconds', async (context) => {
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

test('a fallback page gets the change at once when the missing file appears', async (context) => {
  const { hub, missing } = await built(context)
  missing.add('/later')
  const page = admit(hub)
  page.say({ type: 'hello', document: '/later', resources: [] })
  for (let turns = 0; page.done.length === 0 && turns < 100; turns++) await nextTurn()
  assert.equal(hub.sendChanges(['/site/later']), 1)
  assert.deepEqual(heard(page), ['welcome', '/later'])
})

test('the removal of a file that only the page before has asked for reloads no page', async () => {
  const askedAt = Date.now() - 1000
  const hub = hubOf({
    dependenciesOf: (path) => ({ files: [`/site${path}`], isMissing: path === '/old.js' }),
    requestLog: {
      ...{ forget() {}, clear() {}, add() {}, has: () => false },
      referersOf: (files) => [...files].map((file) => [file.replace('/site', ''), ['/'], askedAt] as const),
    },
  })
  const [before, after, again] = [admit(hub), admit(hub), admit(hub)]
  before.say({ type: 'hello', document: '/', resources: [], age: 5000 })
  after.say({ type: 'hello', document: '/', resources: [], age: 0 })
  // When it was loaded is not known.
  again.say({ type: 'hello', document: '/', resources: [], syncedAt: Date.now() })
  await answered(before, after, again)
  assert.equal(hub.sendChanges(['/site/old.js']), 2)
  assert.equal(hub.sendChanges(['/site/new.js']), 3)
  assert.deepEqual(heard(after), ['welcome', '/new.js'])
  assert.deepEqual(
    [heard(before), heard(again)],
    [
      ['welcome', '/old.js', '/new.js'],
      ['welcome', '/old.js', '/new.js'],
    ],
  )
  hub.close()
})
