import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createServer, type PageError, type ServeOptions, type Update } from '../../src/index.ts'
import type { ToPage } from '../../src/live/protocol.ts'
import { LivePage } from '../support/live-page.ts'
import { rawGet } from '../support/raw.ts'
import { startServer, type Started } from '../support/server.ts'

const files = {
  'index.html': '<!doctype html>home',
  'about.html': '<!doctype html>about',
  'style.css': 'p{}',
  'app.js': '1',
  'logo.png': 'png',
  'docs/one.txt': '1',
}

function serve(options: ServeOptions = {}): Promise<Started> {
  return startServer(files, options)
}

/** Opens a page that is up to date. */
async function openPage(port: number, document: string, resources: readonly string[] = []): Promise<LivePage> {
  const page = await LivePage.open(port, { document, resources })
  assert.equal((await page.next()).type, 'welcome')
  return page
}

function changes(message: ToPage): string[] {
  assert.equal(message.type, 'change')
  return message.type === 'change' ? message.changes.map(({ path, kind }) => `${kind} ${path}`) : []
}

test('a saved file updates the pages that use it, with its kind, and no other page', async () => {
  await using started = await serve()
  const { port, folder } = started
  using home = await openPage(port, '/', ['/style.css', '/logo.png'])
  using about = await openPage(port, '/about', ['/app.js'])
  const told: Update[] = []
  started.server.on('reload', (update) => told.push(update))
  await folder.write({ 'style.css': 'p{color:red}' })
  assert.deepEqual(changes(await home.next()), ['style /style.css'])
  assert.deepEqual(
    told.map(({ paths, pages }) => [paths, pages]),
    [[[folder.join('style.css')], 1]],
  )
  await folder.write({ 'app.js': '22' })
  assert.deepEqual(changes(await about.next()), ['other /app.js'])
  await folder.write({ 'logo.png': 'PNG2' })
  assert.deepEqual(changes(await home.next()), ['media /logo.png'])
  await folder.write({ 'about.html': '<!doctype html>changed' })
  assert.deepEqual(changes(await about.next()), ['document /about'])
})

test('atomic saves, removed and restored files, and renamed folders update pages', async () => {
  await using started = await serve()
  const { port, folder } = started
  using page = await openPage(port, '/', ['/style.css', '/docs/one.txt'])
  await folder.write({ '.style.css.tmp': 'p{margin:0}' })
  renameSync(folder.join('.style.css.tmp'), folder.join('style.css'))
  assert.deepEqual(changes(await page.next()), ['style /style.css'])
  rmSync(folder.join('style.css'))
  assert.deepEqual(changes(await page.next()), ['style /style.css'])
  writeFileSync(folder.join('style.css'), 'p{top:0}')
  assert.deepEqual(changes(await page.next()), ['style /style.css'])
  renameSync(folder.join('docs'), folder.join('old'))
  assert.deepEqual(changes(await page.next()), ['other /docs/one.txt'])
  mkdirSync(folder.join('docs'))
  writeFileSync(folder.join('docs/one.txt'), 'new')
  assert.deepEqual(changes(await page.next()), ['other /docs/one.txt'])
})

test('a missing page is reloaded once its file exists', async () => {
  await using started = await serve()
  const { port, folder } = started
  assert.equal((await rawGet(port, '/later')).status, 404)
  using page = await openPage(port, '/later')
  using other = await openPage(port, '/', ['/missing.css'])
  await folder.write({ 'later.html': 'here' })
  assert.deepEqual(changes(await page.next()), ['document /later'])
  await folder.write({ 'missing.css': 'p{}' })
  assert.deepEqual(changes(await other.next()), ['style /missing.css'])
})

test('a listing is reloaded when its folder gets a new file', async () => {
  await using started = await serve()
  using page = await openPage(started.port, '/docs/')
  await started.folder.write({ 'docs/two.txt': '2' })
  const [change = ''] = changes(await page.next())
  assert.match(change, / \/docs\/$/)
})

