import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { ServeError } from '../../src/core/serve-error.ts'
import { syntheticExchange } from '../../src/http/synthetic-exchange.ts'
import { errorReply } from '../../src/pages/error-page.ts'
import { listingReply, type ListingEntry } from '../../src/pages/listing-page.ts'
import { launchChromium, skip } from './support/chromium.ts'

function entry(name: string, kind: 'file' | 'folder' = 'file', size = 1000): ListingEntry {
  return { name, kind, size, modified: Date.UTC(2026, 2, 1) }
}

// The names are attacks: each would run, hide or lead away in a careless listing.
const attacks = [
  '<img src=x onerror="document.title=1">.txt',
  'javascript:document.title=1',
  '"><script>document.title=1</script>',
]
const small = [entry('sub', 'folder'), entry('alpha.txt'), entry('beta.css'), ...attacks.map((name) => entry(name))]
const big = Array.from({ length: 2500 }, (_, i) => entry(`file${i}.txt`))

let server: Server
let browser: Browser
let origin = ''
const asked: string[] = []

before(async () => {
  if (skip !== false) return
  server = createServer((request, response) => {
    const target = request.url ?? '/'
    asked.push(target)
    const x = syntheticExchange({ method: 'GET', target, headers: request.rawHeaders })
    const refusal = new ServeError('E8008_NOT_FOUND', `Nothing is served at ${target}.`, { hint: 'serve8008 ./dist' })
    const entries = x.target.path === '/top/' ? small : x.target.path === '/top/sub/' ? big : undefined
    const reply =
      entries === undefined
        ? errorReply(refusal, x.headers.get('accept'))
        : listingReply({ path: x.target.path, entries, parent: x.target.path !== '/top/' }, x)
    void Promise.resolve(reply).then(({ status, headers, body }) => {
      response.writeHead(status, [...headers])
      response.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await launchChromium()
})

after(async () => {
  if (skip !== false) return
  await browser.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** Opens a page and fails the test when the page's own policy stops a part of it. */
async function withPage(
  options: { path: string; script?: boolean },
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ javaScriptEnabled: options.script ?? true })
  try {
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(origin + options.path)
    await use(page)
    assert.deepEqual(
      complaints.filter((text) => !/status of 404/.test(text)),
      [],
    )
  } finally {
    await context.close()
  }
}

// What runs in the page is given as text: the types of this program are Node's.
function focused(page: Page): Promise<string | null> {
  return page.evaluate<string | null>(`document.activeElement.getAttribute('href')`)
}

function visibleRows(page: Page): Promise<number> {
  return page.locator('tbody tr:visible').count()
}

test('hostile names are shown as text and run nothing', { skip }, async () => {
  await withPage({ path: '/top/' }, async (page) => {
    assert.equal(await page.title(), 'Index of /top/')
    for (const name of attacks) {
      assert.equal(await page.getByText(name, { exact: true }).count(), 1)
      await page.getByText(name, { exact: true }).click()
      await page.waitForURL((url) => decodeURIComponent(url.href) === `${origin}/top/${name}`)
      await page.goBack()
    }
    assert.equal(await page.title(), 'Index of /top/')
  })
})

test('style and script of the page pass its own policy', { skip }, async () => {
  await withPage({ path: '/top/' }, async (page) => {
    assert.equal(await page.evaluate(`getComputedStyle(document.querySelector('table')).borderCollapse`), 'collapse')
    assert.equal(await page.locator('.keys').isVisible(), true)
  })
})

test('the keyboard moves, opens, filters and goes up', { skip }, async () => {
  await withPage({ path: '/top/' }, async (page) => {
    await page.keyboard.press('j')
    assert.equal(await focused(page), './sub/')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('k')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${origin}/top/sub/`)
    assert.equal(await visibleRows(page), 1001)
    await page.keyboard.press('ArrowDown')
    assert.equal(await focused(page), '../')
    await page.keyboard.press('u')
    await page.waitForURL(`${origin}/top/`)
    await page.waitForFunction(`document.activeElement.getAttribute('href') === './sub/'`)
    await page.keyboard.press('/')
    await page.keyboard.type('BETA')
    assert.equal(await visibleRows(page), 1)
    assert.equal(await page.locator('[role=status]').textContent(), `1 of ${small.length}`)
    await page.keyboard.press('Escape')
    assert.equal(await visibleRows(page), small.length)
    await page.keyboard.press('/')
    await page.keyboard.type('beta')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${origin}/top/beta.css`)
  })
})

test('letters in the filter do not move the focus, and shortcuts of the browser still work', { skip }, async () => {
  await withPage({ path: '/top/sub/' }, async (page) => {
    await page.locator('input[type=search]').focus()
    await page.keyboard.type('ujk/')
    assert.equal(await page.locator('input[type=search]').inputValue(), 'ujk/')
    await page.keyboard.press('Backspace')
    await page.locator('input[type=search]').blur()
    await page.keyboard.press('Control+u')
    assert.equal(page.url(), `${origin}/top/sub/`)
  })
})

test('in a folder of several pages Enter asks the server to filter all of them', { skip }, async () => {
  await withPage({ path: '/top/sub/' }, async (page) => {
    await page.keyboard.press('/')
    await page.keyboard.type('file24')
    assert.match((await page.locator('[role=status]').textContent()) ?? '', /^11 of the 1000 on this page\. Enter/)
    await page.keyboard.press('Enter')
    await page.waitForURL(`${origin}/top/sub/?filter=file24`)
    assert.equal(await visibleRows(page), 1 + 111)
    await page.getByText('Show all 2,500').click()
    await page.waitForURL(`${origin}/top/sub/`)
  })
})

test('without a script, links sort and open pages, and the form filters', { skip }, async () => {
  await withPage({ path: '/top/sub/', script: false }, async (page) => {
    await page.locator('thead a', { hasText: 'Size' }).click()
    await page.waitForURL(`${origin}/top/sub/?sort=size`)
    await page.locator('a[rel=next]').click()
    await page.waitForURL(`${origin}/top/sub/?sort=size&page=2`)
    await page.locator('input[type=search]').fill('file249')
    await page.locator('button').click()
    await page.waitForURL(`${origin}/top/sub/?sort=size&order=desc&filter=file249`)
    assert.equal(await visibleRows(page), 1 + 11)
    assert.equal(await page.locator('.keys').isVisible(), false)
  })
})

test('a screen reader finds a named table with sorted columns and row headers', { skip }, async () => {
  await withPage({ path: '/top/' }, async (page) => {
    const table = page.getByRole('table', { name: 'Files and folders in /top/' })
    assert.equal(await table.count(), 1)
    assert.equal(await table.getByRole('columnheader').count(), 3)
    assert.equal(await table.getByRole('rowheader').count(), small.length)
    assert.equal(await page.getByRole('searchbox', { name: 'Filter by name' }).count(), 1)
    assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Index of /top/')
  })
})

test('the page fits the width of a phone', { skip }, async () => {
  await withPage({ path: '/top/' }, async (page) => {
    await page.setViewportSize({ width: 360, height: 640 })
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 360)
    await page.goto(`${origin}/top/sub/?page=2`)
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 360)
  })
})

test('a browser shows the error as a page, and one click selects the whole command', { skip }, async () => {
  await withPage({ path: '/nothing' }, async (page) => {
    assert.equal(await page.getByRole('heading').textContent(), 'Not Found')
    await page.locator('.command code').click()
    assert.equal(await page.evaluate('getSelection().toString()'), 'serve8008 ./dist')
  })
})

test('the pages load no other resources', { skip }, () => {
  assert.deepEqual(
    asked.filter((target) => /favicon|\.(?:js|svg|png)$/.test(target)),
    [],
  )
})
