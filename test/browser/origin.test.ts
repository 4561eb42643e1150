import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from '../support/server.ts'
import { launchChromium, skip } from './support/chromium.ts'

/** A page that sends a form as soon as it is open. */
function form(action: string, more = ''): string {
  return `<!doctype html>${more}<form method=post action="${action}"></form><script>document.forms[0].submit()</script>`
}

const noReferrer = '<meta name=referrer content=no-referrer>'

test('a rule for origins judges what Chromium really sends', { skip, timeout: 120_000 }, async () => {
  await using ours = await startServer(
    {
      'form.html': form('/api'),
      'silent.html': form('/api', noReferrer),
      'sandbox.html': '<!doctype html><iframe sandbox="allow-forms allow-scripts" src="/form.html"></iframe>',
      'index.html': '<!doctype html>',
    },
    { live: false, routes: [{ match: { path: '/api' }, reply: { body: 'done' }, origin: 'same' }] },
  )
  const own = `http://localhost:${ours.port}`
  await using foreign = await startServer(
    { 'form.html': form(`${own}/api`), 'silent.html': form(`${own}/api`, noReferrer), 'index.html': '<!doctype html>' },
    { live: false },
  )
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    /** The status that `/api` answers to what a page does. */
    async function statusAfter(url: string, send?: 'fetch' | 'WebSocket'): Promise<number> {
      const answered = new Promise<number>((resolve) => {
        ours.server.on('reply', ({ target, status }) => target === '/api' && resolve(status))
      })
      // A page that leaves at once ends its own opening.
      await page.goto(url).catch(() => {})
      if (send === 'fetch') {
        await page.evaluate((to) => fetch(to, { method: 'POST', mode: 'no-cors' }).catch(() => {}), `${own}/api`)
      } else if (send !== undefined) {
        await page.evaluate((to) => void new WebSocket(to), `${own.replace('http', 'ws')}/api`)
      }
      return answered
    }

    assert.equal(await statusAfter(`${own}/form.html`), 200, 'a form of our own')
    // Its Origin is "null".
    assert.equal(await statusAfter(`${own}/silent.html`), 200, 'a form of our own without a referrer')
    assert.equal(await statusAfter(`${own}/`, 'fetch'), 200)
    assert.equal(await statusAfter(`${own}/`, 'WebSocket'), 200, 'no upgrade, but admitted')
    for (const site of [`http://localhost:${foreign.port}`, `http://127.0.0.1:${foreign.port}`]) {
      assert.equal(await statusAfter(`${site}/form.html`), 403, `a form of ${site}`)
      assert.equal(await statusAfter(`${site}/silent.html`), 403, `one without a referrer`)
      assert.equal(await statusAfter(`${site}/`, 'fetch'), 403)
      assert.equal(await statusAfter(`${site}/`, 'WebSocket'), 403)
    }
    assert.equal(await statusAfter(`${own}/sandbox.html`), 403, 'a sandboxed frame')
    assert.equal(await statusAfter(`data:text/html,${encodeURIComponent(form(`${own}/api`))}`), 403)
  } finally {
    await browser.close()
  }
})
