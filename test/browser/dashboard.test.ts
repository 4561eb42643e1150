// starts first: a browser loads its pages one after the other
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createUpstream } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRequire } from 'node:module'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { createServerFrom } from '../../src/server/create.ts'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import type { ServeOptions } from '../../src/index.ts'
import { rawRequest } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'
import { launchChromium, skip } from './support/chromium.ts'

const token = 'owner-token-1'
let browser: Browser

before(async () => {
  if (skip === false) browser = await launchChromium()
})

after(async () => {
  if (skip === false) await browser.close()
})

interface Site {
  readonly url: string
  readonly port: number
  readonly context: BrowserContext
  /** A new link to the dashboard. */
  link(): Promise<string>
  /** Opens the dashboard, and waits until it listens. */
  open(viewport?: { width: number; height: number }): Promise<Page>
}

async function serve(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
  options: ServeOptions = {},
): Promise<Site> {
  const folder = await new TempFolder().write(files)
  const config = resolveConfig({ root: folder.path, port: 0, host: '127.0.0.1', live: false, ...options })
  const server = createServerFrom(config, {}, resolveConfig, { owner: { token } })
  const { port } = await server.listen()
  const context = await browser.newContext()
  t.after(async () => {
    await context.close()
    await server.close()
    folder[Symbol.dispose]()
  })
  const url = `http://localhost:${port}`
  const link = async (): Promise<string> => {
    const headers = { 'X-Serve8008-Token': token }
    const response = await fetch(`${url}/__serve8008/dashboard`, { method: 'POST', headers })
    return ((await response.json()) as { url: string }).url
  }
  const open: Site['open'] = async (viewport) => {
    const page = await context.newPage()
    page.on('pageerror', (error) => assert.fail(error))
    if (viewport !== undefined) await page.setViewportSize(viewport)
    await page.goto(await link())
    await page.waitForSelector('#connection.is-connected')
    return page
  }
  return { url, port, context, link, open }
}

/** The text of each row in view. */
function rowsOf(page: Page): Promise<string[]> {
  return page.locator('.row .address').allTextContents()
}

