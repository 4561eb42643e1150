import assert from 'node:assert/strict'
import type { BigIntStats } from 'node:fs'
import { test } from 'node:test'
import { representationHeaders, stateTag, wholeSecond } from '../../../../src/static/files/validators.ts'

function state(times: Partial<Record<'mtimeNs' | 'ctimeNs' | 'ino' | 'dev' | 'size', bigint>>): BigIntStats {
  return { dev: 1n, ino: 2n, size: 3n, mtimeNs: 0n, ctimeNs: 0n, ...times } as BigIntStats
}

test('the tag of a state changes with each field, to the nanosecond', () => {
  const changes = [{}, { dev: 9n }, { ino: 9n }, { size: 9n }, { mtimeNs: 1n }, { ctimeNs: 1n }]
  const tags = new Set(changes.map((change) => stateTag(state(change))))
  assert.equal(tags.size, changes.length)
})

test('dates are whole seconds, rounded down on either side of 1970', () => {
  assert.equal(wholeSecond(state({ mtimeNs: 1_999_999_999n })), 1000)
  assert.equal(wholeSecond(state({ mtimeNs: -1n })), -1000)
  assert.equal(wholeSecond(state({ mtimeNs: -2_000_000_000n })), -2000)
})

test('absent validators have no fields', () => {
  const form = { type: 'text/css', coding: undefined }
  assert.deepEqual(representationHeaders(form, '', {}), [
    'Content-Type',
    'text/css',
    'X-Content-Type-Options',
    'nosniff',
    'Accept-Ranges',
    'bytes',
  ])
  const coded = representationHeaders({ type: 'text/css', coding: 'br' }, 'max-age=5', { etag: '"a"', modified: 0 })
  assert.deepEqual(coded.slice(4, -2), [
    'Cache-Control',
    'max-age=5',
    'Content-Encoding',
    'br',
    'Vary',
    'Accept-Encoding',
    'ETag',
    '"a"',
    'Last-Modified',
    'Thu, 01 Jan 1970 00:00:00 GMT',
  ])
})
