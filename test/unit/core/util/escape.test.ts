import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clipText, encodeSegment, escapeHtml, visibleText } from '../../../../src/core/util/escape.ts'

test('escapes the five characters that end text or an attribute', () => {
  assert.equal(escapeHtml(`<a b="c" d='e'>&amp;`), '&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;')
  assert.equal(escapeHtml('plain'), 'plain')
})

test('shows control characters as pictures', () => {
  assert.equal(visibleText('a\nb\u0000c\u001b[2J\u007f'), 'a␊b␀c␛[2J␡')
  assert.equal(visibleText('\u009b31m'), '⟨U+009B⟩31m')
})

test('shows reordering and invisible marks, and keeps joiners in emoji', () => {
  assert.equal(visibleText('photo_\u202egpj.exe'), 'photo_⟨U+202E⟩gpj.exe')
  assert.equal(visibleText('a\u200bb\ufeff\u2028'), 'a⟨U+200B⟩b⟨U+FEFF⟩⟨U+2028⟩')
  assert.equal(visibleText('👩‍💻 日本語 é'), '👩‍💻 日本語 é')
})

test('replaces lone surrogates by the replacement character', () => {
  assert.equal(visibleText('a\ud800b'), 'a\ufffdb')
  assert.equal(visibleText('\udc00\ud83d\ude00'), '\ufffd😀')
  assert.equal(encodeSegment('a\ud800b'), 'a%EF%BF%BDb')
})

test('encodes what would end a segment, start a query or close an attribute', () => {
  assert.equal(encodeSegment(`a/b\\c?d#e%f&g"h'i<j>k l\n`), 'a%2Fb%5Cc%3Fd%23e%25f%26g%22h%27i%3Cj%3Ek%20l%0A')
  assert.equal(encodeSegment('javascript:x'), 'javascript%3Ax')
  for (let code = 1; code < 0x250; code++) {
    const character = String.fromCharCode(code)
    assert.equal(decodeURIComponent(encodeSegment(character)), character)
    assert.match(encodeSegment(character), /^[\w.!~*()%-]+$/)
  }
})

test('cuts long text with an ellipsis, never within a surrogate pair', () => {
  assert.equal(clipText('abcd', 4), 'abcd')
  assert.equal(clipText('abcde', 4), 'abc…')
  assert.equal(clipText('ab😀cd', 4), 'ab…')
})
