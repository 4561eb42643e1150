// starts first: a browser loads its pages one after the other
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { express, host, openSite, type Middleware } from '../support/frameworks.ts'
import { inPage, launchChromium, skip } from './support/chromium.ts'

let browser: Browser
let tab: Page

before(async () => {
  if (skip !== false) return
  browser = await launchChromium()
  tab = await (await browser.newContext()).newPage()
})

after(async () => {
  if (skip === false) await browser.close()
})

const icon = '<link rel="icon" href="data:,">'
const page = (text: string): string =>
  `<!doctype html><html><head>${icon}<link rel="stylesheet" href="style.css"></head><body>${text}</body></html>`
const css = (colour: string): string => `body { color: ${colour} }`
const isBlue = "getComputedStyle(document.body).color === 'rgb(0, 0, 255)'"

/** Opens a page and waits until it is connected to its site. */
async function connect(address: string): Promise<void> {
  const welcomed = new Promise<void>((resolve) =>
    tab.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => void (String(payload).includes('"welcome"') && resolve()))
    }),
  )
  await tab.goto(address)
  await welcomed
}

for (const mount of ['/', '/docs/']) {
  test(`a page that Express serves at ${mount} follows edits of its files`, { skip }, async () => {
    await using opened = await openSite({ 'index.html': page('one'), 'style.css': css('red') }, { live: true })
    const own: Middleware = (_, response) => void response.end('from express')
    await using app = await host(express().use(mount, opened.site.handler).use(own))
    app.server.on('upgrade', opened.site.upgrade)
    const address = `http://localhost:${app.port}${mount}`
    await inPage(tab, 'about:blank', async () => {
      await connect(address)
      await tab.evaluate('window.mark = 1')
      writeFileSync(opened.folder.join('style.css'), css('blue'))
      await tab.waitForFunction(isBlue)
      assert.equal(await tab.evaluate('window.mark'), 1, 'the style sheet is swapped without a reload')
      writeFileSync(opened.folder.join('index.html'), page('two'))
      await tab.waitForFunction("document.body.textContent === 'two'")
      assert.equal(await tab.evaluate('window.mark'), undefined, 'the page is reloaded')
      assert.equal(await tab.evaluate("fetch('/api').then((response) => response.text())"), 'from express')
    })
  })
}

test('a page that Express itself makes follows files of a site, with the client in its markup', { skip }, async () => {
  await using opened = await openSite({ 'style.css': css('red') }, { live: true })
  const script = '<script src="/docs/__serve8008/live.js" async></script>'
  const own: Middleware = (_, response) =>
    void response.setHeader('content-type', 'text/html').end(page(script).replace('"style.css"', '"/docs/style.css"'))
  await using app = await host(express().use('/docs', opened.site.handler).use(own))
  app.server.on('upgrade', opened.site.upgrade)
  await inPage(tab, 'about:blank', async () => {
    await connect(`http://localhost:${app.port}/`)
    writeFileSync(opened.folder.join('style.css'), css('blue'))
    await tab.waitForFunction(isBlue)
  })
})
