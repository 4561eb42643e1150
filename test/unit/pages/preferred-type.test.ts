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

test('every type with the suffix +json is JSON (RFC 6839 section 3.1)', () => {
  for (const type of ['application/vnd.api+json', 'application/problem+json', 'application/ld+json;profile="a,b"']) {
    assert.equal(preferredType(type, offered), 'application/json', type)
    assert.equal(preferredType(`${type}, */*;q=0.1`, offered), 'application/json', type)
  }
  assert.equal(preferredType('application/hal+json;q=0.5, text/html', offered), 'text/html')
  assert.equal(preferredType('APPLICATION/*+JSON', offered), 'application/json')
  assert.equal(preferredType('application/x+jsonp', offered), 'text/html')
})

test('parameters of a range do not matter', () => {
  for (const parameters of ['charset=utf-8', ' version=1', 'odata=verbose; charset="utf-8"', 'profile="a,b"']) {
    const accept = `application/json;${parameters}`
    assert.equal(preferredType(accept, offered), 'application/json', accept)
    assert.equal(preferredType(`${accept}; q=0.5, text/html`, offered), 'text/html', accept)
    assert.equal(preferredType(`text/html;q=0.5, ${accept}`, offered), 'application/json', accept)
  }
})

test('the same field with other offered types has its own result', () => {
  assert.equal(preferredType('*/*', ['text/plain', 'text/html']), 'text/plain')
  assert.equal(preferredType('*/*', offered), 'text/html')
})

test('many different fields do not change the results', () => {
  for (let i = 0; i < 500; i++) assert.equal(preferredType(`application/json, x/y${i}`, offered), 'application/json')
  assert.equal(preferredType(`application/json, ${'x/y,'.repeat(500)}`, offered), 'application/json')
})
