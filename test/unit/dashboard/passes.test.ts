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
    const session = passes.redeem(first)
    assert.ok(session !== undefined && passes.isSession(session))
    assert.equal(passes.redeem(first), undefined)
    time = ticketMs + 1
    assert.equal(passes.redeem(second), undefined)
    assert.equal(passes.redeem('made up'), undefined)
    assert.equal(passes.isSession(first), false)
    assert.equal(passes.isSession(''), false)
  })

  test('the oldest tickets and sessions end, so that they stay few', () => {
    let count = 0
    const passes = createPasses(() => `t${count++}`)
    const tickets = Array.from({ length: 40 }, () => passes.ticket())
    assert.equal(passes.redeem(tickets[0] as string), undefined)
    const sessions = Array.from({ length: 40 }, () => passes.redeem(passes.ticket()) as string)
    assert.equal(passes.isSession(sessions[0] as string), false)
    assert.equal(passes.isSession(sessions[39] as string), true)
  })
})
