import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startSecure, type Secured } from '../support/secure.ts'
import { launchChromium, skip } from './support/chromium.ts'
import { until } from './support/fixture.ts'

let browser: Browser

before(async () => {
  if (skip === false) browser = await launchChromium()
})

after(async () => {
  if (skip === false) await browser.close()
})

const files = {
  'index.html':
    '<!doctype html><html><head><link rel="icon" href="data:,"><link rel="stylesheet" href="style.css"></head><body>home</body></html>',
  'style.css': 'body { color: rgb(1, 2, 3) }',
}

/** Opens an address of a server, whether its certificate is trusted or not. Other tests are about trust. */
async function withSecurePage(address: string, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  try {
    const page = await context.newPage()
    // The page was told that it is up to date.
    const welcomed = new Promise<void>((resolve) => {
      page.on('websocket', (socket) => {
        assert.match(socket.url(), /^wss:/)
        socket.on('framereceived', ({ payload }) => String(payload).includes('"welcome"') && resolve())
      })
    })
    await page.goto(address)
    await welcomed
    await use(page)
  } finally {
    await context.close()
  }
}

/** Saves the style sheet and waits until the page shows it, still the same document. */
async function assertLive(started: Secured, page: Page): Promise<void> {
  await page.evaluate('window.sameDocument = true')
  writeFileSync(started.folder.join('style.css'), 'body { color: rgb(4, 5, 6) }')
  await until(page, `getComputedStyle(document.body).color === 'rgb(4, 5, 6)' && window.sameDocument === true`)
}

test('a page over HTTPS is updated in place', { skip }, async () => {
  await using started = await startSecure(files)
  await withSecurePage(`https://127.0.0.1:${started.tlsPort}/`, (page) => assertLive(started, page))
})

test('a person who leaves out the s ends up at the page over HTTPS, and it is live', { skip }, async () => {
  await using started = await startSecure(files, { tls: 'only' })
  for (const port of [started.port, started.tlsPort]) {
    await withSecurePage(`http://127.0.0.1:${port}/`, async (page) => {
      assert.equal(page.url(), `https://127.0.0.1:${started.tlsPort}/`)
      assert.equal(await page.evaluate('isSecureContext'), true)
    })
  }
  await withSecurePage(`http://127.0.0.1:${started.port}/`, (page) => assertLive(started, page))
})

test('a browser asks for HTTPS by itself, and gets it with redirect "asked"', { skip }, async () => {
  await using started = await startSecure(files, { redirect: 'asked' })
  await withSecurePage(`http://127.0.0.1:${started.port}/`, async (page) => {
    assert.equal(page.url(), `https://127.0.0.1:${started.tlsPort}/`)
  })
})
