import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutEnd, cutMiddle, padColumns, textWidth } from '../../../../src/core/util/text-width.ts'

test('counts two columns for wide characters and none for combining ones, as wcwidth(3)', () => {
  for (const [text, width] of [
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['日本', 4],
    ['한글', 4],
    ['ｗ', 2],
    ['🎉', 2],
    ['…', 1],
    ['→', 1],
  ] as const) {
    assert.equal(textWidth(text), width, text)
  }
})

test('pads and cuts to columns, never within a character', () => {
  assert.equal(padColumns('日', 4), '日  ')
  assert.equal(padColumns('abc', 2), 'abc')
  assert.equal(cutEnd('日本語', 5), '日本…')
  assert.equal(cutEnd('日本語', 4), '日…')
  assert.equal(cutEnd('abc', 0), '')
  assert.equal(cutEnd('abc', 3), 'abc')
  assert.equal(cutMiddle('abcdefg', 5), 'ab…fg')
  assert.equal(cutMiddle('日本語日本語', 7), '日本…語')
  for (let columns = 0; columns < 12; columns++) assert.ok(textWidth(cutMiddle('日本a語日b本語', columns)) <= columns)
  assert.equal(cutMiddle('abc', 0), '')
})

test('cuts no text before a mark or a selector', () => {
  for (const mark of ['\u0301', '\ufe0f', '\u200d']) {
    const text = `start of a path a${mark}b`
    for (let columns = 1; columns < 18; columns++) assert.equal(cutMiddle(text, columns).includes(`…${mark}`), false)
  }
})
