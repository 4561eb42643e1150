import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fromRoot } from '../../scripts/paths.ts'

function pagesIn(folder: string): string[] {
  return readdirSync(fromRoot(folder)).map((name) => `${folder}/${name}`)
}

function read(page: string): string {
  return readFileSync(fromRoot(page), 'utf8')
}

/** Headings as links name them. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title)
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** Whether a link of a page points to a file, and to a heading of it where it names one. */
function isSound(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : join(dirname(page), path)
  return existsSync(fromRoot(target)) && (anchor === undefined || anchorsOf(read(target)).has(anchor))
}

/** Whether a source declares a name at its top level, or has a key of that name. */
function isDeclared(name: string, source: string): boolean {
  const keyword = '(?:const|let|function|class|interface|type)'
  return new RegExp(`^(?:export )?(?:async )?${keyword} ${name}\\b|^ +(?:readonly )?${name}\\??:`, 'm').test(source)
}

const pages = ['CONTRIBUTING.md', ...pagesIn('docs/contributing'), ...pagesIn('docs/decisions')]

describe('the pages for contributors', () => {
  test('are all reached from CONTRIBUTING.md', () => {
    const linked = ['CONTRIBUTING.md', 'docs/decisions/README.md'].flatMap((page) =>
      [...read(page).matchAll(/\]\(([^):#]+)/g)].map(([, path = '']) => join(dirname(page), path)),
    )
    assert.deepEqual(
      pages.slice(1).filter((page) => !linked.includes(page)),
      [],
    )
  })

  for (const page of pages) {
    test(`every path that ${page} names exists`, () => {
      const named = [...read(page).matchAll(/`((?:src|test|scripts|docs|templates|bin|\.ci|\.github)\/[^`\s]*)`/g)]
      const missing = named
        .map(([, path = '']) => path)
        .filter((path) => !path.includes('…') && !existsSync(fromRoot(path)))
      assert.deepEqual(missing, [])
    })

    test(`every link of ${page} points to a page and a heading that exist`, () => {
      const links = [...read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => link)
      assert.deepEqual(
        links.filter((link) => !isSound(page, link)),
        [],
      )
    })

    test(`every script that ${page} runs is one of package.json`, () => {
      const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
      const run = [...read(page).matchAll(/\bnpm run ([a-z:-]+)/g)].map(([, name = '']) => name)
      assert.deepEqual(
        run.filter((name) => scripts[name] === undefined),
        [],
      )
    })
  }

  test('the pages name what the files declare at the top level, or a key of theirs', () => {
    const text = pagesIn('docs/contributing').map(read).join('\n')
    const named = [...text.matchAll(/`((?:src|test|scripts)\/[^`\s]+)`, `(\w+)`/g)]
    assert.ok(named.length > 15)
    const missing = named.filter(([, path = '', name = '']) => !isDeclared(name, read(path)))
    assert.deepEqual(
      missing.map(([both]) => both),
      [],
    )
  })

  test('every recipe names the test of these pages among its tests', () => {
    const [, ...recipes] = read('docs/contributing/recipes.md').split(/^## /m)
    assert.ok(recipes.length > 5)
    const silent = recipes.filter((recipe) => !/^\*Tests:\*[^]*`npm test -- [^`]*\bunit\/contributing\b/m.test(recipe))
    assert.deepEqual(
      silent.map((recipe) => recipe.split('\n')[0]),
      [],
    )
  })

  test('the code of the pages imports what exists', () => {
    const homes = ['src/config/kinds', 'src/middleware', 'src/cli/commands', 'test/http']
    const code = ['recipes', 'testing'].flatMap((name) => [
      ...read(`docs/contributing/${name}.md`).matchAll(/```ts\n([^]*?)```/g),
    ])
    const imports = code.flatMap(([, text = '']) => [
      ...text.matchAll(/^ *import (?:type )?\{ ([^}]+) \} from '(\.[^']+)'/gm),
    ])
    assert.ok(imports.length > 6)
    const missing = imports.filter(([, names = '', path = '']) => {
      const file = homes.map((home) => join(home, path)).find((each) => existsSync(fromRoot(each)))
      const defined = (name: string): boolean => new RegExp(`^export .*\\b${name}\\b`, 'm').test(read(file ?? ''))
      return file === undefined || !names.split(', ').every(defined)
    })
    assert.deepEqual(
      missing.map(([text]) => text.trim()),
      [],
    )
  })

  test('the paths of the drawing of a request exist', () => {
    const [, drawing = ''] = /```text\n([^]*?)```/.exec(read('docs/contributing/architecture.md')) ?? []
    const named = [...drawing.matchAll(/\b[a-z][\w-]*(?:\/[\w-]+)*\/(?:[\w-]+\.ts)?(?![\w-])/g)].map(([path]) => path)
    assert.ok(named.length > 15)
    assert.deepEqual(
      named.filter((path) => !existsSync(fromRoot('src', path))),
      [],
    )
  })

  test('the table of modules names every folder of the sources', () => {
    const architecture = read('docs/contributing/architecture.md')
    const folders = readdirSync(fromRoot('src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(fromRoot().length + 1)
          .replaceAll('\\', '/'),
      )
    assert.ok(folders.length > 20)
    assert.deepEqual(
      folders.filter((folder) => !architecture.includes(`\`${folder}/\``)),
      [],
    )
  })
})
