import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headCases } from '../../support/head-cases.ts'
import { launchChromium, skip } from '../support/chromium.ts'

test('a meta counts wherever Chromium puts it into the head', { skip }, async () => {
  await using browser = await launchChromium()
  const page = await browser.newPage()
  const found: [string, boolean][] = []
  for (const [markup] of headCases) {
    await page.setContent(`<!doctype html>${markup.replace('@', '<meta name="mark">')}`)
    found.push([markup, (await page.locator('head > meta[name="mark"]').count()) === 1])
  }
  assert.deepEqual(found, headCases)
})
