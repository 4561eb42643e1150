import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIsolation, createResourcePolicy } from '../../../src/middleware/constant-fields.ts'
import { emptyReply, textReply, type Reply } from '../../../src/http/message/reply.ts'
import { fieldsOf, request } from './fixtures.ts'

const shared = Object.freeze(textReply(200, 'content'))

test('every reply has the isolation fields, and a shared one is changed once', () => {
  const isolate = createIsolation()
  const isolated = isolate(shared, request()) as Reply
  assert.equal(fieldsOf(isolated)['cross-origin-opener-policy'], 'same-origin')
  assert.equal(fieldsOf(isolated)['cross-origin-embedder-policy'], 'require-corp')
  assert.equal(isolate(shared, request()), isolated)
  assert.equal((isolate(emptyReply(304), request()) as Reply).headers.length, 4)
})

test('fields of the reply are kept', () => {
  const own = emptyReply(200, ['cross-origin-embedder-policy', 'credentialless'])
  assert.deepEqual(fieldsOf(createIsolation()(own, request()) as Reply), {
    'cross-origin-embedder-policy': 'credentialless',
    'cross-origin-opener-policy': 'same-origin',
  })
  const open = emptyReply(200, ['Cross-Origin-Resource-Policy', 'cross-origin'])
  assert.equal(createResourcePolicy(false)(open, request()), open)
})

test('resources are for pages of this host, or for all with CORS', () => {
  const policy = (isShared: boolean) =>
    fieldsOf(createResourcePolicy(isShared)(shared, request()) as Reply)['cross-origin-resource-policy']
  assert.equal(policy(false), 'same-site')
  assert.equal(policy(true), 'cross-origin')
})
