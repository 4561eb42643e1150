/** `npm run pictures`: takes the pictures of the documentation from the real program, with the Chromium of the tests. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { once } from 'node:events'
import { createServer as createBackend } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { resolveConfig } from '../src/config/resolve/resolve.ts'
import { createServer } from '../src/index.ts'
import { createServerFrom } from '../src/server/create.ts'
import { launchChromium, skip } from '../test/browser/support/chromium.ts'
import { buildScripts } from './client.ts'
import { fromRoot } from './paths.ts'

/** Names with sizes in bytes. */
const files = {
  'site/index.html': 2140,
  'site/notes/2026-02-01.md': 1800,
  'site/notes/2026-03-14.md': 640,
  'site/notes/diagram.svg': 8200,
  'site/notes/interview.mp3': 5_240_000,
  'site/notes/photos/harbour.jpg': 310_000,
  'site/notes/table.csv': 12_900,
}
const savedAt = new Date('2026-03-15T09:30:00Z')

/** A small shop: its page, and an API that is slow at times. */
const shop = {
  'index.html': '<!doctype html><title>Shop</title><link rel="stylesheet" href="shop.css">',
  'shop.css': 'h1 { color: teal }\n'.repeat(200),
  'shop.js': 'console.log("shop")\n'.repeat(900),
  'logo.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
}

async function takeDashboard(chromium: Browser): Promise<void> {
  const site = join(mkdtempSync(join(tmpdir(), 'serve8008-pictures-')), 'shop')
  mkdirSync(site)
  for (const [name, text] of Object.entries(shop)) writeFileSync(join(site, name), text)
  const backend = createBackend((request, response) => {
    request.resume()
    const isSlow = request.url?.includes('search') === true
    const status = request.url === '/api/orders/9' ? 500 : request.method === 'POST' ? 201 : 200
    setTimeout(
      () => {
        response.writeHead(status, { 'Content-Type': 'application/json', 'Set-Cookie': 'basket=4711; HttpOnly' })
        response.end(JSON.stringify({ order: 17, state: 'paid', items: [{ sku: 'A-4', count: 2 }] }))
      },
      isSlow ? 640 : 12,
    )
  }).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const { port } = backend.address() as AddressInfo
  const config = resolveConfig({ root: site, port: 0, live: false, proxy: { '/api': `http://localhost:${port}` } })
  await using server = createServerFrom(config, {}, resolveConfig, { owner: { token: 'pictures' } })
  const { url } = await server.listen()
  const link = async (): Promise<string> => {
    const headers = { 'X-Serve8008-Token': 'pictures' }
    const answer = await fetch(new URL('__serve8008/dashboard', url), { method: 'POST', headers })
    return ((await answer.json()) as { url: string }).url
  }
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [width, height] of [
      [1440, 800],
      [390, 700],
    ] as const) {
      const context = await chromium.newContext({ colorScheme, viewport: { width, height }, timezoneId: 'UTC' })
      const page = await context.newPage()
      await page.goto(await link())
      await page.waitForSelector('#connection.is-connected')
      for (const path of ['', 'shop.css', 'shop.js', 'logo.svg', 'api/products?page=1', 'fonts/inter.woff2']) {
        await fetch(url + path)
      }
      await fetch(`${url}api/search?q=tea&access_token=a1b2c3d4e5`)
      await fetch(`${url}api/orders`, { method: 'POST', headers: { Cookie: 'session=8f1c' }, body: '{"sku":"A-4"}' })
      await fetch(`${url}api/orders/9`)
      await page.locator('.row').nth(8).waitFor()
      if (width > 1000) await page.locator('.row').nth(7).click()
      await page.screenshot({ path: fromRoot(`docs/images/dashboard-${colorScheme}-${width}.png`) })
      await context.close()
    }
  }
  backend.close()
  rmSync(dirname(site), { recursive: true, force: true })
}

if (skip !== false) throw new Error(skip)
const folder = mkdtempSync(join(tmpdir(), 'serve8008-pictures-'))
await buildScripts(fromRoot('dist'))
const browser = await launchChromium()
try {
  for (const [name, size] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, Buffer.alloc(size))
    utimesSync(path, savedAt, savedAt)
  }
  utimesSync(join(folder, 'site/notes/photos'), savedAt, savedAt)
  await using server = createServer({ root: join(folder, 'site'), port: 0 })
  const { url } = await server.listen()
  const page = await browser.newPage({ viewport: { width: 800, height: 420 }, locale: 'en-GB', timezoneId: 'UTC' })
  await page.goto(new URL('notes/', url).href)
  await page.screenshot({ path: fromRoot('docs/images/listing.png') })
  await takeDashboard(browser)
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}