test('a page whose file changed while it loaded gets the change after its hello', async () => {
  await using started = await serve()
  const { port, folder, server } = started
  using other = await openPage(port, '/about')
  await rawGet(port, '/style.css')
  const seen = once(serverEvents(started), 'change')
  await folder.write({ 'style.css': 'p{color:red}' })
  await seen
  using page = await LivePage.open(port, { document: '/none', resources: ['/style.css'], age: 60_000 })
  assert.deepEqual(changes(await page.next()), ['style /style.css'])
  using late = await LivePage.open(port, { resources: ['/style.css'] })
  assert.equal((await late.next()).type, 'welcome')
  assert.equal((await server.reload()).pages, 3)
  assert.equal((await other.next()).type, 'reload')
})

test('a page that was reloaded for a change, and seems older, is not reloaded for it again', async () => {
  await using started = await serve()
  using page = await openPage(started.port, '/')
  await started.folder.write({ 'index.html': '<!doctype html>changed' })
  const change = await page.next()
  const loadedAfter = change.type === 'change' ? change.time : 0
  using older = await LivePage.open(started.port, { age: 60_000 })
  assert.equal((await older.next()).type, 'change')
  using again = await LivePage.open(started.port, { age: 60_000, loadedAfter })
  assert.equal((await again.next()).type, 'welcome')
})

test('an update names the saved file, not its folder, after a save that renames; an open listing is updated too', async () => {
  await using started = await serve()
  const { port, folder, server } = started
  using listing = await openPage(port, '/docs/')
  using page = await openPage(port, '/', ['/docs/one.txt'])
  const told: Update[] = []
  server.on('reload', (update) => told.push(update))
  await folder.write({ 'docs/new.txt': 'changed' })
  assert.deepEqual(changes(await listing.next()), ['document /docs/'])
  renameSync(folder.join('docs/new.txt'), folder.join('docs/one.txt'))
  assert.deepEqual(changes(await page.next()), ['other /docs/one.txt'])
  assert.deepEqual(changes(await listing.next()), ['document /docs/'])
  assert.deepEqual(told.at(0)?.paths, [folder.join('docs') + sep])
  assert.deepEqual(told.at(-1)?.paths, [folder.join('docs/one.txt')])
})

test('a page gets a change from before the watch started after its hello', async () => {
  await using started = await serve()
  await rawGet(started.port, '/style.css')
  await started.folder.write({ 'style.css': 'p{color:red}' })
  using page = await LivePage.open(started.port, { document: '/none', resources: ['/style.css'], age: 60_000 })
  assert.deepEqual(changes(await page.next()), ['style /style.css'])
})

test('after a restart a page reloads once if something has changed, and not if nothing has', async () => {
  await using started = await serve()
  const { folder } = started
  await outlived(folder.path)
  using page = await LivePage.open(started.port, { resources: ['/style.css'] })
  const welcome = await page.next()
  const syncedAt = welcome.type === 'welcome' ? welcome.time : 0
  await started.server.close()
  await using second = await startServer({}, { root: folder.path })
  using unchanged = await LivePage.open(second.port, { resources: ['/style.css'], syncedAt: Date.now() })
  assert.equal((await unchanged.next()).type, 'welcome')
  writeFileSync(folder.join('style.css'), 'p{left:0}')
  await outlived(folder.join('style.css'))
  await using third = await startServer({}, { root: folder.path })
  using changed = await LivePage.open(third.port, { resources: ['/style.css'], syncedAt })
  const message = await changed.next()
  assert.deepEqual(changes(message), ['style /style.css'])
  using again = await LivePage.open(third.port, {
    resources: ['/style.css'],
    syncedAt: message.type === 'change' ? message.time : 0,
  })
  assert.equal((await again.next()).type, 'welcome')
})

/** The clock of file times ticks slowly: a file made in this tick may seem to have changed after it. */
async function outlived(path: string): Promise<void> {
  while (Date.now() < statSync(path).ctimeMs + 50) await nextTurn()
}

/** Restarts the server of a page, with a change in between. Returns the messages of the page, then and after a reload. */
async function restarted(resources: readonly string[], meanwhile: (folder: string) => void): Promise<ToPage[]> {
  await using started = await serve()
  const { path } = started.folder
  await outlived(path)
  // A page has requested the missing file before; that alone is no change.
  await rawGet(started.port, '/missing.css')
  using page = await LivePage.open(started.port, { resources })
  const welcome = await page.next()
  assert.ok(welcome.type === 'welcome')
  await started.server.close()
  meanwhile(path)
  await using second = await startServer({}, { root: path })
  using back = await LivePage.open(second.port, { resources, syncedAt: welcome.time })
  using reloaded = await LivePage.open(second.port, { resources, age: 50 })
  return [await back.next(), await reloaded.next()]
}

