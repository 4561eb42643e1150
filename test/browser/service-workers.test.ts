import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { build } from 'esbuild'
import type { Browser } from 'playwright-core'
import { createServer, type ServeOptions, type Server8008 } from '../../src/index.ts'
import { TempFolder } from '../support/server.ts'
import { Firefox, skip as noFirefox } from '../support/firefox.ts'
import { launchChromium, skip as noChromium, withPage } from './support/chromium.ts'

const { resolve } = createRequire(import.meta.url)

/** Makes every open page use the worker as soon as it runs. */
const takeOver = `self.oninstall = () => self.skipWaiting(); self.onactivate = (event) => event.waitUntil(self.clients.claim())\n`

const handWritten = (answer: string): string => `${takeOver}self.onfetch = (event) => event.respondWith(${answer})`

/** A worker of Workbox, as the build of an application makes it. */
async function workbox(strategy: 'NetworkFirst' | 'NetworkOnly'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'support/workbox-worker.js')],
    bundle: true,
    write: false,
    define: { 'process.env.NODE_ENV': '"production"', 'globalThis.strategy': JSON.stringify(strategy) },
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
  await navigator.serviceWorker.register('/sw.js', { scope: '/' })
  if (navigator.serviceWorker.controller === null)
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }))
})()`

interface Site extends AsyncDisposable {
  readonly folder: TempFolder
  readonly server: Server8008
  readonly url: string
}

async function serve(files: Readonly<Record<string, string>>, more: ServeOptions = {}): Promise<Site> {
  const folder = await new TempFolder().write(files)
  const server = createServer({ root: folder.path, port: 0, host: '127.0.0.1', single: true, ...more })
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

/** A tab of either browser. */
interface Tab {
  goto(url: string): Promise<unknown>
  evaluate<Value>(expression: string): Promise<Value>
  /** Waits until an expression holds, also across loads. */
  until(expression: string): Promise<unknown>
}

type WithTab = (use: (tab: Tab) => Promise<void>) => Promise<void>

/** Runs the tests of a group in each browser that is here. */
function inBrowsers(name: string, tests: (withTab: WithTab) => void): void {
  describe(`${name}, in Chromium`, { skip: noChromium }, () => {
    let browser: Browser
    before(async () => {
      browser = await launchChromium()
    })
    after(() => browser.close())
    tests((use) =>
      withPage(
        browser,
        'about:blank',
        (page) =>
          use({
            goto: (url) => page.goto(url),
            evaluate: <Value>(expression: string) => page.evaluate<Value>(expression),
            until: (expression) => page.waitForFunction(expression),
          }),
        { tolerate: /404/ },
      ),
    )
  })

  describe(`${name}, in Firefox`, { skip: noFirefox }, () => {
    let firefox: Firefox
    before(async () => {
      firefox = await Firefox.launch()
    })
    after(() => firefox[Symbol.asyncDispose]())
    tests(async (use) => {
      const page = await firefox.newPage()
      await use(page)
      await page.close()
    })
  })
}

inBrowsers('a page whose service worker answers for it', (withTab) => {
  for (const [name, script] of Object.entries(workers)) {
    test(`is updated: ${name}`, async () => {
      await using site = await serve({
        'index.html': html('one'),
        'part.html': '<p>part</p>',
        'offline.html': html('offline'),
        'sw.js': await script(),
      })
      await withTab(async (tab) => {
        await tab.goto(site.url)
        await tab.evaluate(register)
        await tab.goto(`${site.url}deep/link`)
        assert.equal(await tab.evaluate('navigator.serviceWorker.controller !== null'), true)
        for (const options of ['{}', `{ headers: { accept: 'text/html' } }`, `{ mode: 'same-origin' }`]) {
          assert.equal(await tab.evaluate(`fetch('/part.html', ${options}).then((r) => r.text())`), '<p>part</p>')
        }
        writeFileSync(site.folder.join('index.html'), html('two'))
        await tab.until("document.title === 'two'")
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
    await withTab(async (tab) => {
      await tab.goto(site.url)
      await tab.evaluate(register)
      await tab.goto(site.url)
      assert.equal(await tab.evaluate('document.title'), 'stored')
    })
  })
})

inBrowsers('a service worker of an earlier site on the same port', (withTab) => {
  const rewriting = `${takeOver}self.onfetch = (event) => event.respondWith(
    new Response('<!doctype html><title>rewritten</title>', { headers: { 'Content-Type': 'text/html' } }))`

  for (const [name, script, options, headers] of [
    ['a classic script', '/sw.js', '{}', {}],
    ['a module', '/sw.js', `{ type: 'module' }`, {}],
    ['a script below its scope', '/js/sw.js', `{ scope: '/' }`, { '/js': { 'service-worker-allowed': '/' } }],
  ] as const) {
    test(`is gone after its page was opened once: ${name}`, async () => {
      const former = await serve({ 'index.html': html('former'), [script.slice(1)]: rewriting }, { headers })
      await withTab(async (tab) => {
        await tab.goto(former.url)
        await tab.evaluate(register.replace(/register\(.*\)/, `register('${script}', ${options})`))
        await tab.goto(former.url)
        assert.equal(await tab.evaluate('document.title'), 'rewritten')
        const port = Number(new URL(former.url).port)
        await former[Symbol.asyncDispose]()
        await using site = await serve({ 'index.html': html('mine'), '404.html': html('missing') }, { port })
        const warnings: string[] = []
        site.server.on('warning', ({ code, message }) => warnings.push(`${code} ${message}`))
        await tab.goto(site.url)
        await tab.until("document.title === 'mine'")
        await tab.goto(site.url)
        assert.equal(await tab.evaluate('document.title'), 'mine')
        assert.equal(await tab.evaluate('navigator.serviceWorker.getRegistrations().then((all) => all.length)'), 0)
        assert.deepEqual(warnings, [
          `W8008_WORKER A browser requested the service worker ${script}, which does not exist.`,
        ])
      })
    })
  }

  test('while a page that registers a missing one fails to, and is not loaded again', async () => {
    await using site = await serve({ 'index.html': html('mine') })
    await withTab(async (tab) => {
      await tab.goto(site.url)
      await tab.evaluate('window.mark = 1')
      const failure = await tab.evaluate(`navigator.serviceWorker.register('/sw.js').then(() => 'registered', String)`)
      assert.match(String(failure), /^TypeError/)
      assert.equal(await tab.evaluate('navigator.serviceWorker.getRegistrations().then((all) => all.length)'), 0)
      assert.equal(await tab.evaluate('window.mark'), 1)
    })
  })

  test('while the worker of the project outlives a page that registers a missing one', async () => {
    await using site = await serve({ 'index.html': html('mine'), 'sw.js': handWritten('fetch(event.request)') })
    await withTab(async (tab) => {
      await tab.goto(site.url)
      await tab.evaluate(register)
      const failure = await tab.evaluate(`navigator.serviceWorker.register('/sv.js').then(() => 'registered', String)`)
      assert.match(String(failure), /^TypeError/)
      const active = `navigator.serviceWorker.getRegistrations().then((all) => all.map(({ active }) => active.scriptURL))`
      assert.deepEqual(await tab.evaluate(active), [`${site.url}sw.js`])
    })
  })
})
