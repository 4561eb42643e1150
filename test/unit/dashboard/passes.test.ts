import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createPasses, ticketMs } from '../../../src/dashboard/passes.ts'

describe('passes of the dashboard', () => {
  test('a ticket is good once, and for a minute', () => {
    let time = 0
    let count = 0
    const passes = createPasses(
      () => `t${count++}`,
      () => time,
    )
    const [first, second] = [passes.ticket(), passes.ticket()]
    const pass = passes.redeem(first)
    assert.ok(pass !== undefined && passes.isCookie(pass.cookie) && passes.isPass(pass))
    // A server that gets the cookie does not have the key.
    assert.equal(passes.isPass({ cookie: pass.cookie, key: pass.cookie }), false)
    assert.equal(passes.isPass({ cookie: pass.key, key: pass.key }), false)
    assert.equal(passes.redeem(first), undefined)
    time = ticketMs + 1
    assert.equal(passes.redeem(second), undefined)
    assert.equal(passes.redeem('made up'), undefined)
    assert.equal(passes.isCookie(first), false)
    assert.equal(passes.isPass({ cookie: '', key: '' }), false)
  })

  test('the oldest tickets and sessions end, so that they stay few', () => {
    let count = 0
    const passes = createPasses(() => `t${count++}`)
    const tickets = Array.from({ length: 40 }, () => passes.ticket())
    assert.equal(passes.redeem(tickets[0] as string), undefined)
    const all = Array.from({ length: 40 }, () => passes.redeem(passes.ticket()))
    assert.ok(all[0] !== undefined && !passes.isCookie(all[0].cookie) && !passes.isPass(all[0]))
    assert.ok(all[39] !== undefined && passes.isCookie(all[39].cookie) && passes.isPass(all[39]))
  })
})
