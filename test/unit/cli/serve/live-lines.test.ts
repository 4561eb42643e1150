import assert from 'node:assert/strict'
import { join, resolve, sep } from 'node:path'
import { test } from 'node:test'
import { updateLine } from '../../../../src/cli/serve/live-lines.ts'

const cwd = resolve('/home/ann/project')
const root = join(cwd, 'dist')

function nameIn(path: string): string | undefined {
  const line = updateLine({ paths: [path], pages: 1, ms: 2 }, { format: 'pretty', color: false, root, cwd })
  return /live (.*?) +1 page updated, 2 ms\n$/.exec(line)?.[1]
}

test('shows a changed file by its path below the served folder, else below the working directory', () => {
  assert.equal(nameIn(join(root, 'css', 'app.css')), join('css', 'app.css'))
  assert.equal(nameIn(join(cwd, 'templates', 'page.njk')), join('templates', 'page.njk'))
  assert.equal(nameIn(resolve('/srv/page.njk')), resolve('/srv/page.njk'))
})

test('shows the served folder itself by its name', () => {
  assert.equal(nameIn(root), `dist${sep}`)
})

test('a long name is cut in its middle where the terminal is narrow, so that the columns hold', () => {
  const line = (paths: string[], columns?: number): string =>
    updateLine({ paths, pages: 1, ms: 2 }, { format: 'pretty', color: false, root, cwd, columns })
  const long = join(root, 'components', '日本語', 'navigation', 'menu.css')
  for (const columns of [80, 100, 120]) {
    const short = line([join(root, 'a.css')], columns)
    const cut = line([long, long], columns)
    const wide = Array.from(cut).filter((character) => /[日本語]/u.test(character)).length
    assert.equal(cut.indexOf(' 1 page') + wide, short.indexOf(' 1 page'), cut)
    assert.match(cut, /menu\.css and 1 more +1 page updated/)
  }
  assert.ok(line([long]).includes(join('components', '日本語', 'navigation', 'menu.css')))
})
