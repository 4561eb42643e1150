import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processorTime } from '../../support/processor-time.ts'
import { adviseOn, isAppPage, type ProjectAdvice, type ProjectFacts } from '../../../src/static/project-advice.ts'

interface Given {
  readonly names?: readonly string[]
  readonly index?: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: readonly string[]
  readonly built?: Readonly<Record<string, string>>
}

function advice({ names = [], index, scripts, dependencies, built = {} }: Given): ProjectAdvice | undefined {
  const packageJson =
    scripts === undefined && dependencies === undefined
      ? undefined
      : { scripts: scripts ?? {}, dependencies: new Set(dependencies) }
  const facts: ProjectFacts = { names: new Set(names), index, packageJson, built: new Map(Object.entries(built)) }
  return adviseOn(facts)
}

const app = '<!doctype html><div id="root"></div><script type="module" src="/assets/index-4f2.js"></script>'

test('a page that loads a module for a bundler is the source of a project', () => {
  for (const [source, given, command] of [
    ['/src/main.tsx', { scripts: { dev: 'vite' } }, 'npm run dev'],
    ['/src/main.ts', { scripts: { start: 'vite' }, names: ['yarn.lock'] }, 'yarn start'],
    ['src/main.jsx', { scripts: { dev: 'vite' }, names: ['pnpm-lock.yaml'] }, 'pnpm dev'],
    ['/src/app.svelte', { scripts: { dev: 'vite' }, names: ['bun.lock'] }, 'bun run dev'],
    ['./main.ts?v=1', {}, 'npx vite'],
    ['/app.tsx', { dependencies: ['parcel'] }, 'npx parcel'],
  ] as const) {
    const found = advice({ ...given, index: `<div id=app></div><script type="module" src="${source}"></script>` })
    assert.equal(found?.kind, 'source', source)
    assert.equal(found.command, command)
    assert.match(found.message, /browsers cannot run/)
  }
  assert.match(advice({ index: '<script src=/src/main.tsx></script>' })?.message ?? '', /\/src\/main\.tsx.*Vite/)
})

test('a folder without a page is recognised by the files of a tool, and the advice is its start script', () => {
  for (const [given, tool, command] of [
    [{ names: ['hugo.toml'] }, 'Hugo', 'hugo server'],
    [{ names: ['config.toml', 'archetypes'] }, 'Hugo', 'hugo server'],
    [{ names: ['_config.yml', '_posts'] }, 'Jekyll', 'bundle exec jekyll serve'],
    [{ names: ['.eleventy.js'] }, 'Eleventy', 'npx @11ty/eleventy --serve'],
    [{ names: ['eleventy.config.mjs'], scripts: { start: 'eleventy --serve' } }, 'Eleventy', 'npm start'],
    [{ names: ['next.config.ts'], scripts: { dev: 'next dev' } }, 'Next.js', 'npm run dev'],
    [{ names: ['astro.config.mjs', 'vite.config.ts'], scripts: { dev: 'astro dev' } }, 'Astro', 'npm run dev'],
    [{ names: ['.storybook'], scripts: { storybook: 'storybook dev' } }, 'Storybook', 'npm run storybook'],
    [{ names: ['angular.json'], scripts: { start: 'ng serve' } }, 'Angular', 'npm start'],
    [{ dependencies: ['react-scripts'], scripts: { start: 'react-scripts start' } }, 'Create React App', 'npm start'],
    [{ names: ['vite.config.js'], scripts: { build: 'vite build' } }, 'Vite', 'npm run build'],
  ] as const) {
    const found = advice(given)
    assert.equal(found?.kind, 'unbuilt', tool)
    const article = ['Eleventy', 'Astro', 'Angular'].includes(tool) ? 'an' : 'a'
    assert.ok(found.message.includes(`the source of ${article} ${tool} project`), found.message)
    assert.equal(found.command, command)
  }
})

test('the advice names the folder of an existing build, with --single for an app', () => {
  const vite = { names: ['vite.config.ts', 'dist'], scripts: { dev: 'vite', build: 'vite build' } }
  assert.equal(advice({ ...vite, built: { dist: app } })?.command, 'serve8008 dist --single')
  assert.equal(advice({ names: ['.eleventy.js'], built: { _site: '<h1>Hi' } })?.command, 'serve8008 _site')
})

test('a page with front matter is a template', () => {
  const index = '---\nlayout: home\n---\n<h1>Hi</h1>'
  assert.equal(advice({ names: ['_config.yml', '_layouts'], index })?.command, 'bundle exec jekyll serve')
  assert.equal(advice({ index }), undefined)
})

test('a page that a script fills is an app, unless a 404 page says that the site has many', () => {
  for (const page of [
    app,
    '<body><div id="app"><!-- filled --></div><script src=/js/a.js></script>',
    '<app-root></app-root><script src="main.js" type="module"></script>',
    "<main id='root'>\n</main><script defer src='a.js'></script>",
  ]) {
    assert.equal(isAppPage(page), true, page)
    assert.equal(advice({ index: page })?.kind, 'app')
    assert.equal(advice({ index: page, names: ['404.html'] }), undefined)
  }
  for (const page of [
    '<h1>Hi</h1>',
    '<div id="root">Rendered</div><script src="a.js"></script>',
    '<div id="root"></div>',
  ]) {
    assert.equal(isAppPage(page), false, page)
    assert.equal(advice({ index: page }), undefined)
  }
})

test('a plain folder, a library with a build script and a complete site get no advice', () => {
  assert.equal(advice({}), undefined)
  assert.equal(advice({ names: ['a.txt', 'config.toml'] }), undefined)
  assert.equal(advice({ names: ['_config.yml'] }), undefined)
  assert.equal(advice({ scripts: { build: 'tsc' }, dependencies: ['typescript'] }), undefined)
  assert.equal(advice({ names: ['vite.config.ts'], index: '<h1>Hi</h1><script src="/a.js"></script>' }), undefined)
})

test('a page of unclosed tags takes linear time, since requests wait for it', () => {
  for (const piece of ['<div ', '<script ', '<app-root ', '<div id=root><!--', '<div id=root> ', '<script src=']) {
    const start = processorTime()
    advice({ index: piece.repeat((64 * 1024) / piece.length), dependencies: ['vite'] })
    const ms = processorTime() - start
    // A few milliseconds; half a second and more with a pattern that searches tags within tags.
    assert.ok(ms < 200, `${piece}: ${ms} ms`)
  }
})
