import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { Warning } from '../../src/core/warning.ts'
import { html } from '../../src/index.ts'
import type { ToPage } from '../../src/live/protocol.ts'
import { LivePage } from '../support/live-page.ts'
import { startServer } from '../support/server.ts'

const app = '<div id="root"></div><script type="module" src="/assets/index.js"></script>'
const acceptHtml = { Accept: 'text/html' }

/** What a person who goes to a path gets; fetch would say that a script asks. */
async function ask(port: number, path: string): Promise<[number, string]> {
  const [response] = (await once(get({ port, path, headers: acceptHtml, agent: false }), 'response')) as [
    IncomingMessage,
  ]
  return [response.statusCode ?? 0, await text(response)]
}

test('the 404 of a path of a single-page app names the option that answers it, and the terminal names it once', async () => {
  await using started = await startServer({ 'index.html': app, 'assets/index.js': '' })
  const warnings: Warning[] = []
  started.server.on('warning', (warning) => warnings.push(warning))
  for (const path of ['/users/7', '/users/8']) {
    const [status, page] = await ask(started.port, path)
    assert.equal(status, 404)
    assert.match(page, /add <code>single: &#39;index\.html&#39;<\/code>|add <code>single: 'index\.html'<\/code>/i)
  }
  assert.deepEqual(
    warnings.map(({ code, fix }) => [code, fix]),
    [['W8008_PROJECT', { option: 'single', value: 'index.html' }]],
  )
  // What a page loads is missing whatever the option is.
  assert.doesNotMatch((await ask(started.port, '/assets/none.js'))[1], /single/)
})

test('there is no advice if the option is set, the site has a 404 page, or the page is no app', async () => {
  for (const [files, options] of [
    [{ 'index.html': app }, { single: 'other.html' }],
    [{ 'index.html': app, '404.html': 'ours' }, {}],
    [{ 'index.html': '<h1>Hi</h1>' }, {}],
  ] as const) {
    await using started = await startServer(files, options)
    const warnings: string[] = []
    started.server.on('warning', ({ code }) => warnings.push(code))
    assert.doesNotMatch((await ask(started.port, '/users/7'))[1], /single/)
    assert.deepEqual(warnings, [])
  }
})

test('a source folder has advice on what to run: at the start, in its listing and on missing pages', async () => {
  const files = { 'package.json': '{"scripts":{"dev":"vite"},"devDependencies":{"vite":"8"}}', 'src/main.ts': '' }
  await using started = await startServer(files)
  const warning = await new Promise<Warning>((resolve) => started.server.on('warning', resolve))
  assert.deepEqual(warning, {
    code: 'W8008_PROJECT',
    message: 'There is no index.html here: this is the source of a Vite project.',
    hint: 'npm run dev',
  })
  assert.match((await ask(started.port, '/'))[1], /<p class="advice">There is no index\.html here.*<code>npm run dev</)
  assert.doesNotMatch((await ask(started.port, '/src/'))[1], /<p class="advice">/)
  assert.match((await ask(started.port, '/about'))[1], /npm run dev/)
  // Once the page is there nothing is said any more.
  await started.folder.write({ 'index.html': '<h1>Built</h1>' })
  assert.doesNotMatch((await ask(started.port, '/about'))[1], /npm run dev/)
})

test('the page of a source folder shows what to run, and no other page does', async () => {
  const files = { 'index.html': '<script type="module" src="/src/main.tsx"></script>', 'other.html': '' }
  await using started = await startServer(files)
  const firstMessages = async (path: string, last: ToPage['type']): Promise<ToPage[]> => {
    await ask(started.port, path)
    using page = await LivePage.open(started.port, { document: path })
    const messages = [await page.next()]
    started.server.notify('the last message')
    while (messages.at(-1)?.type !== last) messages.push(await page.next())
    return messages
  }
  for (const path of ['/', '/index.html']) {
    const messages = await firstMessages(path, 'error')
    const message =
      'index.html loads /src/main.tsx, which browsers cannot run: this is the source of a Vite project. Run: npx vite'
    assert.deepEqual(messages.at(-1), { type: 'error', error: { title: 'These are sources', message } })
  }
  assert.doesNotMatch(JSON.stringify(await firstMessages('/other.html', 'notify')), /error/)
  await started.folder.write({ 'index.html': '<h1>Built</h1>' })
  assert.doesNotMatch(JSON.stringify(await firstMessages('/', 'notify')), /error/)
})

test('a page that a layer answers shows nothing about the folder', async () => {
  await using started = await startServer({ 'index.html': '<script type="module" src="/src/main.tsx"></script>' })
  started.server.use(() => () => html('<h1>Compiled</h1>'))
  await ask(started.port, '/')
  using page = await LivePage.open(started.port)
  const first = await page.next()
  started.server.notify('the last message')
  assert.deepEqual([first.type, (await page.next()).type], ['welcome', 'notify'])
})

test('a proxy for the top needs no advice about the folder', async () => {
  const files = { 'package.json': '{"devDependencies":{"vite":"8"}}' }
  await using started = await startServer(files, { proxy: { '/': 'http://127.0.0.1:9' } })
  const warnings: Warning[] = []
  started.server.on('warning', (warning) => warnings.push(warning))
  // The advice of another server comes later than that of this one would.
  await using other = await startServer(files)
  await new Promise((resolve) => other.server.on('warning', resolve))
  assert.deepEqual(warnings, [])
})

test('a pipe named index.html or package.json blocks nothing', async (t) => {
  if (process.platform === 'win32') return t.skip('Windows has no named pipes in folders')
  await using started = await startServer({ 'vite.config.js': '' })
  for (const name of ['index.html', 'package.json']) {
    assert.equal(spawnSync('mkfifo', [started.folder.join(name)]).status, 0)
  }
  assert.equal((await ask(started.port, '/about'))[0], 404)
})
