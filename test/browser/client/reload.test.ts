import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skip } from '../support/chromium.ts'
import { liveFixture, openShadows, shownText } from '../support/fixture.ts'
import { html } from '../support/stub.ts'

const { stub, open } = liveFixture()
const own = { path: '/', kind: 'document' } as const

const long = (title: string): string =>
  html(`<h1>${title}</h1><div id="box" style="height: 50px; overflow: auto"><p style="height: 900px">in</p></div>
    <form><input name="children"><input id="text" value="abcdef"></form><p style="height: 5000px">long</p>`)

test('a reload keeps the scroll positions, the focus and the selection', { skip }, async () => {
  stub.put('/', long('one'))
  await open(async (page) => {
    await stub.connected()
    await page.evaluate(`scrollTo(0, 300); document.querySelector('#box').scrollTop = 200;
      document.querySelector('#text').focus({ preventScroll: true }); document.querySelector('#text').setSelectionRange(2, 4)`)
    stub.put('/', long('two'))
    stub.change(own)
    await stub.connected(2)
    await page.waitForFunction(`document.querySelector('h1').textContent === 'two' && scrollY === 300`)
    await page.waitForFunction(`document.querySelector('#box').scrollTop === 200`)
    const focused = 'const { id, selectionStart, selectionEnd } = document.activeElement'
    assert.deepEqual(await page.evaluate(`(() => { ${focused}; return [id, selectionStart, selectionEnd] })()`), [
      'text',
      2,
      4,
    ])
  })
})

test('a reloaded page sends the last time it received before', { skip }, async () => {
  stub.put('/', html('one'))
  await open(async () => {
    await stub.connected()
    assert.equal(stub.hellos()[0]?.loadedAfter, undefined)
    stub.send({ type: 'change', time: 12345, changes: [own] })
    await stub.connected(2)
    assert.equal(stub.hellos()[1]?.loadedAfter, 12345)
    assert.equal(typeof stub.hellos()[1]?.age, 'number')
  })
})

test('a morph keeps the changes of users and scripts', { skip }, async () => {
  stub.settings = { ...stub.settings, reload: 'morph' }
  const script = `<script>document.querySelector('#app').append('made by a script'); window.mark = 1</script>`
  const version = (text: string, more: string): string =>
    html(
      `<h1 class="${text}">${text}</h1><ul>${more}<li id="last">last</li></ul><details><summary>s</summary>d</details>
      <div id="app"></div><textarea></textarea><input id="box" type="checkbox"><input id="text">${script}`,
      `<title>${text}</title>`,
    )
  stub.put('/', version('one', '<li>a</li><li>b</li>'))
  await open(async (page) => {
    await stub.connected()
    await page.fill('#text', 'typed')
    await page.fill('textarea', 'long')
    await page.check('#box')
    await page.click('summary')
    await page.focus('#text')
    await page.evaluate(`document.querySelector('#last').mark = 1`)
    stub.put('/', version('two', '<li>a</li><li>new</li><li style="color: red">b</li>'))
    stub.change(own)
    await page.waitForFunction(`document.querySelector('h1').textContent === 'two'`)
    const state = `[document.title, document.querySelector('h1').className, document.querySelector('#app').textContent,
      [...document.querySelectorAll('li')].map((li) => li.textContent).join(), document.querySelector('#last').mark,
      document.querySelector('#text').value, document.querySelector('textarea').value, document.querySelector('#box').checked,
      document.querySelector('details').open, document.activeElement.id, window.mark]`
    assert.deepEqual(await page.evaluate(state), [
      ...['two', 'two', 'made by a script', 'a,new,b,last', 1, 'typed', 'long', true, true, 'text', 1],
    ])
    stub.put('/', version('three', '').replace('mark = 1', 'mark = 3'))
    stub.change(own)
    await stub.connected(2)
    await page.waitForFunction('window.mark === 3')
  })
})

test('changes before the first answer, a script, data and a reload message reload the page', { skip }, async () => {
  stub.settings = { ...stub.settings, reload: 'morph' }
  stub.put('/', html('text'))
  let count = 0
  stub.answer = () => ({ type: 'welcome', time: Date.now() })
  stub.answer = () =>
    count++ === 0 ? { type: 'change', time: Date.now(), changes: [own] } : { type: 'welcome', time: Date.now() }
  await open(async () => {
    await stub.connected(2)
    stub.change({ path: '/app.js', kind: 'other' })
    await stub.connected(3)
    stub.send({ type: 'reload', time: Date.now() })
    await stub.connected(4)
  })
})

test('a hidden page waits until it is visible, and then reloads once', { skip }, async () => {
  stub.put('/', html('text'))
  const hide = `window.state = 'visible'
    Object.defineProperty(Document.prototype, 'visibilityState', { get: () => state, configurable: true })`
  await open(
    async (page) => {
      await stub.connected()
      await page.evaluate(`state = 'hidden'; document.dispatchEvent(new Event('visibilitychange'))`)
      for (let i = 0; i < 5; i++) stub.change(own)
      const seen = page.evaluate(`new Promise((resolve) => setTimeout(resolve, 300))`)
      await seen
      assert.equal(stub.loads('/'), 1)
      await page.evaluate(`state = 'visible'; document.dispatchEvent(new Event('visibilitychange'))`)
      await stub.connected(2)
      assert.equal(stub.loads('/'), 2)
    },
    { before: async (page) => void (await page.addInitScript(hide)) },
  )
})

test('a reload loop is throttled, with a warning', { skip }, async () => {
  stub.put('/', html('text'))
  // For the client every reload comes soon after the one before, however slow the machine is.
  const young = 'const now = Date.now.bind(Date); Date.now = () => Math.floor(now() / 100); performance.now = () => 100'
  stub.answer = () => ({ type: 'change', time: Date.now(), changes: [own] })
  await open(
    async (page) => {
      await stub.connected(9)
      await page.waitForFunction(`/too often/.test(${shownText})`)
      const stoppedAt = performance.now()
      assert.equal(stub.loads('/'), 9)
      // The last change is still shown, and then the page waits again.
      await stub.connected(10)
      assert.ok(performance.now() - stoppedAt > 5000)
      await page.waitForFunction(`/too often/.test(${shownText})`)
      assert.equal(stub.loads('/'), 10)
    },
    {
      async before(page) {
        await openShadows(page)
        await page.addInitScript(young)
      },
      tolerate: /too often/,
    },
  )
})

test('frequent saves never wait, if each comes after the page was shown', { skip }, async () => {
  stub.put('/', html('text'))
  // For the client the page has been open for a while.
  const aged = 'const since = performance.now.bind(performance); performance.now = () => since() + 2000'
  await open(
    async () => {
      for (let saves = 1; saves <= 12; saves++) {
        await stub.connected(saves)
        stub.change(own)
      }
      await stub.connected(13)
    },
    { before: async (page) => void (await page.addInitScript(aged)) },
  )
})

test('a cached file is fetched past the cache before the page reloads', { skip }, async () => {
  stub.settings = { ...stub.settings, cached: true }
  stub.put('/data.json', '1', 'application/json', { 'Cache-Control': 'max-age=600' })
  stub.put(
    '/',
    html('', `<script>fetch('/data.json').then((r) => r.text()).then((text) => (window.data = text))</script>`),
  )
  await open(async (page) => {
    await stub.connected()
    await stub.uses('/data.json')
    stub.put('/data.json', '2', 'application/json', { 'Cache-Control': 'max-age=600' })
    stub.change({ path: '/data.json', kind: 'other' })
    await page.waitForFunction(`window.data === '2'`)
    assert.equal(stub.loads('/data.json'), 2)
  })
})
