import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import { problemOf } from '../problems-of.ts'
import { processorTime } from '../../../support/processor-time.ts'

describe('cache', () => {
  test('is a switch, seconds or a time with a unit', () => {
    for (const [given, expected] of [
      [false, 'no-cache'],
      [true, 'max-age=3600'],
      ['off', 'no-cache'],
      ['on', 'max-age=3600'],
      [0, 'max-age=0'],
      [60, 'max-age=60'],
      ['60', 'max-age=60'],
      ['30s', 'max-age=30'],
      ['10m', 'max-age=600'],
      [' 1H ', 'max-age=3600'],
      ['7d', 'max-age=604800'],
    ] as const) {
      assert.equal(resolveConfig({ cache: given }).cacheControl, expected)
    }
  })

  test('is directives of a response, sent as they are', () => {
    for (const value of [
      'no-store',
      'Public, MAX-AGE=31536000, immutable',
      'private, must-revalidate',
      'max-age=60, stale-while-revalidate=30, stale-if-error=86400',
      's-maxage=5,proxy-revalidate, no-transform, must-understand',
      'no-cache="set-cookie, x-a", private="authorization"',
    ]) {
      assert.equal(resolveConfig({ cache: ` ${value} ` }).cacheControl, value)
    }
  })

  test('is refused with what was probably meant', () => {
    for (const [value, sentence] of [
      [-1, '-1 is not a number of seconds; use off: browsers then revalidate on every use (no-cache)'],
      ['-1', '"-1" is not a number of seconds; use off: browsers then revalidate on every use (no-cache)'],
      ['max-age', '"max-age" has no number of seconds; did you mean "max-age=60"?'],
      ['max-age=1h', '"max-age=1h" has no number of seconds; did you mean "max-age=60"?'],
      ['public, maxage=60', '"maxage=60" is not a Cache-Control directive; did you mean "max-age"?'],
      ['nostore', '"nostore" is not a Cache-Control directive; did you mean "no-store"?'],
      ['no-store=1', '"no-store=1" has a value, and no-store takes none; did you mean "no-store"?'],
      ['no-cache=a', '"no-cache=a" is not a list of fields in quotes; did you mean "no-cache"?'],
    ] as const) {
      assert.equal(problemOf({ cache: value }), `cache: ${sentence}`)
    }
    assert.equal(
      problemOf({ cache: 'abc' }),
      'cache: "abc" is not a Cache-Control directive; ' +
        'use seconds, a time such as 10m, off, or directives such as "public, max-age=60"',
    )
    for (const wrong of [1.5, 2 ** 31 + 1, '9999999999d']) {
      assert.match(problemOf({ cache: wrong }), /^cache: .* is not a number of seconds; use a whole number/)
    }
  })

  test('is never what a client does not understand, or another field', () => {
    const wrongs = ['', ',', '1w', '1.5h', 'max-age = 60', 'public,,private', 'max-stale=5', 'only-if-cached', 'x=y']
    const hostile = ['public\r\nb: c', 'private="a\r\nb"', 'private="\x01"', 'private="a', 'max-age=60\0', 'é']
    for (const wrong of [...wrongs, ...hostile, 'toString', '__proto__']) {
      assert.match(problemOf({ cache: wrong }), /^cache: /, wrong)
    }
  })

  test('is read in no time, however long and hostile', () => {
    const start = processorTime()
    problemOf({ cache: `${'a '.repeat(50_000)}!=` })
    problemOf({ cache: `${'public,'.repeat(50_000)}` })
    problemOf({ cache: `private="${'a,'.repeat(50_000)}` })
    const taken = processorTime() - start
    assert.ok(taken < 2000, `${taken} ms`)
  })
})
