import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flags } from '../../../src/cli/flags.ts'
import { renderHelp } from '../../../src/cli/help.ts'

const plain = renderHelp('0.1.0', flags, { isTerminal: false, color: false, columns: 80 })

test('fits 80 columns', () => {
  for (const line of plain.split('\n')) assert.ok(line.length <= 80, line)
})

test('shows every flag once, under its heading', () => {
  for (const flag of flags) {
    assert.equal(
      plain.split(new RegExp(`--(\\[no-\\])?${flag.name}(?![\\w-])[^\\n]* {2}|--${flag.name} [A-Z/=:]+\\n`)).length > 1,
      true,
      flag.name,
    )
  }
  for (const heading of ['Usage', 'Address', 'Files', 'Pages', 'Headers', 'Access', 'Operation', 'Examples']) {
    assert.match(plain, new RegExp(`^${heading}$`, 'm'))
  }
})

test('shows short names, value names, defaults and what is on', () => {
  assert.match(plain, /^ {2}-p, --port PORT {2,}/m)
  assert.match(plain, /^ {2}-o, --open \[PATH\] {2,}/m)
  assert.match(plain, /^ {6}--\[no-\]listing {2,}.*Default on\.$/m)
  assert.match(plain, /Default 8008, 591,\s+8080, 8000\./)
})

test('has no colours unless wanted', () => {
  assert.equal(plain.includes('\u001B'), false)
  assert.ok(renderHelp('0.1.0', flags, { isTerminal: true, color: true, columns: 80 }).includes('\u001B[1mUsage'))
})
