import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createPacer, forEachInSlices, sortInSlices, type Pacer } from '../../../../src/core/util/pacer.ts'

/** A pacer that is due each time it is asked, and counts. */
function eager(): Pacer & { rests: number } {
  return {
    rests: 0,
    isDue: () => true,
    async rest() {
      this.rests++
    },
  }
}

/** Lets the clock of the code under test stand still until it is told to go on. */
function clock(t: TestContext): { ms: number } {
  const time = { ms: 0 }
  t.mock.method(performance, 'now', () => time.ms)
  return time
}

describe('work in slices', () => {
  test('must yield after 2 ms, and again after each rest', async (t) => {
    const time = clock(t)
    const pacer = createPacer()
    time.ms = 1.9
    assert.equal(pacer.isDue(), false)
    time.ms = 2
    assert.equal(pacer.isDue(), true)
    await pacer.rest()
    assert.equal(pacer.isDue(), false)
    time.ms = 4
    assert.equal(pacer.isDue(), true)
  })

  test('continues one task in each turn of the event loop', async () => {
    const resumed: number[] = []
    for (const i of [1, 2, 3])
      void createPacer()
        .rest()
        .then(() => resumed.push(i))
    const counts: number[] = []
    while (resumed.length < 3) {
      await turn()
      counts.push(resumed.length)
    }
    assert.deepEqual(resumed, [1, 2, 3])
    for (const [i, count] of counts.entries()) assert.ok(count <= i + 1, counts.join())
  })

  test('visits each item once, in order', async () => {
    const pacer = eager()
    const items = Array.from({ length: 1000 }, (_, i) => i)
    const seen: number[] = []
    await forEachInSlices(items, pacer, (item) => seen.push(item))
    assert.deepEqual(seen, items)
    assert.equal(pacer.rests, 15)
  })

  test('sorts as `sort()`: in order, stable, without changing the given list', async () => {
    const compare = (a: { key: number }, b: { key: number }): number => a.key - b.key
    for (const length of [0, 1, 2, 511, 512, 513, 1024, 5000, 10_001]) {
      const items = Object.freeze(Array.from({ length }, (_, i) => ({ key: (i * 7919) % 97, i })))
      assert.deepEqual(await sortInSlices(items, compare, eager()), items.toSorted(compare), String(length))
    }
  })

  test('yields while it sorts', async () => {
    const pacer = eager()
    const items = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003)
    await sortInSlices(items, (a, b) => a - b, pacer)
    assert.ok(pacer.rests > 10_000, String(pacer.rests))
  })
})
