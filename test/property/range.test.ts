import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseRange } from '../../src/http/semantics/range.ts'

interface Spec {
  readonly text: string
  /** Whether it asks for this byte of so many. */
  readonly wants: (byte: number, size: number) => boolean
  /** Whether it can be satisfied (RFC 9110 section 14.1.2). */
  readonly fits: (size: number) => boolean
}

const number = fc.nat({ max: 60 })
const closed = fc.tuple(number, number).map(([a, b]): Spec => {
  const [first, last] = [Math.min(a, b), Math.max(a, b)]
  return { text: `${first}-${last}`, wants: (byte) => byte >= first && byte <= last, fits: (size) => first < size }
})
const open = number.map((first): Spec => ({
  text: `${first}-`,
  wants: (byte) => byte >= first,
  fits: (size) => first < size,
}))
const suffix = number.map((length): Spec => {
  return { text: `-${length}`, wants: (byte, size) => byte >= size - length, fits: () => length > 0 }
})
const specs = fc.array(fc.oneof(closed, open, suffix), { minLength: 1, maxLength: 6 })
const size = fc.nat({ max: 50 })

test('sends exactly the requested bytes, each once', () => {
  fc.assert(
    fc.property(specs, size, (asked, bytes) => {
      const outcome = parseRange(`bytes=${asked.map(({ text }) => text).join(', ')}`, bytes, 32)
      if (outcome === 'full') return
      const satisfiable = asked.some(({ fits }) => fits(bytes))
      assert.equal(outcome === 'unsatisfiable', !satisfiable)
      if (outcome === 'unsatisfiable') return
      const sent = Array.from({ length: bytes }, () => 0)
      for (const { first, last } of outcome) {
        assert.ok(first >= 0 && first <= last && last < bytes)
        for (let byte = first; byte <= last; byte++) sent[byte] = (sent[byte] as number) + 1
      }
      const wanted = sent.map((_, byte) => (asked.some(({ wants }) => wants(byte, bytes)) ? 1 : 0))
      assert.deepEqual(sent, wanted)
      // Ranges that touch are one: a gap of at least a byte lies between any two.
      const sorted = outcome.toSorted((a, b) => a.first - b.first)
      for (const [i, range] of sorted.slice(1).entries()) assert.ok(range.first > (sorted[i]?.last ?? 0) + 1)
    }),
    { numRuns: 5000 },
  )
})

test('ignores a valid set only for many overlaps or for an empty suffix', () => {
  fc.assert(
    fc.property(specs, size, (asked, bytes) => {
      fc.pre(asked.length <= 3 && bytes > 0)
      assert.notEqual(parseRange(`bytes=${asked.map(({ text }) => text).join(',')}`, bytes, 32), 'full')
    }),
    { numRuns: 2000 },
  )
})

test('never throws, and stays within the size', () => {
  const field = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.stringMatching(/^bytes=[\d, \t-]{0,60}$/),
    fc.stringMatching(/^[a-z]{0,6}=[\d,-]{0,20}$/),
  )
  fc.assert(
    fc.property(field, fc.nat(), fc.nat({ max: 40 }), (text, bytes, most) => {
      const outcome = parseRange(text, bytes, most)
      if (typeof outcome === 'string') return
      assert.ok(outcome.length > 0 && outcome.length <= most)
      for (const { first, last } of outcome) assert.ok(first >= 0 && first <= last && last < bytes)
    }),
    { numRuns: 5000 },
  )
})
