import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { inTurns } from '../../../src/scan/in-turns.ts'
import { createGate } from '../../support/gate.ts'

/** Calls that last until the test opens their gates. */
function openCalls() {
  const gates = Array.from({ length: 6 }, () => createGate())
  const begun: number[] = []
  const call = async (at: number): Promise<string> => {
    begun.push(at)
    await gates[at]?.opened
    return `result ${at}`
  }
  return { begun, call, open: (...at: number[]) => at.forEach((each) => gates[each]?.open()) }
}

test('runs a bounded number of calls at a time, and keeps the order of the items', async () => {
  const { begun, call, open } = openCalls()
  const results = inTurns([0, 1, 2, 3], 2, call)
  assert.deepEqual(begun, [0, 1])
  open(1)
  await turn()
  assert.deepEqual(begun, [0, 1, 2])
  open(0, 2, 3)
  assert.deepEqual(await results, ['result 0', 'result 1', 'result 2', 'result 3'])
})

test('a call that lasts longer than the patience lets the next one begin, and keeps its result', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { begun, call, open } = openCalls()
  const results = inTurns([0, 1, 2, 3, 4], 2, call, { patienceMs: 250 })
  open(1)
  await turn()
  assert.deepEqual(begun, [0, 1, 2])
  t.mock.timers.tick(250)
  await turn()
  assert.deepEqual(begun, [0, 1, 2, 3, 4])
  open(0, 2, 3, 4)
  assert.deepEqual(await results, ['result 0', 'result 1', 'result 2', 'result 3', 'result 4'])
})

test('a call that fails after its turn rejects the result', async (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const gate = createGate()
  const failing = async (): Promise<never> => {
    await gate.opened
    throw new Error('broken')
  }
  const results = inTurns([0], 1, failing, { patienceMs: 250 })
  t.mock.timers.tick(250)
  await turn()
  gate.open()
  await assert.rejects(results, { message: 'broken' })
})

test('the reason of a signal rejects before the next call', async () => {
  const leaving = new AbortController()
  const { begun, call, open } = openCalls()
  const results = inTurns([0, 1], 1, call, { signal: leaving.signal })
  leaving.abort(new Error('left'))
  open(0, 1)
  await assert.rejects(results, { message: 'left' })
  assert.deepEqual(begun, [0])
})
