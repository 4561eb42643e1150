import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  createChangeBatcher,
  type BatcherClock,
  type ChangeBatcher,
} from '../../../../src/live/tracking/change-batcher.ts'

/** A clock that the test moves. */
class Clock implements BatcherClock {
  #now = 0
  readonly #waiting = new Set<{ at: number; callback: () => void }>()
  readonly #turn = new Set<() => void>()

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.#now + ms, callback }
    this.#waiting.add(entry)
    return () => void this.#waiting.delete(entry)
  }

  afterTurn(callback: () => void): () => void {
    this.#turn.add(callback)
    return () => void this.#turn.delete(callback)
  }

  turn(): void {
    for (const callback of this.#turn) {
      this.#turn.delete(callback)
      callback()
    }
  }

  /** @param meanwhile Called in the turn after a timer, with the events from before. */
  pass(ms: number, meanwhile = (): void => {}): void {
    const end = this.#now + ms
    for (;;) {
      const next = [...this.#waiting].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#waiting.delete(next)
      this.#now = next.at
      next.callback()
      meanwhile()
      this.turn()
    }
    this.#now = end
  }
}

function setUp(): { clock: Clock; sent: string[][]; batches: ChangeBatcher } {
  const clock = new Clock()
  const sent: string[][] = []
  return { clock, sent, batches: createChangeBatcher({ send: (paths) => sent.push([...paths]), clock }) }
}

describe('batches of changes', () => {
  test('a delayed process does not mistake unread events for quiet', () => {
    const { clock, sent, batches } = setUp()
    batches.add('a')
    clock.turn()
    batches.add('b')
    // The timer is late; the event of the change is read in the turn after it.
    clock.pass(60, () => batches.add('c'))
    assert.deepEqual(sent, [['a']])
    clock.pass(60)
    assert.deepEqual(sent, [['a'], ['b', 'c']])
  })

  test('sends the first change at the end of its turn, with the others of that turn', () => {
    const { clock, sent, batches } = setUp()
    for (const path of ['b', 'a', 'b']) batches.add(path)
    assert.deepEqual(sent, [])
    clock.turn()
    assert.deepEqual(sent, [['b', 'a']])
  })

  test('collects later changes until none has come for 60 ms', () => {
    const { clock, sent, batches } = setUp()
    batches.add('a')
    clock.turn()
    for (const path of ['b', 'c', 'b']) {
      clock.pass(50)
      batches.add(path)
    }
    clock.pass(59)
    assert.deepEqual(sent, [['a']])
    clock.pass(1)
    assert.deepEqual(sent, [['a'], ['b', 'c']])
  })

  test('a burst of 5,000 files within a second is two batches', () => {
    const { clock, sent, batches } = setUp()
    for (let index = 0; index < 5000; index++) {
      batches.add(`file-${index}`)
      clock.turn()
      clock.pass(0.2)
    }
    clock.pass(1000)
    assert.deepEqual(
      sent.map((paths) => paths.length),
      [1, 4999],
    )
  })

  test('sends changes that do not end 2 s after the first collected one', () => {
    const { clock, sent, batches } = setUp()
    for (let ms = 0; ms < 4500; ms += 10) {
      batches.add('a')
      clock.turn()
      clock.pass(10)
    }
    assert.equal(sent.length, 3)
  })

  test('isCollecting is true from the first change to the end of the quiet time', () => {
    const { clock, sent, batches } = setUp()
    assert.equal(batches.isCollecting(), false)
    batches.add('a')
    assert.equal(batches.isCollecting(), true)
    clock.turn()
    clock.pass(59)
    assert.equal(batches.isCollecting(), true)
    clock.pass(1)
    assert.equal(batches.isCollecting(), false)
    batches.add('b')
    clock.turn()
    assert.deepEqual(sent, [['a'], ['b']])
  })

  test('flush sends the collected changes at once, and none twice', () => {
    const { clock, sent, batches } = setUp()
    batches.add('a')
    batches.flush()
    batches.flush()
    clock.turn()
    clock.pass(1000)
    assert.deepEqual(sent, [['a']])
  })

  test('sends nothing after close', () => {
    const { clock, sent, batches } = setUp()
    batches.add('a')
    batches.close()
    batches.add('b')
    clock.turn()
    clock.pass(1000)
    assert.deepEqual(sent, [])
  })

  test('sends the first change within the turn on the real clock', async () => {
    const sent: string[] = []
    const batches = createChangeBatcher({ send: (paths) => sent.push(...paths) })
    batches.add('a')
    await new Promise((resolve) => void setImmediate(resolve))
    assert.deepEqual(sent, ['a'])
    batches.close()
  })
})
