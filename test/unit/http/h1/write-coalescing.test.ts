import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'node:test'
import { createWriteCoalescer } from '../../../../src/http/h1/write-coalescing.ts'

test('does the first write of a turn at once, the others together at its end, in order', async () => {
  const { add } = createWriteCoalescer()
  const written: number[] = []
  for (const number of [1, 2, 3]) add(() => written.push(number))
  assert.deepEqual(written, [1])
  await nextTurn()
  assert.deepEqual(written, [1, 2, 3])
})

test('does the first write of each turn at once', async () => {
  const { add } = createWriteCoalescer()
  add(() => {})
  await nextTurn()
  let written = false
  add(() => (written = true))
  assert.ok(written)
})

test('bounds the writes that are held back', () => {
  const { add } = createWriteCoalescer()
  let written = 0
  for (let i = 0; i < 1000; i++) add(() => written++)
  assert.ok(written > 900 && written < 1000, `${written} written`)
})

test('does writes that a write adds', async () => {
  const { add } = createWriteCoalescer()
  const written: string[] = []
  add(() => {})
  add(() => add(() => written.push('inner')))
  add(() => written.push('outer'))
  await nextTurn()
  await nextTurn()
  assert.deepEqual(written.sort(), ['inner', 'outer'])
})

test('does the other writes after one throws', async (t) => {
  const { add } = createWriteCoalescer()
  const written: number[] = []
  const thrown: string[] = []
  process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error.message))
  t.after(() => process.setUncaughtExceptionCaptureCallback(null))
  add(() => {})
  add(() => written.push(1))
  add(() => {
    throw new Error('of a listener')
  })
  add(() => written.push(2))
  add(() => written.push(3))
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  assert.deepEqual([written, thrown], [[1, 2, 3], ['of a listener']])
})