test('a file that was removed while the server was down reloads a page once', async () => {
  const resources = ['/style.css', '/docs/one.txt', '/missing.css']
  const gone = async (meanwhile: (folder: string) => void): Promise<string[]> => {
    const [first, second] = await restarted(resources, meanwhile)
    assert.equal(second?.type, 'welcome')
    return changes(first as ToPage)
  }
  assert.deepEqual(await gone((folder) => rmSync(`${folder}/docs/one.txt`)), ['other /docs/one.txt'])
  // The server cannot know whether another missing file of this folder ever existed.
  assert.deepEqual(await gone((folder) => rmSync(`${folder}/style.css`)), ['style /style.css', 'style /missing.css'])
  assert.deepEqual((await gone((folder) => renameSync(`${folder}/docs`, `${folder}/old`))).toSorted(), [
    'other /docs/one.txt',
    'style /missing.css',
  ])
})

test('a file that is missing before and after a restart reloads no page', async () => {
  const [first] = await restarted(['/style.css', '/missing.css'], (folder) =>
    writeFileSync(`${folder}/docs/two.txt`, ''),
  )
  assert.equal(first?.type, 'welcome')
})

test('a file that only a worker loads updates the page of the worker', async () => {
  await using started = await serve()
  const { port, folder } = started
  await folder.write({ 'worker.js': '1', 'part.js': '1' })
  await rawGet(port, '/part.js', [`Referer: http://localhost:${port}/worker.js`])
  using page = await openPage(port, '/', ['/worker.js'])
  using other = await openPage(port, '/about')
  await folder.write({ 'part.js': '2 ' })
  assert.deepEqual(changes(await page.next()), ['other /part.js'])
  await started.server.reload()
  assert.equal((await other.next()).type, 'reload')
})

