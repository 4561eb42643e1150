import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration, formatSince } from '../../../../src/core/util/format-time.ts'

test('shows a duration by its two largest units', () => {
  const second = 1000
  const minute = 60 * second
  const hour = 60 * minute
  for (const [ms, text] of [
    [-5, '0 s'],
    [999, '0 s'],
    [59.9 * second, '59 s'],
    [minute, '1 min'],
    [59 * minute + 59 * second, '59 min'],
    [hour, '1 h'],
    [2 * hour + 5 * minute, '2 h 5 min'],
    [24 * hour, '1 d'],
    [76 * hour, '3 d 4 h'],
  ] as const) {
    assert.equal(formatDuration(ms), text)
  }
})

test('shows the time on the same day, else the date', () => {
  const now = new Date(2026, 10, 30, 14, 2).getTime()
  assert.equal(formatSince(new Date(2026, 10, 30, 9, 5).getTime(), now), '09:05')
  assert.equal(formatSince(new Date(2026, 10, 29, 23, 59).getTime(), now), '2026-11-29')
})
