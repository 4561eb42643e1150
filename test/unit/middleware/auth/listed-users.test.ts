import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isServeError } from '../../../../src/core/serve-error.ts'
import { listedUsers } from '../../../../src/middleware/auth/listed-users.ts'

/** Users whose checks are noted by their passwords, in the order in which they are computed. */
function setUp(): {
  checked: string[]
  queue: (client: string, count: number, isNeeded?: () => boolean) => Promise<unknown>[]
} {
  const checked: string[] = []
  const users = listedUsers(
    () => new Map([['ann', 'hash']]),
    async (password) => {
      checked.push(password)
      // A thread answers in a later turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve))
      return true
    },
  )
  const queue = (client: string, count: number, isNeeded = (): boolean => true): Promise<unknown>[] =>
    Array.from({ length: count }, async (_, i) => {
      try {
        return await users.matches({ user: 'ann', password: `${client} ${i}` }, client, isNeeded)
      } catch (error) {
        assert.ok(isServeError(error))
        return error.code
      }
    })
  return { checked, queue }
}

describe('slow checks', () => {
  test('of a client come before the further ones of a client that queues many', async () => {
    const { checked, queue } = setUp()
    const all = [...queue('a', 8), ...queue('b', 1), ...queue('c', 1)]
    await all[0]
    all.push(...queue('late', 1))
    await Promise.all(all)
    assert.deepEqual(checked.slice(0, 5), ['a 0', 'b 0', 'c 0', 'a 1', 'late 0'])
    assert.equal(checked.length, 11)
  })

  test('of several clients that queue many leave places to others', async () => {
    const { queue } = setUp()
    const many = Array.from({ length: 30 }, (_, i) => queue(`attacker ${i}`, 8)).flat()
    const others = Array.from({ length: 34 }, (_, i) => queue(`other ${i}`, 1)).flat()
    const [beyond] = queue('beyond', 1)
    assert.equal(await beyond, 'E8008_BUSY')
    assert.ok((await Promise.all(others)).every((answer) => answer === true))
    const answers = await Promise.all(many)
    assert.equal(answers.filter((answer) => answer === true).length, 30 + 64)
  })

  test('of a client that queues many are computed while others keep coming', async () => {
    const { checked, queue } = setUp()
    const many = queue('a', 3)
    let done = false
    void Promise.all(many).then(() => (done = true))
    let rounds = 0
    while (!done) {
      assert.ok(rounds++ < 50, checked.join(', '))
      await Promise.all([...queue(`x${rounds}`, 1), ...queue(`y${rounds}`, 1)])
    }
  })

  test('of clients that have left take no places', async () => {
    const { checked, queue } = setUp()
    let hasLeft = false
    const left = Array.from({ length: 64 }, (_, i) => queue(`left ${i}`, i === 0 ? 8 : 2, () => !hasLeft)).flat()
    assert.deepEqual(await Promise.all(queue('b', 1)), ['E8008_BUSY'])
    hasLeft = true
    assert.deepEqual(await Promise.all(queue('left 0', 2)), [true, true])
    assert.deepEqual(checked.slice(-2), ['left 0 0', 'left 0 1'])
    assert.ok((await Promise.all(left)).includes(undefined))
  })

  test('that fail hold up no other', async () => {
    let calls = 0
    const users = listedUsers(
      () => new Map([['ann', 'hash']]),
      () => (calls++ === 0 ? Promise.reject(new Error('no thread')) : Promise.resolve(true)),
    )
    const ann = { user: 'ann', password: 'secret' }
    await assert.rejects(async () => users.matches(ann, 'a', () => true), /no thread/)
    assert.equal(await users.matches(ann, 'a', () => true), true)
  })
})
