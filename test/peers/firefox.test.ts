import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { Firefox, skip } from '../support/firefox.ts'
import { startServer } from '../support/server.ts'

const files = {
  'index.html':
    '<!doctype html><html><head><link rel="icon" href="data:,"><link rel="stylesheet" href="style.css"></head><body>home</body></html>',
  'style.css': 'body { color: rgb(1, 2, 3) }',
}

/** The end of a download, as WebDriver BiDi reports it. */
interface Download {
  readonly status: string
  readonly filepath: string
}

describe('Firefox', { skip }, () => {
  let firefox: Firefox
  before(async () => {
    firefox = await Firefox.launch()
  })
  after(() => firefox[Symbol.asyncDispose]())

  test('updates a page over plain HTTP in place', async () => {
    await using started = await startServer(files)
    const page = await firefox.newPage()
    await page.goto(`http://app.localhost:${started.port}/`)
    await page.until(`getComputedStyle(document.body).color === 'rgb(1, 2, 3)'`)
    await page.evaluate('void (window.sameDocument = true)')
    writeFileSync(started.folder.join('style.css'), 'body { color: rgb(4, 5, 6) }')
    await page.until(`getComputedStyle(document.body).color === 'rgb(4, 5, 6)'`)
    assert.equal(await page.evaluate('window.sameDocument'), true)
  })

  test('updates a text file that is the page itself, and shows JSON in the viewer', async () => {
    const text = (word: string): string => `${word}\n`.repeat(500)
    await using started = await startServer({ 'notes.md': text('one'), 'data.json': '["one"]' })
    const base = `http://app.localhost:${started.port}`
    const page = await firefox.newPage()
    await page.goto(`${base}/notes.md`)
    await page.until(`frames[0]?.document.body?.textContent.includes('one')`)
    await page.evaluate('void frames[0].scrollTo(0, 500)')
    writeFileSync(started.folder.join('notes.md'), text('two'))
    await page.until(`frames[0]?.document.body?.textContent.includes('two') && frames[0].scrollY === 500`)
    assert.deepEqual(await page.evaluate('[document.title, location.pathname]'), ['notes.md', '/notes.md'])
    await page.goto(`${base}/data.json`)
    assert.deepEqual(await page.evaluate('[document.contentType, frames.length]'), ['application/json', 0])
    await page.until(`document.body.innerText.includes('Raw Data')`)
  })

  test('saves the bytes of a file that a link downloads', async () => {
    const saved = '<link rel="icon" href="data:,"><a download href="notes.md">save</a>'
    await using started = await startServer({ 'notes.md': 'one', 'index.html': saved })
    const page = await firefox.newPage()
    await page.goto(`http://app.localhost:${started.port}/`)
    let ended: (download: Download) => void
    const download = new Promise<Download>((resolve) => (ended = resolve))
    const stop = await firefox.on<Download>('browsingContext.downloadEnd', (params) => ended(params))
    await page.evaluate(`void document.querySelector('a').click()`)
    const { status, filepath } = await download
    stop()
    assert.equal(status, 'complete')
    assert.equal(readFileSync(filepath, 'utf8'), 'one')
  })

  test('updates a text file that the listing opens', async () => {
    await using started = await startServer({ 'notes.md': 'one' })
    const page = await firefox.newPage()
    await page.goto(`http://app.localhost:${started.port}/`)
    await page.evaluate(`void document.querySelector('a[href$="notes.md"]').click()`)
    await page.until(`frames[0]?.document.body?.textContent.includes('one')`)
    writeFileSync(started.folder.join('notes.md'), 'two')
    await page.until(`frames[0]?.document.body?.textContent.includes('two')`)
  })
})
