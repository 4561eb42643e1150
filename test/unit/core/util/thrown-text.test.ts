import assert from 'node:assert/strict'
import { test } from 'node:test'
import { thrownText } from '../../../../src/core/util/thrown-text.ts'

test('names what was thrown', () => {
  assert.equal(thrownText(new TypeError('broken')), 'TypeError: broken')
  assert.equal(thrownText('text'), 'text')
  assert.equal(thrownText(undefined), 'undefined')
})

test('hides the credentials of URLs', () => {
  const error = new Error('no answer from postgres://me:hunter2@db/x, at /a?token=hunter2')
  assert.equal(thrownText(error), 'Error: no answer from postgres://…@db/x, at /a?token=…')
  assert.equal(thrownText(new SyntaxError('Unexpected token x in JSON')), 'SyntaxError: Unexpected token x in JSON')
})

test('survives values that have no text', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const error = Object.defineProperty(new Error('x'), 'message', {
    get() {
      throw new Error('message')
    },
  })
  for (const thrown of [Object.create(null), proxy, error, { toString: () => ({}) }, { name: Symbol('x') }]) {
    assert.equal(typeof thrownText(thrown), 'string')
  }
})
