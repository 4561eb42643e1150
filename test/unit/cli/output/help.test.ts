import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flags } from '../../../../src/cli/args/flags.ts'
import { renderHelp } from '../../../../src/cli/output/help.ts'
import { limitNames, limitTable } from '../../../../src/config/options/limits.ts'

const plain = renderHelp('0.1.0', flags, { isTerminal: false, color: false, columns: 80 })

const linesFor = (columns: number): string[] =>
  renderHelp('0.1.0', flags, { isTerminal: true, color: false, columns }).split('\n')

test('fits 80 columns in a pipe, and a terminal from 40 to 120', () => {
  for (const line of plain.split('\n')) assert.ok(line.length <= 80, line)
  for (const columns of [40, 60, 80, 100, 120]) {
    for (const line of linesFor(columns)) assert.ok(line.length <= columns, `${columns}: ${line}`)
  }
  const longest = Math.max(...linesFor(300).map((line) => line.length))
  assert.ok(longest > 100 && longest <= 120)
})

test('has no description at the margin, however narrow', () => {
  for (const columns of [40, 60, 80]) {
    const words = linesFor(columns).filter((line) => line.startsWith('    ') && /^ +[A-Za-z]/.test(line))
    const margins = new Set(words.map((line) => /^ */.exec(line)?.[0].length))
    assert.deepEqual(margins, new Set(columns === 40 ? [6, 8] : [28, 6]))
  }
})

test('names log formats, limits with their defaults, mounts, and what a repeated flag does', () => {
  assert.match(plain, /pretty,\s+common,\s+combined,\s+json,\s+none/)
  for (const name of limitNames)
    assert.match(plain, new RegExp(`^ {6}${name}=${limitTable[name].default}(?: {2,}|\\n +)[A-Z]`, 'm'))
  assert.match(plain, /^ {2}serve8008 \. \/docs=\.\/doc {2,}/m)
  assert.match(plain, /given twice the last one counts/)
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
