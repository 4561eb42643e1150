import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { skip } from '../support/chromium.ts'
import { liveFixture } from '../support/fixture.ts'
import { html } from '../support/stub.ts'

const { stub, open } = liveFixture()

const style = (path: string) => ({ path, kind: 'style' }) as const

function colour(page: Page, selector = 'body'): Promise<string> {
  return page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).color`)
}

async function untilColour(page: Page, value: string, selector = 'body'): Promise<void> {
  await page.waitForFunction(`getComputedStyle(document.querySelector('${selector}')).color === '${value}'`)
}

const red = 'rgb(255, 0, 0)'
const green = 'rgb(0, 128, 0)'
const blue = 'rgb(0, 0, 255)'

test('a changed style sheet is swapped; input, scroll position and animations are kept', { skip }, async () => {
  const css = (value: string): string =>
    `body { color: ${value}; height: 5000px } @keyframes turn { to { rotate: 1turn } } p { animation: turn 100s linear infinite }`
  stub.put('/app.css', css('red'))
  stub.put('/', html('<p>text</p><input>', '<link rel="stylesheet" href="app.css?mine=1" media="screen" title="main">'))
  await open(async (page) => {
    await stub.connected()
    await stub.uses('/app.css')
    assert.equal(await colour(page), red)
    await page.locator('input').fill('typed')
    await page.evaluate('scrollTo(0, 700); window.mark = document.getAnimations()[0]; mark.currentTime = 50000')
    stub.put('/app.css', css('green'))
    stub.change(style('/app.css'))
    await untilColour(page, green)
    await page.waitForFunction(`document.querySelectorAll('link[rel=stylesheet]').length === 1`)
    assert.equal(await page.locator('input').inputValue(), 'typed')
    assert.equal(await page.evaluate('scrollY'), 700)
    assert.equal(await page.evaluate('mark === document.getAnimations()[0] && mark.currentTime >= 50000'), true)
    const link = await page.evaluate<string>(`document.querySelector('link[rel=stylesheet]').outerHTML`)
    assert.match(link, /app\.css\?mine=1&amp;serve8008=\w+" media="screen" title="main"/)
    assert.equal(stub.loads('/'), 1)
  })
})

test('quick changes leave one copy, in its place among the others', { skip }, async () => {
  stub.put('/a.css', 'body { color: red }')
  stub.put('/b.css', 'p { color: blue }')
  const head = '<link rel="stylesheet" href="/a.css"><link rel="stylesheet" href="/b.css">'
  stub.put('/', html('<p>text</p>', head))
  await open(async (page) => {
    await stub.connected()
    stub.put('/a.css', 'body { color: green } p { color: red }')
    for (let i = 0; i < 10; i++) stub.change(style('/a.css'))
    await untilColour(page, green)
    await page.waitForFunction(`document.querySelectorAll('link[rel=stylesheet]').length === 2`)
    assert.equal(await colour(page, 'p'), blue)
    const order = await page.evaluate<string[]>(`[...document.styleSheets].map(({ href }) => new URL(href).pathname)`)
    assert.deepEqual(order, ['/a.css', '/b.css'])
  })
})

test('a deleted style sheet loses its styles, until it is back', { skip }, async () => {
  stub.put('/a.css', 'body { color: red }')
  stub.put('/', html('', '<link rel="stylesheet" href="/a.css">'))
  await open(
    async (page) => {
      await stub.connected()
      stub.files.delete('/a.css')
      stub.change(style('/a.css'))
      await untilColour(page, 'rgb(0, 0, 0)')
      stub.put('/a.css', 'body { color: green }')
      stub.change(style('/a.css'))
      await untilColour(page, green)
      assert.equal(await page.locator('link[rel=stylesheet]').count(), 1)
    },
    { tolerate: /404/ },
  )
})

test('imported style sheets are swapped at any depth, in links and in style elements', { skip }, async () => {
  stub.put('/top.css', '@import "mid.css" layer(base) screen; p { color: blue }')
  stub.put('/mid.css', '@import url(deep.css);')
  stub.put('/deep.css', 'body { color: red }')
  stub.put('/other.css', 'i { color: red }')
  const head = '<link rel="stylesheet" href="/top.css"><style>@import "/other.css"; b { color: blue }</style>'
  stub.put('/', html('<p>text</p><i>i</i><b>b</b>', head))
  await open(async (page) => {
    await stub.connected()
    await stub.uses('/deep.css')
    await untilColour(page, red)
    stub.put('/deep.css', 'body { color: green }')
    stub.put('/other.css', 'i { color: green }')
    for (let i = 0; i < 3; i++) stub.change(style('/deep.css'), style('/other.css'))
    await untilColour(page, green)
    await untilColour(page, green, 'i')
    const count = `(function count(sheet) { return [...sheet.cssRules].filter((rule) => rule.styleSheet)
      .reduce((sum, rule) => sum + 1 + count(rule.styleSheet), 0) })`
    await page.waitForFunction(`${count}(document.styleSheets[0]) === 2 && ${count}(document.styleSheets[1]) === 1`)
    stub.put('/mid.css', 'body { color: blue }')
    stub.change(style('/mid.css'))
    await untilColour(page, blue)
    await page.waitForFunction(`${count}(document.styleSheets[0]) === 1`)
    assert.equal(await page.evaluate('document.styleSheets[0].cssRules[0].layerName'), 'base')
    assert.equal(await page.evaluate('document.styleSheets[0].cssRules[0].media.mediaText'), 'screen')
    assert.equal(stub.loads('/'), 1)
  })
})

test('all other styles apply in every frame while a sheet or an import is swapped', { skip }, async () => {
  // Repeated requests are slow, so that a frame without the sheet would be recorded.
  stub.put('/top.css', '@import "mid.css"; h1 { color: blue }')
  stub.put('/mid.css', '@import "deep.css"; i { color: red }')
  stub.put('/deep.css', 'body { color: red }')
  stub.put('/', html('<h1>h</h1><i>i</i>', '<link rel="stylesheet" href="/top.css">'))
  await open(async (page) => {
    await stub.connected()
    await untilColour(page, red)
    stub.delayMs = 60
    const look = `['h1', 'i', 'body'].map((name) => getComputedStyle(document.querySelector(name)).color).join('; ')`
    const sheets = `(function count({ styleSheets, cssRules }) { return [...styleSheets ?? cssRules]
      .flatMap((rule) => styleSheets ? rule : rule.styleSheet ?? []).reduce((sum, sheet) => sum + 1 + count(sheet), 0) })`
    const framesMore = `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(resolve))))`
    await page.evaluate(
      `window.frames = new Set(); (function see() { frames.add(${look}); requestAnimationFrame(see) })()`,
    )
    for (const [path, element] of [
      ['/mid.css', 'i'],
      ['/deep.css', 'body'],
      ['/top.css', 'h1'],
    ] as const) {
      await page.evaluate(`frames.clear()`)
      const start = await page.evaluate<string>(look)
      stub.put(path, String(stub.files.get(path)?.body).replace(/(red|blue) \}$/, 'green }'))
      stub.change(style(path))
      await untilColour(page, green, element)
      // The old sheet stays until everything has loaded. One or two more frames would show missing styles.
      await page.waitForFunction(`${sheets}(document) === 3`)
      await page.evaluate(framesMore)
      const end = await page.evaluate<string>(look)
      assert.notEqual(start, end)
      assert.deepEqual(await page.evaluate<string[]>(`[...frames]`), [start, end])
    }
    assert.equal(stub.loads('/'), 1)
  })
})

test('links in open shadow roots are swapped', { skip }, async () => {
  stub.put('/inner.css', 'p { color: red }')
  const template = '<template shadowrootmode="open"><link rel="stylesheet" href="/inner.css"><p>text</p></template>'
  stub.put('/', html(`<div id="host">${template}</div>`))
  await open(async (page) => {
    await stub.connected()
    stub.put('/inner.css', 'p { color: green }')
    stub.change(style('/inner.css'))
    await page.waitForFunction(
      `getComputedStyle(document.querySelector('#host').shadowRoot.querySelector('p')).color === '${green}'`,
    )
    assert.equal(stub.loads('/'), 1)
  })
})

test('a style sheet that a module imported is replaced in the roots that adopted it', { skip }, async () => {
  stub.put('/part.css', 'body { color: red }')
  stub.put(
    '/app.js',
    `import sheet from './part.css' with { type: 'css' }; document.adoptedStyleSheets = [sheet]; window.sheet = sheet`,
  )
  stub.put('/', html('', '<script type="module" src="/app.js"></script>'))
  await open(async (page) => {
    await stub.connected()
    await stub.uses('/part.css')
    await untilColour(page, red)
    stub.put('/part.css', 'body { color: green }')
    stub.change(style('/part.css'))
    await untilColour(page, green)
    assert.equal(await page.evaluate('document.adoptedStyleSheets[0] === sheet'), true)
    assert.equal(stub.loads('/'), 1)
  })
})

test('a linked sheet is not treated as a module if the page has adopted another sheet', { skip }, async () => {
  stub.put('/top.css', '@import "deep.css"; p { color: red }')
  stub.put('/deep.css', '')
  const script = '<script>document.adoptedStyleSheets = [new CSSStyleSheet()]</script>'
  stub.put('/', html('<p>text</p>', `<link rel="stylesheet" href="/top.css">${script}`))
  // CSS modules cannot have imports, and the browser logs that on the console.
  await open(async (page) => {
    await stub.connected()
    await stub.uses('/top.css')
    stub.put('/top.css', '@import "deep.css"; p { color: green }')
    stub.change(style('/top.css'))
    await untilColour(page, green, 'p')
  })
})

test('a style sheet that a script has read, or that the page does not use, reloads the page', { skip }, async () => {
  stub.put('/text.css', 'body { color: red }')
  stub.put('/', html('', `<script>fetch('/text.css')</script>`))
  await open(async () => {
    await stub.connected()
    await stub.uses('/text.css')
    stub.change(style('/text.css'))
    await stub.connected(2)
    stub.change(style('/nowhere.css'))
    await stub.connected(3)
    assert.equal(stub.loads('/'), 3)
  })
})

test('a disabled style sheet stays disabled', { skip }, async () => {
  stub.put('/a.css', 'body { color: red }')
  stub.put('/b.css', 'body { color: blue }')
  const head = '<link rel="stylesheet" href="/a.css"><link rel="stylesheet" href="/b.css">'
  stub.put('/', html('', head))
  await open(async (page) => {
    await stub.connected()
    await untilColour(page, blue)
    await page.evaluate(`document.querySelectorAll('link[rel=stylesheet]')[1].sheet.disabled = true`)
    stub.put('/a.css', 'body { color: green }')
    stub.change(style('/a.css'), style('/b.css'))
    await page.waitForFunction(
      `[...document.styleSheets].length === 2 && [...document.styleSheets].every(({ href }) => /serve8008=/.test(href))`,
    )
    await untilColour(page, green)
  })
})
