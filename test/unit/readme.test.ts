import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromRoot } from '../../scripts/paths.ts'
import { withTables } from '../../scripts/readme.ts'

const readme = readFileSync(fromRoot('README.md'), 'utf8')

test('the tables of the README follow from the sources', () => {
  assert.equal(withTables(readme), readme, 'make them again: npm run readme')
})

test('a table without a place is an error, not left out', () => {
  assert.throws(() => withTables(readme.replaceAll('<!-- /limits -->', '')), /"limits"/)
})

test('the two commands of the README are those that npm has', () => {
  const { scripts } = JSON.parse(readFileSync(fromRoot('package.json'), 'utf8')) as { scripts: Record<string, string> }
  assert.match(readme, /npm ci && npm start -- /)
  assert.match(readme, /npm ci && npm test/)
  assert.ok(scripts['start'] !== undefined && scripts['test'] !== undefined)
})

for (const name of ['README.md', 'SECURITY.md', 'CHANGELOG.md']) {
  test(`every file that ${name} names is there`, () => {
    const text = readFileSync(fromRoot(name), 'utf8')
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, path = '']) => path)
    const files = [...text.matchAll(/`((?:test|src|scripts)\/[^`\s*]+)`/g)].map(([, path = '']) => path)
    assert.deepEqual(
      [...links, ...files].filter((path) => !existsSync(fromRoot(path))),
      [],
    )
  })
}

test('every heading that the README links to is there', () => {
  const anchors = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
  const missing = [...readme.matchAll(/\]\(#([^)]+)\)/g)].flatMap(([, anchor = '']) =>
    anchors.includes(anchor) ? [] : [anchor],
  )
  assert.deepEqual(missing, [])
})
