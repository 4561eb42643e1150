import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { Firefox, skip as noFirefox } from '../support/firefox.ts'
import { startServer, type Started } from '../support/server.ts'
import { launchChromium, skip as noChromium, withPage } from './support/chromium.ts'

/** As a script writes them; a browser encodes some of it, each in its own way in a path. */
const query = String.raw`re=\d+|^x$&set={a}[b]&tick=` + '`'
const path = '/api/a|b[c]^{d}'

describe('what a browser leaves raw in a target reaches the backend', () => {
  let backend: Server
  let site: Started

  before(async () => {
    backend = createServer((request, response) => response.end(request.url)).listen(0, '127.0.0.1')
    await once(backend, 'listening')
    const to = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
    const page = '<!doctype html><link rel="icon" href="data:,"><title>Home</title>'
    site = await startServer({ 'index.html': page }, { proxy: { '/api': to }, live: false })
  })
  after(async () => {
    await site[Symbol.asyncDispose]()
    backend.close()
  })

  /** The page asks, and tells what the backend saw and what its own parser of URLs makes of it. */
  const asking = (target: string): string => {
    const written = JSON.stringify(target)
    return `(async () => {
      const { pathname, search } = new URL(${written}, location)
      return [await (await fetch(${written})).text(), pathname + search]
    })()`
  }

  function check([seen, meant]: readonly string[], raw: string): void {
    assert.equal(seen, meant)
    for (const char of raw) assert.ok(seen?.includes(char), `${char} in ${seen}`)
  }

  test('of Chromium', { skip: noChromium }, async () => {
    await using browser = await launchChromium()
    await withPage(browser, `http://127.0.0.1:${site.port}/`, async (page) => {
      check(await page.evaluate<string[]>(asking(`/api/x?${query}`)), '\\|^{}[]`')
      check(await page.evaluate<string[]>(asking(path)), '[]')
    })
  })

  test('of Firefox', { skip: noFirefox }, async () => {
    await using firefox = await Firefox.launch()
    const page = await firefox.newPage()
    await page.goto(`http://127.0.0.1:${site.port}/`)
    check(await page.evaluate<string[]>(asking(`/api/x?${query}`)), '\\|^{}[]`')
    check(await page.evaluate<string[]>(asking(path)), '[]')
  })
})