describe('the dashboard in Chromium', { skip }, () => {
  test('shows requests as they happen, and one of them with what was sent', async (t) => {
    const { url, open } = await serve(t, { 'a.json': '{"name":"ann","password":"hunter2hunter2"}', 'b.html': '<b>' })
    const page = await open()
    await page.getByText('No requests yet.').waitFor()
    await fetch(`${url}/a.json?token=planted-secret-1`, { headers: { Cookie: 'session=planted-secret-2' } })
    await fetch(`${url}/b.html`)
    await fetch(`${url}/missing`)
    await page.locator('.row').nth(2).waitFor()
    assert.match((await rowsOf(page)).join(' '), /^\/a\.json\?token=\[redacted:\w+\] \/b\.html \/missing/)
    assert.equal(await page.locator('.row.is-refused').count(), 1)
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    const detail = page.locator('#detail')
    await detail.getByText('"name": "ann"').waitFor()
    const text = await detail.innerText()
    assert.match(text, /session=\[redacted:\w+\]/)
    assert.doesNotMatch(await page.content(), /planted-secret|hunter2/)
    await page.keyboard.press('j')
    // What a server sends is text here.
    await detail.getByText('<b>', { exact: true }).waitFor()
    await page.keyboard.press('Escape')
    assert.equal(await detail.isVisible(), false)
  })

  test('filters as it is typed, says what is wrong, pauses and clears', async (t) => {
    const { url, open } = await serve(t, { 'a.html': 'a' })
    const page = await open()
    for (const path of ['/a.html', '/missing', '/a.html']) await fetch(url + path)
    await page.locator('.row').nth(2).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('status:404')
    await page.locator('#totals').getByText('1 of 3 requests').waitFor()
    await page.locator('.row', { hasText: '/missing' }).waitFor()
    await page.locator('.row').nth(1).waitFor({ state: 'detached' })
    assert.deepEqual(await rowsOf(page), ['/missing'])
    await page.keyboard.type(' (')
    await page.getByRole('alert').getByText('character').waitFor()
    await page.locator('#filter').fill('')
    await page.locator('#totals').getByText('3 requests').waitFor()
    await page.locator('#pause').click()
    await fetch(`${url}/later`)
    await page.getByRole('button', { name: 'Go on (1)' }).click()
    await page.locator('.row').nth(3).waitFor()
    await page.locator('#list').press('c')
    await page.getByText('No requests yet.').waitFor()
  })

  test('shows what an upstream got and answered, with what was changed on the way', async (t) => {
    const upstream = createUpstream((request, response) => {
      request.resume()
      response.writeHead(201, { 'X-Of-Upstream': 'yes', Location: `http://localhost:${port}/made` }).end('made')
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    t.after(() => upstream.close())
    const { port } = upstream.address() as AddressInfo
    const { url, open } = await serve(t, {}, { proxy: { '/api': `http://localhost:${port}` } })
    const page = await open()
    await fetch(`${url}/api/x`, { method: 'POST', headers: { 'X-Forwarded-For': '203.0.113.9' }, body: 'content' })
    await page.locator('.row').click()
    const sent = page.locator('#detail section', { hasText: `Sent to localhost:${port}` })
    await sent.getByText('POST /api/x').waitFor()
    assert.match((await sent.locator('dt.added').allTextContents()).join(' '), /\+ via/i)
    assert.match((await sent.locator('dd.removed').allTextContents()).join(' '), /203\.0\.113\.9/)
    const answer = page.locator('#detail section', { hasText: 'Answer of' })
    assert.match((await answer.locator('dd.removed').allTextContents()).join(' '), new RegExp(`:${port}/made`))
  })

  test('keeps thousands of requests in few elements, and stays where it was scrolled to', async (t) => {
    const { url, open } = await serve(t, { 'a.html': 'a' })
    const page = await open({ width: 1000, height: 600 })
    for (let i = 0; i < 300; i++) await fetch(`${url}/a.html?${i}`)
    await page.locator('#totals').getByText('300 requests').waitFor()
    assert.ok((await page.locator('.row').count()) < 60)
    // It follows the end, since the end was in view.
    await page.getByText('/a.html?299', { exact: true }).waitFor()
    assert.equal((await rowsOf(page)).at(-1), '/a.html?299')
    await page.locator('#list').evaluate((list: { scrollTop: number }) => void (list.scrollTop = 0))
    await page.getByText('/a.html?0', { exact: true }).waitFor()
    await fetch(`${url}/a.html?more`)
    await page.locator('#totals').getByText('301 requests').waitFor()
    assert.equal(await page.locator('#list').evaluate(({ scrollTop }) => scrollTop), 0)
  })

  test('comes back with the server, and says when its session has ended', async (t) => {
    const { open, context } = await serve(t, { 'a.html': 'a' })
    const page = await open()
    assert.equal(new URL(page.url()).hash, '')
    await page.reload()
    await page.waitForSelector('#connection.is-connected')
    await page.evaluate('localStorage.clear()')
    await page.reload()
    await page.getByText('This link has ended').waitFor()
    await context.clearCookies()
    await page.reload()
    await page.getByText('serve8008 dashboard').waitFor()
    assert.equal(await page.locator('#list').count(), 0)
  })

  for (const viewport of [
    { width: 1440, height: 900 },
    { width: 390, height: 800 },
  ]) {
    test(`has no barrier that axe-core knows, at ${viewport.width} px`, async (t) => {
      const { url, open } = await serve(t, { 'a.html': 'a' })
      const page = await open(viewport)
      for (const path of ['/a.html', '/missing']) await fetch(url + path)
      await page.locator('.row').nth(1).waitFor()
      const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
      // By the debugging protocol, which the policy of the page does not bind.
      await page.evaluate(source)
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme })
        for (const isOpen of [false, true]) {
          if (isOpen) await page.locator('.row').first().click()
          const found = await page.evaluate(async () => {
            const { axe } = globalThis as unknown as {
              axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
            }
            const { violations } = await axe.run()
            return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
          })
          assert.deepEqual(found, [], scheme)
          assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true)
          if (isOpen) await page.getByRole('button', { name: 'Close' }).click()
        }
      }
    })
  }
})

