import assert from 'node:assert/strict'
import { test } from 'node:test'
import { preferredType } from '../../../src/pages/preferred-type.ts'

const offered = ['text/html', 'application/json'] as const

test('weights decide, then how specific a range is, then the order of the offer', () => {
  assert.equal(preferredType('application/json;q=0.5, text/html', offered), 'text/html')
  assert.equal(preferredType('text/html;q=0.5, application/json', offered), 'application/json')
  assert.equal(preferredType('*/*, application/json', offered), 'application/json')
  assert.equal(preferredType('*/*', offered), 'text/html')
  assert.equal(preferredType('text/html;q=0, */*', offered), 'application/json')
  assert.equal(preferredType(undefined, offered), 'text/html')
  assert.equal(preferredType('image/png', offered), 'text/html')
})

test('the same field with other offered types has its own result', () => {
  assert.equal(preferredType('*/*', ['text/plain', 'text/html']), 'text/plain')
  assert.equal(preferredType('*/*', offered), 'text/html')
})

test('many different fields do not change the results', () => {
  for (let i = 0; i < 500; i++) assert.equal(preferredType(`application/json, x/y${i}`, offered), 'application/json')
  assert.equal(preferredType(`application/json, ${'x/y,'.repeat(500)}`, offered), 'application/json')
})
