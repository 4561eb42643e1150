import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, posix } from 'node:path'
import { test } from 'node:test'
import { tables, withTables } from '../../scripts/docs.ts'
import { fromRoot } from '../../scripts/paths.ts'
import { readCommand } from '../../src/cli/read-command.ts'
import { flags } from '../../src/cli/args/flags.ts'
import { loadCommands } from '../../src/cli/commands/registry.ts'
import { codeSpans, readPage, userPages, type Page } from '../support/markdown.ts'

const pages = userPages()
const readme = pages[0] as Page

function read(path: string): string {
  return readFileSync(fromRoot(path), 'utf8')
}

test('the pages were found', () => {
  assert.equal(readme.path, 'README.md')
  for (const folder of ['docs/guide/', 'docs/reference/']) {
    assert.ok(pages.filter(({ path }) => path.startsWith(folder)).length >= 7, folder)
  }
})

for (const page of Object.keys(tables)) {
  test(`the tables of ${page} follow from the sources`, () => {
    assert.equal(withTables(page, read(page)), read(page), 'make them again: npm run docs')
  })
}

test('a table without a place is an error', () => {
  const page = 'docs/reference/limits.md'
  assert.throws(() => withTables(page, read(page).replaceAll('<!-- /limits -->', '')), /"limits"/)
})

test('the README has at most two screens', () => {
  assert.ok(readme.text.split('\n').length <= 100)
})

test('the two commands of the README are those that npm has', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  assert.match(readme.text, /npm ci && npm start -- /)
  assert.match(readme.text, /npm ci && npm test/)
  assert.ok(scripts['start'] !== undefined && scripts['test'] !== undefined)
})

test('the README links to every page, or to the page that does', () => {
  const direct = linksOf(readme).map(({ file }) => file)
  const indexes = direct.filter((file) => file.endsWith('/README.md')).map(readPage)
  const linked = [...direct, ...indexes.flatMap((page) => linksOf(page).map(({ file }) => file))]
  assert.deepEqual(
    pages.map(({ path }) => path).filter((path) => path !== 'README.md' && !linked.includes(path)),
    [],
  )
})

test('every link to a page or a heading has a target', () => {
  const all = [...pages, ...['SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md'].map(readPage)]
  const broken = all.flatMap((page) =>
    linksOf(page).flatMap(({ link, file, anchor }) => (hasTarget(file, anchor) ? [] : [`${page.path}: ${link}`])),
  )
  assert.deepEqual(broken, [])
})

for (const name of ['SECURITY.md', 'CHANGELOG.md']) {
  test(`every file of the repository that ${name} names exists`, () => {
    const files = [...read(name).matchAll(/`((?:test|src|scripts)\/[^`\s*]+)`/g)].map(([, path = '']) => path)
    assert.deepEqual(
      files.filter((path) => !existsSync(fromRoot(path))),
      [],
    )
  })
}

test('pages for users name no source files', () => {
  const named = pages.flatMap((page) => codeSpans(page).filter((span) => /^(?:src|test|scripts)\//.test(span)))
  assert.deepEqual(named, [])
})

test('every command between backticks can be read', async () => {
  const typed = pages.flatMap((page) => codeSpans(page).map((span) => ({ page: page.path, span })))
  const lines = typed.filter(({ span }) => /^(?:npx )?serve8008 [^[]*$/.test(span))
  assert.ok(lines.length > 40)
  const isFolder = (word: string): boolean => /^[./\w-]+$/.test(word)
  for (const { page, span } of lines) {
    const words = wordsOf(span.replace(/^(?:npx )?serve8008 /, ''))
    await assert.doesNotReject(readCommand(words, isFolder), `${page}: ${span}`)
  }
})

test('every flag between backticks exists', async () => {
  const commands = await loadCommands()
  const known = new Set(
    [...flags, ...commands.flatMap((command) => command.flags)].flatMap(({ name, aliases }) => [name, ...aliases]),
  )
  const named = pages.flatMap((page) =>
    codeSpans({ ...page, prose: withoutForeignCells(page.prose) }).flatMap((span) =>
      [...span.matchAll(/(?:^| )--(?:no-)?([\w-]+)/g)].map(([, name = '']) => ({ page: page.path, span, name })),
    ),
  )
  assert.ok(named.length > 100)
  // Flags of other programs, and how a flag is written.
  const foreign =
    /^(?:npm|curl|certutil|systemd|docker|jupyter|radicale|xandikos) |^--no-port-switching$|^--(?:no-)?flag\b/
  assert.deepEqual(
    named.filter(({ span, name }) => !known.has(name) && !foreign.test(span)),
    [],
  )
})

test('pictures are small', () => {
  const pictures = readdirSync(fromRoot('docs/images'))
  assert.ok(pictures.length > 0)
  for (const name of pictures) assert.ok(statSync(fromRoot(join('docs/images', name))).size <= 60_000, name)
})

interface Link {
  readonly link: string
  readonly file: string
  readonly anchor: string
}

/** The links of a page to files of the repository, from its root, and to headings. */
function linksOf(page: Page): Link[] {
  return [...page.prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => {
    const [path = '', anchor = ''] = link.split('#')
    const file = path === '' ? page.path : posix.normalize(posix.join(posix.dirname(page.path), path))
    return { link, file, anchor }
  })
}

function hasTarget(file: string, anchor: string): boolean {
  if (!existsSync(fromRoot(file))) return false
  return anchor === '' || readPage(file).sections.some((section) => section.anchor === anchor)
}

/** Words as a shell splits them, with quotes but without expansions. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''))
}

/** The first column of the tables about other servers holds their flags. */
function withoutForeignCells(prose: string): string {
  const [before, ...tables] = prose.split(
    /^(?=\| (?:serve|http-server|live-server|browser-sync|vite preview|sirv|nginx|Caddy|http-proxy) \| serve8008)/m,
  )
  const ours = tables.map((text) => text.replaceAll(/^\| (?:[^|\n]|\\\|)* \|/gm, '|'))
  return [before, ...ours].join('')
}
