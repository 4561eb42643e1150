import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printable, printableJson } from '../../../../src/core/util/sanitize.ts'

test('escapes characters that control a terminal', () => {
  assert.equal(printable('\x1b[2J\x07\r\n\t\0'), '\\x1b[2J\\x07\\x0d\\x0a\\x09\\x00')
  assert.equal(printable('\x7f\x9b31m\x85'), '\\x7f\\x9b31m\\x85')
})

test('escapes bidi controls, line separators, invisible tags and lone surrogates', () => {
  assert.equal(printable('a\u202egnp.exe'), 'a\\u202egnp.exe')
  assert.equal(printable('\u2066\u2028\u2029\u200b\ufeff'), '\\u2066\\u2028\\u2029\\u200b\\ufeff')
  assert.equal(printable('\u{e0041}'), '\\u{e0041}')
  assert.equal(printable('\ud800x'), '\\ud800x')
})

test('keeps ordinary text of every script', () => {
  for (const text of ['', 'GET /index.html?a=b', 'größe', '日本語', 'שלום', '😀', 'C:\\site']) {
    assert.equal(printable(text), text)
  }
})

test('cuts long text to its bound, with an ellipsis', () => {
  assert.equal(printable('abcdef', 6), 'abcdef')
  assert.equal(printable('abcdefg', 6), 'abcde…')
  assert.equal(printable('abc\x1b', 6), 'abc\\x…')
  assert.equal(printable('abcd😀f', 6), 'abcd…')
  assert.equal(printable('abc', 0), '')
  assert.equal(printable('x'.repeat(1e6), 10), 'xxxxxxxxx…')
})

test('writes JSON with the same value and no characters that control a terminal', () => {
  const value = { text: '\x1b[31m\x7f\x9b\u202e\u2028\u{e0041}é"\\\ud800' }
  const json = printableJson(value)
  assert.match(json, /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u)
  assert.deepEqual(JSON.parse(json), value)
  assert.equal(printableJson({ a: 1 }), '{"a":1}')
})