test('reload() with a folder updates the pages that use its files', async () => {
  await using started = await serve()
  const { port, folder, server } = started
  await folder.write({ 'css/a.css': 'p{}', 'css/b.css': 'p{}', 'css2/c.css': 'p{}' })
  using page = await openPage(port, '/', ['/css/a.css', '/css/b.css', '/css2/c.css'])
  assert.equal((await server.reload([folder.join('css')])).pages, 1)
  assert.deepEqual(changes(await page.next()), ['style /css/a.css', 'style /css/b.css'])
  assert.equal((await server.reload([`${folder.join('css2')}/`])).pages, 1)
  assert.deepEqual(changes(await page.next()), ['style /css2/c.css'])
  assert.equal((await server.reload([folder.join('cs')])).pages, 0)
  assert.equal((await server.reload([folder.path])).pages, 1)
  assert.match(changes(await page.next()).join(), /document \//)
})

test('reload() updates by path, or every page; a file that is not served reloads every page', async () => {
  await using started = await serve()
  const { port, folder, server } = started
  using page = await openPage(port, '/', ['/style.css'])
  assert.equal((await server.reload([folder.join('style.css')])).pages, 1)
  assert.deepEqual(changes(await page.next()), ['style /style.css'])
  assert.equal((await server.reload([folder.join('unused.css')])).pages, 0)
  assert.equal((await server.reload(['/elsewhere/template.php'])).pages, 1)
  assert.equal((await page.next()).type, 'reload')
  assert.equal((await server.reload()).pages, 1)
  assert.equal((await page.next()).type, 'reload')
  server.notify('built')
  assert.deepEqual(await page.next(), { type: 'notify', message: 'built' })
})

test('an error is shown on open and on later pages, until the next change', async () => {
  await using started = await serve()
  const { port, folder, server } = started
  using page = await openPage(port, '/', ['/style.css'])
  const error = { title: 'Build failed', message: 'x is not defined', file: 'app.ts', line: 3, frame: '3 | x' }
  // Compilers colour their output.
  server.showError({ ...error, message: `\u001b[31m${error.message}\u001b[0m`, frame: '3 | \u001b[1mx\u001b[22m' })
  assert.deepEqual(await page.next(), { type: 'error', error })
  using later = await LivePage.open(port, { document: '/about' })
  assert.deepEqual(await later.next(), { type: 'error', error })
  assert.equal((await later.next()).type, 'welcome')
  await folder.write({ 'style.css': 'p{color:red}' })
  assert.deepEqual(await page.next(), { type: 'error', error: null })
  assert.deepEqual(changes(await page.next()), ['style /style.css'])
  assert.deepEqual(await later.next(), { type: 'error', error: null })
})

test('watched files that are not served reload every page', async () => {
  await using other = await serve()
  await using started = await serve({ watch: other.folder.join('**/*.css') })
  using page = await openPage(started.port, '/')
  const told = nextMessage(page)
  // The watch starts while the server already answers.
  const seen = await until(told, () => writeFileSync(other.folder.join('style.css'), `p{width:${Math.random()}px}`))
  assert.equal(seen.type, 'reload')
})

test('errors of pages are an event when the option is on, with a bound', async () => {
  await using started = await serve({ console: true })
  using page = await openPage(started.port, '/')
  const logged: PageError[] = []
  started.server.on('console', (error) => logged.push(error))
  for (let i = 0; i < 60; i++) page.say({ type: 'console', level: 'error', text: `\u001B[2J ${i} ${'x'.repeat(9000)}` })
  page.socket.ping()
  await once(page.socket, 'pong')
  assert.ok(logged.length >= 20 && logged.length <= 40, `${logged.length} got through`)
  assert.deepEqual([logged[0]?.page, logged[0]?.level, logged[0]?.text.length], ['/', 'error', 4096])
})

test('close() closes the sockets of pages with 1001, and does not wait for pages', async () => {
  await using started = await serve()
  using page = await openPage(started.port, '/')
  const closed = page.closed()
  await started.server.close()
  assert.equal(await closed, 1001)
})

test('a server that does not listen gives pages no client and has nothing to reload', async () => {
  await using started = await serve()
  await started.server.close()
  const reply = await started.server.fetch('http://localhost/', { headers: { accept: 'text/html' } })
  assert.equal(await reply.text(), files['index.html'])
  assert.equal((await started.server.reload()).pages, 0)
})

/** The events of the server as an emitter for `once`. */
function serverEvents({ server }: Started): EventTarget {
  const target = new EventTarget()
  server.on('change', () => target.dispatchEvent(new Event('change')))
  return target
}

function nextMessage(page: LivePage): Promise<ToPage> {
  return page.next()
}

/** Repeats a call until a promise is settled. */
async function until<Value>(wanted: Promise<Value>, act: () => void): Promise<Value> {
  const timer = setInterval(act, 100)
  try {
    return await wanted
  } finally {
    clearInterval(timer)
  }
}

test('resolves to absolute paths, whether pages can be open or not', async () => {
  const given = ['dist/app.css', join(process.cwd(), 'b.css'), 'c/']
  const paths = ['dist/app.css', 'b.css', 'c'].map((path) => join(process.cwd(), path))
  await using started = await serve()
  await using off = await startServer({}, { live: false })
  assert.deepEqual((await started.server.reload(given)).paths, paths)
  using _page = await openPage(started.port, '/')
  const reported = new Promise((resolve) => void started.server.on('reload', resolve))
  assert.deepEqual((await started.server.reload(given)).paths, paths)
  assert.deepEqual(((await reported) as Update).paths, paths)
  assert.deepEqual((await off.server.reload(given)).paths, paths)
  assert.deepEqual((await createServer().reload(given)).paths, paths)
  await assert.rejects(off.server.reload('a.css' as never), { code: 'E8008_CONFIG_INVALID' })
})

test('rejects arguments that are no list of paths and no error', async () => {
  await using started = await serve()
  const { server } = started
  const code = { code: 'E8008_CONFIG_INVALID' }
  for (const paths of ['a.css', [5], new URL('file:///a.css'), null]) {
    await assert.rejects(server.reload(paths as unknown as string[]), code)
  }
  for (const error of [{}, 'failed', { title: 1, message: 'x' }, null]) {
    assert.throws(() => server.showError(error as never), code)
  }
})
