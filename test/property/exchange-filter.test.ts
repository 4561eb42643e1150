import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  compileFilter,
  FilterError,
  filterKeys,
  formatFilter,
  parseFilter,
  type FilterNode,
} from '../../src/inspect/filter/filter.ts'
import { recorded } from '../support/recorded.ts'

const quoted = fc.string({ unit: 'binary', maxLength: 12 }).map((text) => ({ text, isQuoted: true }))
const bare = fc
  .stringMatching(/^[^\s()",~]+$/u)
  .filter((text) => text !== '')
  .map((text) => ({ text, isQuoted: false }))
/** What is an operator or a key at the beginning of a word. */
const special = /^(?:[-!&|]|(?:and|or|not)$|[a-z]+[:<>])/i

const term = fc
  .oneof(
    fc.record({
      key: fc.constantFrom(...Object.keys(filterKeys)),
      values: fc.array(fc.oneof(quoted, bare), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      key: fc.constant(''),
      values: fc.tuple(
        fc.oneof(
          quoted,
          bare.filter(({ text }) => !special.test(text)),
        ),
      ),
    }),
  )
  .map(({ key, values }): FilterNode => ({ kind: 'term', key, values, at: 0 }))

const { node } = fc.letrec<{ node: FilterNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    term,
    fc.record({ kind: fc.constant('not' as const), of: tie('node') }),
    fc.record({
      kind: fc.constantFrom('all' as const, 'any' as const),
      of: fc.array(tie('node'), { minLength: 2, maxLength: 4 }),
    }),
  ),
}))

/** Positions are not part of what a filter means. */
function withoutPlaces(each: FilterNode): unknown {
  if (each.kind === 'term') return { ...each, at: 0 }
  return { kind: each.kind, of: each.kind === 'not' ? withoutPlaces(each.of) : each.of.map(withoutPlaces) }
}

test('a tree that is formatted is parsed as the same tree', () => {
  fc.assert(
    fc.property(node, (tree) => {
      const text = formatFilter(tree)
      if (text.length > 4096) return
      assert.deepEqual(withoutPlaces(parseFilter(text)), withoutPlaces(tree), text)
    }),
    { numRuns: 2000 },
  )
})

const pieces = fc.constantFrom(
  ...[
    '(',
    ')',
    '"',
    '\\',
    ',',
    ':',
    '-',
    '!',
    '~',
    '|',
    '&',
    ' ',
    '*',
    '..',
    '<',
    '>=',
    'OR',
    'AND',
    'NOT',
    'x',
    '5xx',
    '1mb',
  ],
  ...Object.keys(filterKeys).map((key) => `${key}:`),
)
const anyText = fc.oneof(
  fc.array(pieces, { maxLength: 20 }).map((all) => all.join('')),
  fc.string({ unit: 'binary' }),
)

test('any text is a filter, or an error with a position and a hint that works', () => {
  const exchange = recorded({ target: '/x?y', requestContent: 'x' })
  fc.assert(
    fc.property(anyText, (text) => {
      try {
        const { matches } = compileFilter(text)
        assert.equal(typeof matches(exchange), 'boolean')
        assert.deepEqual(withoutPlaces(parseFilter(formatFilter(parseFilter(text)))), withoutPlaces(parseFilter(text)))
      } catch (error) {
        assert.ok(error instanceof FilterError, String(error))
        assert.ok(error.at >= 0 && error.at <= text.length)
        compileFilter(error.hint as string)
      }
    }),
    { numRuns: 5000 },
  )
})
