import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createStyle,
  isContinuousIntegration,
  lineColumns,
  terminalOf,
  wantsColor,
} from '../../../../src/cli/output/terminal.ts'

test('colours a terminal, and nothing else', () => {
  assert.equal(wantsColor(true, {}), true)
  assert.equal(wantsColor(false, {}), false)
})

test('honours NO_COLOR, TERM=dumb and CI', () => {
  assert.equal(wantsColor(true, { NO_COLOR: '1' }), false)
  assert.equal(wantsColor(true, { NO_COLOR: '' }), true)
  assert.equal(wantsColor(true, { TERM: 'dumb' }), false)
  assert.equal(wantsColor(true, { CI: 'true' }), false)
  assert.equal(wantsColor(true, { CI: 'false' }), true)
})

test('lets FORCE_COLOR decide first', () => {
  assert.equal(wantsColor(false, { FORCE_COLOR: '1' }), true)
  assert.equal(wantsColor(false, { FORCE_COLOR: '', NO_COLOR: '1', TERM: 'dumb' }), true)
  assert.equal(wantsColor(true, { FORCE_COLOR: '0' }), false)
  assert.equal(wantsColor(true, { FORCE_COLOR: 'false' }), false)
})

test('describes a stream', () => {
  assert.deepEqual(terminalOf({ isTTY: true, columns: 120 }, {}), { isTerminal: true, color: true, columns: 120 })
  assert.deepEqual(terminalOf({ isTTY: true, columns: 0 }, {}), { isTerminal: true, color: true, columns: 80 })
  assert.deepEqual(terminalOf({}, {}), { isTerminal: false, color: false, columns: 80 })
  assert.deepEqual(terminalOf({ isTTY: true, columns: 90 }, { CI: '1' }), {
    isTerminal: false,
    color: false,
    columns: 90,
  })
  assert.equal(isContinuousIntegration({ CI: '0' }), false)
})

test('paints only when colours are wanted, and never the empty text', () => {
  assert.equal(createStyle(true).red('x'), '\u001B[31mx\u001B[39m')
  assert.equal(createStyle(true).dim(''), '')
  assert.equal(createStyle(false).red('x'), 'x')
})

test('a terminal that is resized has its new width at once; a pipe bounds no line', () => {
  const stream = { isTTY: true, columns: 100 }
  const terminal = terminalOf(stream, {})
  stream.columns = 60
  assert.equal(terminal.columns, 60)
  assert.equal(lineColumns(terminal), 60)
  assert.equal(lineColumns(terminalOf({ columns: 60 }, {})), undefined)
})
