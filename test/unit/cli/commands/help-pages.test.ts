import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flags } from '../../../../src/cli/args/flags.ts'
import type { CommandDefinition } from '../../../../src/cli/commands/definition.ts'
import {
  helpGroups as groupsOf,
  renderAllHelp,
  renderGroupHelp,
  renderOverview,
} from '../../../../src/cli/commands/help-pages.ts'
import { commandNames, loadCommands } from '../../../../src/cli/commands/registry.ts'
import { limitNames, limitTable } from '../../../../src/config/options/limits.ts'

const commands = await loadCommands()
const helpGroups = groupsOf(commands)
const pipe = { isTerminal: false, color: false, columns: 80 }
const plain = renderAllHelp('0.1.0', pipe, commands)

const linesFor = (columns: number): string[] =>
  renderAllHelp('0.1.0', { isTerminal: true, color: false, columns }, commands).split('\n')

test('the overview fits a screen of 80 columns and 24 lines, with the prompt below it, and has room for a command', () => {
  const terminal = { isTerminal: true, color: false, columns: 80 }
  const more = [...commands, { ...(commands[0] as CommandDefinition), command: 'certificates' }]
  for (const text of [renderOverview('10.10.10', pipe, more), renderOverview('10.10.10', terminal, more)]) {
    const lines = text.split('\n')
    // What stands behind the last newline is the line of the prompt.
    assert.ok(lines.length <= 24, `${lines.length} lines`)
    for (const line of lines) assert.ok(line.length <= 80, line)
  }
})

test('the overview names every group, every command and the flags that most people need', () => {
  const overview = renderOverview('0.1.0', pipe, commands)
  const words = new Set(overview.match(/[\w-]+/g))
  for (const word of [...Object.keys(helpGroups), ...commandNames(), 'all']) {
    assert.ok(word === 'version' || words.has(word), word)
  }
  for (const name of ['port', 'open', 'single', 'proxy', 'tls', 'lan', 'cors', 'live']) {
    assert.match(overview, new RegExp(`^ {2}(?:-\\w,| {3}) --(?:\\[no-\\])?${name}[ \\n]`, 'm'), name)
  }
})

test('each group has a page, and together they show every flag', () => {
  const pages = Object.entries(helpGroups).map(([word, group]) => renderGroupHelp(word, group, pipe))
  for (const { name } of flags) {
    const shown = pages.filter((page) =>
      new RegExp(`^ {2}(?:-\\w,| {3}) --(?:\\[no-\\])?${name}(?![\\w-])`, 'm').test(page),
    )
    assert.equal(shown.length, 1, name)
  }
  for (const page of pages) for (const line of page.split('\n')) assert.ok(line.length <= 80, line)
  assert.match(renderGroupHelp('https', helpGroups['https']!, pipe), /^serve8008 help https: HTTPS, certificates/)
})

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
  for (const heading of ['Commands', 'Address', 'Files', 'Pages', 'Headers', 'Access', 'Operation', 'Examples']) {
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
  assert.ok(
    renderAllHelp('0.1.0', { isTerminal: true, color: true, columns: 80 }, commands).includes('\u001B[1mExamples'),
  )
})
