import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skip } from '../support/chromium.ts'
import { liveFixture, openShadows, shownText, until } from '../support/fixture.ts'
import { html } from '../support/stub.ts'

const { stub, open } = liveFixture()

const strict =
  "default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'; connect-src 'self'; img-src data:; base-uri 'none'"

/** A page with a policy that allows only the sources it names. */
function putStrict(body: string): void {
  stub.tag = stub.tag.replace('<script', '<script nonce="abc"')
  stub.put('/', html(body, '<style nonce="abc">p { color: red }</style>'), 'text/html', {
    'Content-Security-Policy': strict,
  })
}

test(
  'an error is shown as text under a strict policy, and Escape, its button and null close it',
  { skip },
  async () => {
    putStrict('<button id="own">own</button>')
    await open(
      async (page) => {
        await stub.connected()
        await page.focus('#own')
        const error = {
          title: 'Build <b>failed</b>',
          message: '<img src=x onerror=alert(1)>',
          file: 'a.ts',
          line: 3,
          frame: ' 3 | x',
        }
        const show = async (): Promise<void> => {
          stub.send({ type: 'error', error })
          await until(page, `/Build <b>failed/.test(${shownText})`)
        }
        const untilGone = () => until(page, `${shownText} === ''`)
        await show()
        assert.match(await page.evaluate<string>(shownText), /<img src=x onerror=alert\(1\)>a\.ts:3 3 \| x/)
        assert.equal(await page.evaluate(`shadows.at(-1).querySelectorAll('img, b').length`), 0)
        assert.equal(
          await page.evaluate(`getComputedStyle(shadows.at(-1).querySelector('dialog')).borderTopWidth`),
          '6px',
        )
        await page.keyboard.press('Escape')
        await untilGone()
        assert.equal(await page.evaluate('document.activeElement.id'), 'own')
        await show()
        await page.keyboard.press('Enter')
        await untilGone()
        await show()
        stub.send({ type: 'error', error: null })
        await untilGone()
      },
      { before: openShadows },
    )
  },
)

test('a message is shown for two seconds as a status, and never moves the page', { skip }, async () => {
  putStrict('<p>text</p>')
  await open(
    async (page) => {
      await stub.connected()
      const height = await page.evaluate('document.documentElement.scrollHeight')
      stub.send({ type: 'notify', message: 'Built <i>in</i> 3 s' })
      await until(page, `${shownText} === 'Built <i>in</i> 3 s'`)
      assert.equal(await page.evaluate(`shadows[0].firstChild.getAttribute('role')`), 'status')
      assert.equal(await page.evaluate('document.documentElement.scrollHeight'), height)
      await until(page, `${shownText} === ''`)
    },
    { before: openShadows },
  )
})

test('shows updates only if the session says so', { skip }, async () => {
  stub.settings = { ...stub.settings, toast: true }
  stub.put('/a.css', 'p { color: red }')
  stub.put('/', html('<p>text</p>', '<link rel="stylesheet" href="/a.css">'))
  await open(
    async () => {
      await stub.connected()
      stub.change({ path: '/a.css', kind: 'style' })
      await stub.until('the new sheet', () => stub.loads('/a.css') === 2)
    },
    { before: openShadows },
  )
  stub.settings = { ...stub.settings, toast: true }
  await open(
    async (page) => {
      await stub.connected(2)
      stub.change({ path: '/a.css', kind: 'style' })
      await until(page, `${shownText} === 'Updated a.css'`)
    },
    { before: openShadows },
  )
})

test('sends errors when they are wanted, with earlier ones, cut and bounded', { skip }, async () => {
  stub.settings = { ...stub.settings, console: true }
  stub.put('/', html('', `<script>window.own = console.error</script>`))
  await open(
    async (page) => {
      await stub.connected()
      const texts = (): string[] =>
        stub.said.flatMap((said) => (said.type === 'console' ? [`${said.level} ${said.text}`] : []))
      await until(page, 'console.error !== own')
      assert.equal(await page.evaluate('console.error.name'), 'error')
      await page.evaluate(`console.error('%s is %d', 'x', 3, { a: 1 }); console.error('y'.repeat(9000))`)
      await page.evaluate(
        `setTimeout(() => { throw new TypeError('thrown') }); Promise.reject(new Error('refused')), 0`,
      )
      await stub.until('four texts', () => texts().length >= 4)
      assert.equal(texts()[0], 'error x is 3 {"a":1}')
      assert.equal(texts()[1]?.length, 'error '.length + 4096)
      assert.ok(texts().some((text) => text.startsWith('exception TypeError: thrown')))
      assert.ok(texts().some((text) => text.startsWith('rejection Error: refused')))
      await page.evaluate(`new Promise((resolve) => setTimeout(resolve, 1100))`)
      await page.evaluate(`for (let i = 0; i < 50; i++) console.error(i)`)
      await stub.until('the rest', () => texts().at(-1) === 'error and 30 more')
      assert.equal(texts().length, 4 + 20 + 1)
    },
    { tolerate: /./ },
  )
})

test(
  'errors while the page was loading are sent too; a page whose errors are not wanted is left alone',
  { skip },
  async () => {
    stub.settings = { ...stub.settings, console: true }
    stub.put(
      '/',
      html('<script>window.own = console.error; addEventListener("load", () => { throw new Error("early") })</script>'),
    )
    await open(
      async (page) => {
        await stub.until('the error', () =>
          stub.said.some((said) => said.type === 'console' && /early/.test(said.text)),
        )
        stub.settings = { ...stub.settings, console: false }
        await page.reload()
        await stub.connected(2)
        assert.equal(await page.evaluate('console.error === own'), true)
      },
      { tolerate: /early/ },
    )
  },
)
