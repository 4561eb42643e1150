import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backlog, type BacklogLimits } from '../../../src/http/backlog.ts'

/** A backlog, and the names of the replies that it has given up. */
function create(limits: Partial<BacklogLimits> = {}) {
  const lost: string[] = []
  const backlog = new Backlog({ writeMs: 60_000, waitingBytes: 1000, waitingReplies: 10, ...limits })
  const open = (name: string, queued?: () => number) => backlog.open(() => lost.push(name), queued)
  return { backlog, lost, open }
}

test('abandons the reply without progress for longest above the bound of bytes', () => {
  const { backlog, lost, open } = create()
  const [a, b, c] = [open('a'), open('b'), open('c')]
  a.add(400)
  b.add(400)
  // Progress: now b has waited longest.
  a.taken(100)
  c.add(400)
  assert.deepEqual(lost, ['b'])
  assert.equal(backlog.bytes, 700)
  c.add(400)
  assert.deepEqual(lost, ['b', 'a'])
  assert.equal(backlog.bytes, 800)
})

test('abandons the reply without progress for longest above the bound of replies, counting only those that wait', () => {
  const { lost, open } = create({ waitingReplies: 2 })
  const [a, b, c] = [open('a'), open('b'), open('c')]
  a.add(1)
  b.add(1)
  a.taken(1)
  c.add(1)
  assert.deepEqual(lost, [])
  a.add(1)
  assert.deepEqual(lost, ['b'])
})

test('does not abandon a reply whose client takes a part of a chunk', () => {
  const { lost, open } = create()
  let queued = 900
  const slow = open('slow', () => queued)
  const stuck = open('stuck')
  slow.add(600)
  stuck.add(300)
  queued = 800
  open('next').add(300)
  assert.deepEqual(lost, ['stuck'])
})

test('lets a single reply have any size', () => {
  const { lost, open } = create()
  open('huge').add(1_000_000)
  assert.deepEqual(lost, [])
})

test('subtracts the bytes of a reply that ended, and abandons it once', () => {
  const { backlog, lost, open } = create()
  const a = open('a')
  a.add(500)
  a.close()
  assert.equal(backlog.bytes, 0)
  a.add(5000)
  a.taken(5000)
  assert.equal(backlog.bytes, 0)
  const b = open('b')
  b.add(600)
  open('c').add(600)
  b.close()
  b.add(600)
  assert.deepEqual(lost, ['b'])
  assert.equal(backlog.bytes, 600)
})

test('abandons a reply after writeMs without progress, but none with progress', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const { lost, open } = create({ writeMs: 800 })
  let queued = 1000
  open('stuck').add(100)
  open('slow', () => queued).add(100)
  for (; now < 3000; now += 100) {
    if (now === 700 || now === 1400 || now === 2100) queued--
    t.mock.timers.tick(100)
    if (now < 800) assert.deepEqual(lost, [])
  }
  assert.deepEqual(lost, ['stuck', 'slow'])
})
