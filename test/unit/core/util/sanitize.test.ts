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

test('escapes what is invisible, and marks beyond three', () => {
  assert.equal(printable('a\u034f\ufe0f\u180b\u17b4\u3164'), 'a\\u034f\\ufe0f\\u180b\\u17b4\\u3164')
  assert.equal(printable(`a${'\u0301'.repeat(5)}b`), 'a\u0301\u0301\u0301\\u0301\\u0301b')
  assert.doesNotMatch(printable(`a${'\u0301\u0301\u034f'.repeat(99)}`), /\p{M}{4}|\u034f/u)
  // The selector and the joiner of emoji, without one or again and again.
  assert.equal(printable('\u2764\ufe0f\ufe0f \u200d'), '\u2764\ufe0f\\ufe0f \\u200d')
  assert.match(printable('👨' + '\u200d👨'.repeat(9)), /\\u200d/)
  // An arrow that Unicode keeps for pictures, and no emoji.
  assert.equal(printable('\u{1f848}\ufe0f'), '\u{1f848}\\ufe0f')
})

test('keeps letters with marks, and emoji', () => {
  const words = ['e\u0301', 'ệ'.normalize('NFD'), '\u05e9\u05c1\u05bc\u05b8', 'ก็้', 'हिन्दी']
  const emoji = ['❤️', '👨‍👩‍👧‍👦', '👩‍❤️‍💋‍👩', '👍🏽', '1️⃣', '🇩🇪', '🧑🏽‍💻', '🏳️‍🌈']
  for (const text of [...words, ...emoji, emoji.join('')]) {
    assert.equal(printable(text), text)
    assert.equal(printableJson(text), JSON.stringify(text))
  }
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
  const value = { text: '\x1b[31m\x7f\x9b\u202e\u2028\u{e0041}é"\\\ud800\u034f' + '\u0301'.repeat(9) }
  const json = printableJson(value)
  assert.match(json, /^(?!.*\p{M}{4})[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]*$/u)
  assert.deepEqual(JSON.parse(json), value)
  assert.equal(printableJson({ a: 1 }), '{"a":1}')
})
