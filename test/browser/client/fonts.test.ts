import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { skip } from '../support/chromium.ts'
import { liveFixture } from '../support/fixture.ts'
import { html } from '../support/stub.ts'

const { stub, open } = liveFixture()

/** A font of icons from the package of the browser's driver. */
function iconFont(): Buffer {
  const folder = join(dirname(createRequire(import.meta.url).resolve('playwright-core')), 'lib/vite/traceViewer')
  const name = readdirSync(folder).find((file) => file.endsWith('.ttf'))
  if (name === undefined) throw new Error(`No font in ${folder}.`)
  return readFileSync(join(folder, name))
}

const fontFace = (file: string): string => `@font-face { font-family: "Icon Font"; src: url(${file}) }`
const icons = (colour: string): string => `p { font: 40px "Icon Font", monospace; color: ${colour} }`
const paragraph = '<p><span>\uea60\uea61\uea62</span></p>'

/** Records the width of the icons in every frame, and counts the frames. */
const watchWidth = `
  window.widths = new Set(); window.frames_ = 0
  const look = () => {
    widths.add(document.querySelector('span').getBoundingClientRect().width)
    frames_++
    requestAnimationFrame(look)
  }
  look()`

/** Waits for the end of a swap: its colour is shown, no stand-in is left, and some more frames have passed. */
async function untilSettled(page: Page, done: string, faces: number): Promise<void> {
  await page.waitForFunction(done)
  await page.waitForFunction(
    `document.fonts.size === ${faces} && [...document.fonts].every(({ status }) => status === 'loaded')`,
  )
  const frames = await page.evaluate<number>('frames_')
  await page.waitForFunction(`frames_ > ${frames + 5}`)
}

/** Starts the recording on a page, and returns the width of its icons. */
async function watched(page: Page): Promise<number> {
  await stub.connected()
  await page.evaluate('document.fonts.ready')
  const fallback = await page.evaluate<number>(`(() => {
    const p = document.querySelector('p'), before = p.style.cssText
    p.style.fontFamily = 'monospace'
    const { width } = document.querySelector('span').getBoundingClientRect()
    p.style.cssText = before
    return width
  })()`)
  await page.waitForFunction(`document.querySelector('span').getBoundingClientRect().width !== ${fallback}`)
  await page.evaluate(watchWidth)
  return page.evaluate<number>(`document.querySelector('span').getBoundingClientRect().width`)
}

const isGreen = `getComputedStyle(document.querySelector('p')).color === 'rgb(0, 128, 0)'`
const isBlue = `getComputedStyle(document.querySelector('p')).color === 'rgb(0, 0, 255)'`

for (const way of ['links', 'imports']) {
  test(`text stays in its font while a sheet that ${way} it is swapped`, { skip }, async () => {
    const file = way === 'links' ? '/app.css' : '/deep/app.css'
    stub.put('/icons.ttf', iconFont(), 'font/ttf')
    stub.put('/top.css', '@import "/deep/app.css";')
    stub.put(file, fontFace('/icons.ttf') + icons('red'))
    stub.put('/', html(paragraph, `<link rel="stylesheet" href="${way === 'links' ? '/app.css' : '/top.css'}">`))
    await open(async (page) => {
      const width = await watched(page)
      await stub.uses(file)
      stub.delayMs = 100
      for (const [colour, done] of [
        ['green', isGreen],
        ['blue', isBlue],
      ] as const) {
        stub.put(file, fontFace('/icons.ttf') + icons(colour))
        stub.change({ path: file, kind: 'style' })
        await untilSettled(page, done, 1)
      }
      assert.deepEqual(await page.evaluate('[...widths]'), [width])
      assert.equal(stub.loads('/'), 1)
    })
  })
}

test('the font of another sheet stays too, with a URL relative to its sheet', { skip }, async () => {
  stub.put('/fonts/icons.ttf', iconFont(), 'font/ttf')
  stub.put('/fonts/fonts.css', fontFace('icons.ttf'))
  stub.put('/app.css', '@font-face { font-family: Other; src: url(other.ttf) }' + icons('red'))
  const head = '<link rel="stylesheet" href="/fonts/fonts.css"><link rel="stylesheet" href="/app.css">'
  stub.put('/', html(paragraph, head))
  await open(async (page) => {
    const width = await watched(page)
    await stub.uses('/app.css')
    stub.delayMs = 100
    stub.put('/app.css', '@font-face { font-family: Other; src: url(other.ttf) }' + icons('green'))
    stub.change({ path: '/app.css', kind: 'style' })
    await page.waitForFunction(isGreen)
    await page.waitForFunction(`document.fonts.size === 2`)
    assert.deepEqual(await page.evaluate('[...widths]'), [width])
    assert.equal(stub.asked.filter((target) => target.startsWith('/icons.ttf')).length, 0)
  })
})

test('a saved font is swapped, and text shows no other font meanwhile', { skip }, async () => {
  stub.put('/icons.ttf', iconFont(), 'font/ttf')
  stub.put('/app.css', fontFace('/icons.ttf') + icons('red'))
  stub.put('/', html(paragraph, '<link rel="stylesheet" href="/app.css">'))
  await open(async (page) => {
    const width = await watched(page)
    await stub.uses('/icons.ttf')
    stub.delayMs = 100
    stub.change({ path: '/icons.ttf', kind: 'media' })
    await untilSettled(page, `/serve8008=/.test(document.styleSheets[0].cssRules[0].cssText)`, 1)
    assert.deepEqual(await page.evaluate('[...widths]'), [width])
  })
})
