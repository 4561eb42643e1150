import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { nearest, quote } from '../../../src/config/diagnostic.ts'

describe('nearest', () => {
  const known = ['port', 'root', 'host', 'strictPort', 'headers', 'lan', 'log']
  test('finds what was meant', () => {
    for (const [typed, meant] of [
      ['prot', 'port'],
      ['PORT', 'port'],
      ['strict-port', 'strictPort'],
      ['strict_prot', 'strictPort'],
      ['header', 'headers'],
      ['hosts', 'host'],
    ] as const) {
      assert.equal(nearest(typed, known), meant)
    }
  })
  test('finds nothing where nothing is near', () => {
    for (const typed of ['', 'constructor', 'xyz', 'q']) assert.equal(nearest(typed, known), undefined)
    assert.equal(nearest('port', []), undefined)
  })
})

/** What it gives has a class without a name. */
async function* each(): AsyncGenerator<string> {
  yield ''
}

describe('quote', () => {
  test('shows a value without letting it speak', () => {
    assert.equal(quote('a"b\n\x1b[2J\u202e\x9b'), '"a\\"b\\n\\u001b[2J\\u202e\\u009b"')
    assert.equal(quote('x'.repeat(100)), `"${'x'.repeat(60)}…"`)
    assert.deepEqual([[], [1], {}, Object.create(null), null, undefined, 5, () => 0, new Date(0), each()].map(quote), [
      'an empty list',
      'a list',
      'an object',
      'an object',
      'null',
      'undefined',
      '5',
      'a function',
      'an object of the class Date',
      'an object',
    ])
  })
})

test('an anagram that begins elsewhere is no slip', () => {
  assert.equal(nearest('nope', ['open']), undefined)
  assert.equal(nearest('prot', ['port']), 'port')
})
