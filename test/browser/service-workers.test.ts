import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, describe, test } from 'node:test'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { createServer, type Server8008 } from '../../src/index.ts'
import { TempFolder } from '../support/server.ts'
import { launchChromium, skip, withPage } from './support/chromium.ts'

const { resolve } = createRequire(import.meta.url)

/** Makes every open page use the worker as soon as it runs. */
const takeOver = `self.oninstall = () => self.skipWaiting(); self.onactivate = (event) => event.waitUntil(self.clients.claim())\n`

const handWritten = (answer: string): string => `${takeOver}self.onfetch = (event) => event.respondWith(${answer})`

/** A worker of a real application, as its build tool bundles it. */
async function workbox(strategy: string): Promise<string> {
  const contents = `
    import { clientsClaim } from 'workbox-core'
    import { precacheAndRoute } from 'workbox-precaching'
    import { NavigationRoute, registerRoute } from 'workbox-routing'
    import { ${strategy} } from 'workbox-strategies'
    self.skipWaiting()
    clientsClaim()
    precacheAndRoute([{ url: '/offline.html', revision: '1' }])
    registerRoute(new NavigationRoute(new ${strategy}()))`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'js' },
    bundle: true,
    write: false,
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

const workers: Readonly<Record<string, () => string | Promise<string>>> = {
  'coi-serviceworker': () => readFileSync(resolve('coi-serviceworker'), 'utf8'),
  'NetworkFirst of Workbox': () => workbox('NetworkFirst'),
  'NetworkOnly of Workbox': () => workbox('NetworkOnly'),
  'fetch(event.request)': () => handWritten('fetch(event.request)'),
  'fetch(new Request(event.request))': () => handWritten('fetch(new Request(event.request))'),
  'fetch(event.request, { cache })': () => handWritten(`fetch(event.request, { cache: 'no-store' })`),
  'new Request(url, { headers })': () =>
    handWritten('fetch(new Request(event.request.url, { headers: event.request.headers }))'),
}

const html = (title: string): string =>
  `<!doctype html><html><head><link rel="icon" href="data:,"><title>${title}</title></head><body>x</body></html>`

/** Runs in the page: registers the worker and waits until it answers for the page. */
const register = `(async () => {
  await navigator.serviceWorker.register('/sw.js')
  if (navigator.serviceWorker.controller === null)
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }))
})()`

interface Site extends AsyncDisposable {
  readonly folder: TempFolder
  readonly server: Server8008
  readonly url: string
}

async function serve(files: Readonly<Record<string, string>>): Promise<Site> {
  const folder = await new TempFolder().write(files)
  const server = createServer({ root: folder.path, port: 0, host: '127.0.0.1', single: true })
  const { port } = await server.listen()
  return {
    folder,
    server,
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      await server.close()
      folder[Symbol.dispose]()
    },
  }
}

/** Resolves when the page was told that it is up to date. */
function nextWelcome(tab: Page): Promise<void> {
  return new Promise((done) =>
    tab.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        if (String(payload).includes('"welcome"')) done()
      }),
    ),
  )
}

describe('a page whose service worker answers for it', { skip }, () => {
  let browser: Browser
  before(async () => {
    browser = await launchChromium()
  })
  after(() => browser.close())

  for (const [name, script] of Object.entries(workers)) {
    test(`is updated: ${name}`, async () => {
      await using site = await serve({
        'index.html': html('one'),
        'part.html': '<p>part</p>',
        'offline.html': html('offline'),
        'sw.js': await script(),
      })
      await withPage(browser, site.url, async (tab) => {
        await tab.evaluate(register)
        const welcomed = nextWelcome(tab)
        await tab.goto(`${site.url}deep/link`)
        await welcomed
        assert.equal(await tab.evaluate('navigator.serviceWorker.controller !== null'), true)
        for (const options of ['{}', `{ headers: { accept: 'text/html' } }`, `{ mode: 'same-origin' }`]) {
          assert.equal(await tab.evaluate(`fetch('/part.html', ${options}).then((r) => r.text())`), '<p>part</p>')
        }
        writeFileSync(site.folder.join('index.html'), html('two'))
        await tab.waitForFunction("document.title === 'two'")
      })
    })
  }

  test('is found in the cache where the worker stored it by its address', async () => {
    await using site = await serve({
      'index.html': html('stored'),
      'sw.js': `self.oninstall = (event) => event.waitUntil(caches.open('1').then((c) => c.add('/')).then(() => self.skipWaiting()))
        self.onactivate = (event) => event.waitUntil(self.clients.claim())
        self.onfetch = (event) => event.respondWith(caches.match(event.request).then((found) => found ?? Response.error()))`,
    })
    await withPage(browser, site.url, async (tab) => {
      await tab.evaluate(register)
      await tab.goto(site.url)
      assert.equal(await tab.title(), 'stored')
    })
  })
})
