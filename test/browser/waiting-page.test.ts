import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { ServeError } from '../../src/core/serve-error.ts'
import { errorReply } from '../../src/pages/error-page.ts'
import { waitingReply } from '../../src/pages/waiting-page.ts'
import { deadPort } from '../support/free-port.ts'
import { startServer } from '../support/server.ts'
import { launchChromium, skip } from './support/chromium.ts'

let server: Server
let browser: Browser
let url = ''
/** What the backend says; undefined while it is away. */
let backend: { status: number; type: string; body: string } | undefined
let why = ''
let asked = 0

before(async () => {
  if (skip !== false) return
  server = createServer((request, response) => {
    asked++
    if (backend !== undefined) {
      response.writeHead(backend.status, { 'content-type': backend.type })
      response.end(backend.body)
      return
    }
    const error = new ServeError('E8008_BUSY', why)
    const reply =
      request.headers['sec-fetch-mode'] === 'navigate'
        ? waitingReply(error, { route: '/app', upstream: 'localhost:3000' })
        : errorReply(error, request.headers.accept)
    response.writeHead(reply.status, [...reply.headers])
    response.end(reply.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/app?q=1`
  browser = await launchChromium()
})

beforeEach(() => {
  backend = undefined
  why = 'Nothing listens at localhost:3000.'
})

after(async () => {
  if (skip !== false) return
  await browser.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** Runs in the page: registers the worker and waits until it answers for the page. */
const register = `(async () => {
  await navigator.serviceWorker.register('/sw.js')
  if (navigator.serviceWorker.controller === null)
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }))
})()`

for (const [name, answer] of [
  ['with its page', { status: 200, type: 'text/html', body: '<h1>Back</h1>' }],
  ['with an error of its own', { status: 503, type: 'text/html', body: '<h1>Back</h1>' }],
] as const) {
  test(`the page waits, shows new errors, and reloads when the upstream answers ${name}`, { skip }, async () => {
    const page = await browser.newPage()
    try {
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => message.text().includes('Policy') && complaints.push(message.text()))
      await page.goto(url)
      assert.equal(await page.title(), 'Waiting for localhost:3000')
      why = 'localhost:3000 closed the connection.'
      await page.getByText(why).waitFor()
      await page.locator('.since').waitFor()
      backend = answer
      await page.getByRole('heading', { name: 'Back', exact: true }).waitFor()
      assert.equal(page.url(), url)
      assert.deepEqual(complaints, [])
    } finally {
      await page.close()
    }
  })
}

for (const [name, worker] of [
  ['in a browser', undefined],
  ['behind a service worker that forwards', 'fetch(event.request)'],
  ['behind a service worker that copies', 'fetch(new Request(event.request))'],
] as const) {
  test(`a route shows it at once and opens the page when its upstream listens, ${name}`, { skip }, async () => {
    const port = await deadPort()
    const script = `self.oninstall = () => self.skipWaiting(); self.onactivate = (event) => event.waitUntil(self.clients.claim())
      self.onfetch = (event) => event.respondWith(${worker})`
    await using site = await startServer(
      { 'index.html': '<!doctype html><title>Home</title>', 'sw.js': script },
      { proxy: { '/app': `http://127.0.0.1:${port}` }, live: false },
    )
    const context = await browser.newContext()
    const arriving = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<h1>Arrived</h1>')
    })
    try {
      const page = await context.newPage()
      const origin = `http://127.0.0.1:${site.port}`
      await page.goto(origin)
      if (worker !== undefined) await page.evaluate(register)
      await page.goto(`${origin}/app/x?y=1`)
      // No request was held: the page itself is what waits.
      assert.equal(await page.title(), `Waiting for 127.0.0.1:${port}`)
      await new Promise<void>((resolve) => arriving.listen(port, '127.0.0.1', resolve))
      await page.getByRole('heading', { name: 'Arrived' }).waitFor()
      assert.equal(page.url(), `${origin}/app/x?y=1`)
    } finally {
      await context.close()
      arriving.closeAllConnections()
      arriving.close()
    }
  })
}

test('without scripts the page reloads by itself', { skip }, async () => {
  const context = await browser.newContext({ javaScriptEnabled: false })
  try {
    const page = await context.newPage()
    await page.goto(url)
    const before = asked
    backend = { status: 200, type: 'text/html', body: '<h1>Back</h1>' }
    await page.getByRole('heading', { name: 'Back', exact: true }).waitFor()
    assert.ok(asked > before)
  } finally {
    await context.close()
  }
})

test('its text can be read in light and in dark', { skip }, async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ colorScheme })
    try {
      const page = await context.newPage()
      await page.goto(url)
      const [text, ground] = (await page.evaluate(
        "[getComputedStyle(document.querySelector('dt')).color, getComputedStyle(document.body).backgroundColor]",
      )) as [string, string]
      assert.ok(contrast(text, ground) >= 4.5, `${colorScheme}: ${text} on ${ground}`)
    } finally {
      await context.close()
    }
  }
})

/** WCAG 2.2, contrast ratio. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].toSorted((a, b) => b - a)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map((channel) => {
    const share = Number(channel) / 255
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
