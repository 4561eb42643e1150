import assert from 'node:assert/strict'
import { posix, win32 } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { isUrlName, decodePath } from '../../src/static/url-path.ts'

const pieces = [
  '/',
  '/',
  '.',
  '..',
  '%2e',
  '%2E',
  '%2f',
  '%5c',
  '\\',
  ';',
  '%00',
  '%25',
  '%',
  '%c0%ae',
  '%ff',
  '%e9',
  '%80',
  ':',
  '~1',
  'con',
  'C:',
  ' ',
  '%20',
  'a',
  '.env',
  '%e2%98%83',
  '#',
]
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3 })), { maxLength: 12 })
  .map((parts) => `/${parts.join('')}`)

test('maps every path to plain names below the root', () => {
  fc.assert(
    fc.property(hostile, fc.constantFrom('posix' as const, 'win32' as const), (target, platform) => {
      const located = decodePath(target, platform)
      if (located === undefined || located.isImpossible) return
      const path = platform === 'win32' ? win32 : posix
      const root = platform === 'win32' ? 'C:\\site' : '/srv/site'
      const { segments } = located
      const direct = [root, ...segments].join(path.sep)
      // What a file system would make of the path is the path itself: nothing in it is resolved away.
      assert.equal(path.resolve(direct), direct)
      assert.equal(path.join(root, ...segments), direct)
      for (const name of segments) assert.ok(isUrlName(name, platform), JSON.stringify(name))
    }),
    { numRuns: 5000 },
  )
})

test('finds every valid name by its percent-encoded form', () => {
  const name = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => isUrlName(text, 'posix'))
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), fc.boolean(), (names, hasFinalSlash) => {
      const path = `/${names.map(encodeURIComponent).join('/')}${hasFinalSlash ? '/' : ''}`
      assert.deepEqual(decodePath(path, 'posix'), { segments: names, hasFinalSlash, isImpossible: false })
    }),
  )
})
