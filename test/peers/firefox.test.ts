import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { Firefox, skip } from '../support/firefox.ts'
import { startServer } from '../support/server.ts'

const files = {
  'index.html':
    '<!doctype html><html><head><link rel="icon" href="data:,"><link rel="stylesheet" href="style.css"></head><body>home</body></html>',
  'style.css': 'body { color: rgb(1, 2, 3) }',
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
})
