import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withFolderHint } from '../../../../src/cli/args/folder-hints.ts'
import { ServeError } from '../../../../src/core/serve-error.ts'
import { TempFolder } from '../../../support/server.ts'

const anyFolder = 'name a folder that exists, or leave it out to serve this one'

const typed = (...argv: string[]): { argv: string[]; cwd: string } => ({ argv, cwd: import.meta.dirname })
const commandNames = ['check', 'status', 'trust']

function hintOf(
  error: ServeError,
  at: { argv: string[]; cwd: string },
  folder: string | undefined,
): string | undefined {
  return withFolderHint(error, { ...at, commandNames }, folder).hint
}

test('a folder of a file, of the environment, or with an unreadable name keeps its hint', () => {
  const missing = new ServeError('E8008_ROOT_NOT_FOUND', '', { hint: 'set root to a folder that exists' })
  assert.equal(hintOf(missing, typed(), undefined), missing.hint)
  assert.equal(hintOf(missing, typed('zzzzzz'), 'zzzzzz'), anyFolder)
  const unreadable = new ServeError('E8008_ROOT_NOT_FOUND', '', { hint: 'rename it' })
  assert.equal(hintOf(unreadable, typed('caf\ufffd'), 'caf\ufffd'), 'rename it')
})

test('the hint for a folder that is missing is never the command that was typed', () => {
  const missing = new ServeError('E8008_ROOT_NOT_FOUND', '', { hint: 'set root to a folder that exists' })
  assert.equal(hintOf(missing, typed('check', 'trust'), 'trust'), anyFolder)
})

test('the hint for a missing build is the script that makes it', async () => {
  const missing = new ServeError('E8008_ROOT_NOT_FOUND', '', { hint: 'set root to a folder that exists' })
  const scripts = '{"scripts":{"build":"vite build"}}'
  using folder = await new TempFolder().write({
    'package.json': scripts,
    'distr/a.txt': '',
    'a b/package.json': scripts,
    'a b/pnpm-lock.yaml': '',
    'plain/package.json': '{"scripts":{"dev":"vite"}}',
    'broken/package.json': '{',
    'hugo/hugo.toml': '',
    'eleventy/.eleventy.js': '',
    'jekyll/_config.yml': '',
    'jekyll/Gemfile': '',
    'vite/vite.config.ts': '',
    'story/.storybook/main.js': '',
    'story/package.json': '{"scripts":{"build":"vite build","build-storybook":"x"},"devDependencies":{"vite":"8"}}',
  })
  for (const [word, hint] of [
    ['dist', 'npm run build'],
    ['./build', 'npm run build'],
    ['a b/out', 'cd "a b" && pnpm build'],
    ['hugo/public', 'cd hugo && hugo'],
    ['eleventy/_site', 'cd eleventy && npx @11ty/eleventy'],
    ['jekyll/_site', 'cd jekyll && bundle exec jekyll build'],
    ['vite/dist', 'cd vite && npx vite build'],
    ['story/storybook-static', 'cd story && npm run build-storybook'],
    ['story/dist', 'cd story && npm run build'],
    // The folder of another tool.
    ['hugo/dist', anyFolder],
    // A name that no build writes, a project without a build, no project.
    ['distrr', 'serve8008 distr'],
    ['plain/dist', anyFolder],
    ['broken/dist', anyFolder],
    ['distr/dist', anyFolder],
  ] as const) {
    assert.equal(hintOf(missing, { argv: [word], cwd: folder.path }, word), hint, word)
  }
})

test('the hint for a mount without a folder is about the mount', async () => {
  using folder = await new TempFolder().write({ 'manual/a.txt': '', 'a.html': '' })
  const hint = (code: 'E8008_ROOT_NOT_FOUND' | 'E8008_ROOT_NOT_FOLDER', ...argv: string[]): string | undefined => {
    const error = new ServeError(code, '', { hint: 'set it to a folder that exists' })
    return hintOf(error, { argv, cwd: folder.path }, undefined)
  }
  const good = '/m=manual'
  assert.equal(hint('E8008_ROOT_NOT_FOUND', good, '/docs=./manul'), 'serve8008 /m=manual /docs=manual')
  assert.equal(hint('E8008_ROOT_NOT_FOUND', '--mount=/docs=manul'), 'serve8008 --mount=/docs=manual')
  assert.equal(
    hint('E8008_ROOT_NOT_FOUND', good, '/docs=./nope'),
    'name a folder that exists, or leave out /docs=./nope',
  )
  assert.equal(hint('E8008_ROOT_NOT_FOLDER', '/docs=./a.html'), 'serve8008 /docs=.')
  // Named in a config file.
  assert.equal(hint('E8008_ROOT_NOT_FOUND', good), 'set it to a folder that exists')
})

test('the hint for a file serves its folder and opens the file', () => {
  const file = new ServeError('E8008_ROOT_NOT_FOLDER', '', { hint: 'set root to the folder that contains it' })
  assert.equal(hintOf(file, typed('./a b.html'), './a b.html'), 'serve8008 . --open /a%20b.html')
  assert.equal(hintOf(file, typed('site/a.html', '--open'), 'site/a.html'), 'serve8008 site --open')
  assert.equal(hintOf(file, typed(), undefined), file.hint)
})

test('the hint for the name of a preset starts it', () => {
  const missing = new ServeError('E8008_ROOT_NOT_FOUND', '', { hint: 'set root to a folder that exists' })
  assert.equal(hintOf(missing, typed('matrix', '--lan'), 'matrix'), 'serve8008 --preset matrix --lan')
})