describe('pages of the site cannot reach the dashboard', { skip }, () => {
  const hostile = '<!doctype html><title>hostile</title><body>'
  const worker = `
    self.addEventListener('install', () => self.skipWaiting())
    self.addEventListener('activate', (event) => event.waitUntil(clients.claim()))
    const seen = []
    self.addEventListener('fetch', (event) => seen.push(event.request.url))
    self.addEventListener('message', (event) => event.source.postMessage(seen))
  `

  /** A page of the site, in the browser that has a session of the dashboard. */
  async function attacker(t: TestContext): Promise<Site & { page: Page; dashboard: string }> {
    const site = await serve(t, { 'index.html': hostile, 'worker.js': worker })
    await site.open()
    const page = await site.context.newPage()
    await page.goto(site.url)
    return { ...site, page, dashboard: `http://serve8008.localhost:${site.port}/__serve8008/` }
  }

  test('by fetch', async (t) => {
    const { page, dashboard } = await attacker(t)
    const read = await page.evaluate(async (address) => {
      const results: string[] = []
      for (const mode of ['cors', 'no-cors'] as const) {
        for (const name of ['', 'state', 'exchanges', 'page.js']) {
          for (const headers of [{}, { 'X-Serve8008': 'dashboard' }]) {
            const answer = fetch(address + name, { mode, headers, credentials: 'include' })
            results.push(
              await answer.then(
                (response) => response.text(),
                () => 'refused',
              ),
            )
          }
        }
      }
      for (const name of ['state', 'exchanges']) {
        const response = await fetch(`/__serve8008/${name}`, { headers: { 'X-Serve8008': 'dashboard' } })
        results.push(response.status >= 400 ? 'refused' : await response.text())
      }
      return results.filter((text) => text !== 'refused' && text !== '')
    }, dashboard)
    assert.deepEqual(read, [])
  })

  test('by a frame, a script or a picture', async (t) => {
    const { page, dashboard } = await attacker(t)
    const got = await page.evaluate(`
      const load = (name, source) => new Promise((resolve) => {
        const element = document.createElement(name)
        element.src = source
        element.onerror = () => resolve('refused')
        element.onload = () => {
          if (name !== 'iframe') return resolve('loaded')
          resolve(element.contentDocument === null ? 'another origin' : 'read')
        }
        document.body.append(element)
      })
      const address = '${dashboard}'
      Promise.all([
        load('iframe', address),
        load('script', address + 'exchanges'),
        load('script', address + 'page.js'),
        load('img', address + 'icon.svg'),
      ])
    `)
    assert.deepEqual(got, ['another origin', 'refused', 'refused', 'refused'])
    for (const frame of page.frames()) assert.equal(await frame.locator('#list').count(), 0)
  })

  test('as its opener', async (t) => {
    const { page, dashboard, context, open } = await attacker(t)
    const opening = context.waitForEvent('page')
    await page.evaluate(`opened = open('${dashboard}'), undefined`)
    const opened = await opening
    // The cookie does not come with what another site opens.
    await opened.getByText('serve8008 dashboard').waitFor()
    assert.equal(await opened.locator('#list').count(), 0)
    // Nor does a tab keep its opener when its user opens the dashboard there.
    await opened.goto((await open()).url())
    await opened.waitForSelector('#list')
    assert.equal(await opened.evaluate('opener'), null)
    assert.equal(await page.evaluate('opened.closed'), true)
  })

  test('by a server at another port of the name of the dashboard, which gets its cookie', async (t) => {
    const { context, dashboard } = await attacker(t)
    let stolen = ''
    const thief = createUpstream((request, response) => {
      stolen ||= request.headers.cookie ?? ''
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>thief</title>')
    }).listen(0, '127.0.0.1')
    await once(thief, 'listening')
    t.after(() => thief.close())
    const { port } = thief.address() as AddressInfo
    const page = await context.newPage()
    await page.goto(`http://serve8008.localhost:${port}/`)
    await page.evaluate(`fetch('/__serve8008/again').then(() => {})`)
    assert.match(stolen, /serve8008-\d+=/)
    const { host, port: reached } = new URL(dashboard)
    const fields = [`Host: ${host}`, `Cookie: ${stolen}`, 'X-Serve8008: dashboard', 'Connection: close']
    const answer = await rawRequest(
      Number(reached),
      `GET /__serve8008/state HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`,
    )
    assert.equal(answer.status, 403)
    const kept = await page.evaluate('localStorage.length + document.cookie.length')
    assert.equal(kept, 0)
  })

  test('by a service worker for the whole site', async (t) => {
    const { page, dashboard, link, context } = await attacker(t)
    await page.evaluate(
      `navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready).then(() => {})`,
    )
    const other = await context.newPage()
    await other.goto(await link())
    await other.waitForSelector('#connection.is-connected')
    assert.equal(other.url(), dashboard)
    const seen = await page.evaluate(`
      new Promise((resolve) => {
        navigator.serviceWorker.onmessage = ({ data }) => resolve(data)
        navigator.serviceWorker.ready.then(({ active }) => active.postMessage('seen'))
      })
    `)
    const secret = (seen as string[]).filter((address) => address.includes('ticket') || address.startsWith(dashboard))
    assert.deepEqual(secret, [])
  })
})
