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

test('past the bound of bytes the reply that has waited longest is given up', () => {
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

test('past the bound of replies the one that has waited longest is given up, and those that do not wait do not count', () => {
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

test('a reply whose client takes part of a piece is not the one that is given up', () => {
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

test('one reply alone may be of any size', () => {
  const { lost, open } = create()
  open('huge').add(1_000_000)
  assert.deepEqual(lost, [])
})

test('what a reply held is free when it is over, and it is given up once', () => {
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

test('a client that takes nothing for writeMs is given up then, and one that takes some is not', (t) => {
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
