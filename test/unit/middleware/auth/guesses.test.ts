// own process: the flags of V8 belong to the whole process

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isServeError } from '../../../../src/core/serve-error.ts'
import { createGuesses, type Guesses } from '../../../../src/middleware/auth/guesses.ts'

const limits = { passwordGuesses: 3, clientGuesses: 5, guessMs: 10_000, guessedUsers: 1000 }

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes of objects that are still in use. */
function usedBytes(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** Guesses once; returns the seconds to wait where the client is stopped. */
function guess(guesses: Guesses, client: string, user: string, secret: string): string {
  try {
    const each = { client, user, secret }
    if (guesses.isWrong(each)) return 'known'
    guesses.add(each)
    return 'checked'
  } catch (error) {
    assert.ok(isServeError(error) && error.code === 'E8008_GUESSES' && error.status === 429)
    const seconds = error.headers[error.headers.indexOf('Retry-After') + 1] ?? ''
    assert.equal(error.hint, `wait ${seconds} s`)
    return seconds
  }
}

describe('wrong passwords', () => {
  test('are counted for each client and user, until the time is over', () => {
    let now = 0
    const guesses = createGuesses(limits, () => now)
    for (const secret of ['a', 'b', 'c']) assert.equal(guess(guesses, '10.0.0.1', 'ann', secret), 'checked')
    now = 2500
    for (const secret of ['d', 'a']) assert.equal(guess(guesses, '10.0.0.1', 'ann', secret), '8')
    assert.equal(guess(guesses, '10.0.0.1', 'bob', 'a'), 'checked', 'another user')
    assert.equal(guess(guesses, '10.0.0.2', 'ann', 'd'), 'checked', 'another client')
    now = 9999
    assert.equal(guess(guesses, '10.0.0.1', 'ann', 'd'), '1')
    now = 10_000
    assert.equal(guess(guesses, '10.0.0.1', 'ann', 'd'), 'checked')
  })

  test('count once, however often a program repeats one', () => {
    const guesses = createGuesses(limits, () => 0)
    assert.equal(guess(guesses, '', 'ann', 'old'), 'checked')
    for (let i = 0; i < 100; i++) assert.equal(guess(guesses, '', 'ann', 'old'), 'known')
    assert.equal(guess(guesses, '', 'ann', 'new'), 'checked')
  })

  test('are counted for a client over all users', () => {
    const guesses = createGuesses(limits, () => 0)
    for (let i = 0; i < 5; i++) assert.equal(guess(guesses, '10.0.0.1', `user ${i}`, `${i}`), 'checked')
    assert.equal(guess(guesses, '10.0.0.1', 'user 9', '9'), '10')
    assert.equal(guess(guesses, '10.0.0.2', 'user 9', '9'), 'checked')
  })

  test('that turn out right are not counted', () => {
    const guesses = createGuesses(limits, () => 0)
    for (let i = 0; i < 100; i++) {
      assert.equal(guess(guesses, '', `user ${i}`, `${i}`), 'checked')
      guesses.remove({ client: '', user: `user ${i}`, secret: `${i}` })
    }
    assert.equal(guess(guesses, '', 'user 0', '0'), 'checked')
  })

  test('of 100,000 users and clients take no more than bounded memory', () => {
    const guesses = createGuesses({ ...limits, clientGuesses: 100_000 }, () => 0)
    const before = usedBytes()
    for (let i = 0; i < 100_000; i++) guess(guesses, `2001:db8:0:${i.toString(16)}`, `user ${i}`, `secret ${i}`)
    for (let i = 0; i < 100_000; i++) guess(guesses, '10.0.0.1', `user ${i}`, `secret ${i}`)
    assert.ok(usedBytes() - before < 50_000_000)
    assert.equal(guess(guesses, '10.0.0.1', 'user 0', 'secret 0'), '10')
  })
})
