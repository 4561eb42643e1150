import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getField, withVary } from '../../../../src/http/message/headers.ts'
import { variantOf } from '../../../../src/http/semantics/variant.ts'

const reply = {
  status: 200,
  headers: ['ETag', '"abc"', 'X-A', '1'],
  body: null,
  validators: { etag: '"abc"', modified: 5 },
}

test('gives another representation another tag, in its fields and for preconditions', () => {
  const made = variantOf(reply, ['X-B', '2', 'ETag', '"abc"'], 'script')
  assert.equal(getField(made.headers, 'etag'), '"abc-script"')
  assert.deepEqual(made.validators, { etag: '"abc-script"', modified: 5 })
  assert.equal(getField(made.headers, 'x-b'), '2')
})

test('adds no tag to a reply without one', () => {
  const { validators: _, ...plain } = reply
  assert.deepEqual(variantOf({ ...plain, headers: [] }, ['X-B', '2'], 'script').headers, ['X-B', '2'])
})

test('keeps the names of all Vary lines', () => {
  const list = withVary(['Vary', 'Accept', 'X-A', '1', 'vary', 'Sec-Fetch-Dest'], 'Accept-Encoding')
  assert.equal(getField(list, 'vary'), 'Accept, Sec-Fetch-Dest, Accept-Encoding')
  assert.equal(list.filter((name) => /^vary$/i.test(name)).length, 1)
  assert.deepEqual(withVary(['Vary', '*'], 'Accept'), ['Vary', '*'])
})
