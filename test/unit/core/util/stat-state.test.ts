import assert from 'node:assert/strict'
import type { BigIntStats } from 'node:fs'
import { test } from 'node:test'
import { isSameState, isSettled, stateText } from '../../../../src/core/util/stat-state.ts'

const now = 1_700_000_000_000

function state(fields: Partial<Record<'mtimeNs' | 'ctimeNs' | 'ino' | 'dev' | 'size', bigint>>): BigIntStats {
  return { dev: 1n, ino: 2n, size: 3n, mtimeNs: 0n, ctimeNs: 0n, ...fields } as BigIntStats
}

function ns(ms: number): bigint {
  return BigInt(ms) * 1_000_000n
}

test('a file settles 2 s after the later of its two times', () => {
  assert.equal(isSettled(state({ mtimeNs: ns(now - 2000), ctimeNs: ns(now - 2000) }), now), true)
  assert.equal(isSettled(state({ mtimeNs: ns(now - 2000) + 1n }), now), false)
  assert.equal(isSettled(state({ ctimeNs: ns(now - 2000) + 1n }), now), false)
  assert.equal(isSettled(state({ mtimeNs: ns(now + 60_000) }), now), false)
})

test('a state changes with each field, to the nanosecond', () => {
  const states = [{}, { dev: 9n }, { ino: 9n }, { size: 9n }, { mtimeNs: 1n }, { ctimeNs: 1n }].map(state)
  assert.equal(new Set(states.map(stateText)).size, states.length)
  for (const one of states) for (const other of states) assert.equal(isSameState(one, other), one === other)
})
