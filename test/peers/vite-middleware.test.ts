import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { createServer as createVite, type ViteDevServer } from 'vite'
import { connectLayer, json } from '../../src/index.ts'
import { launchChromium, skip, withPage } from '../browser/support/chromium.ts'
import { ask, openSecureSession } from '../support/http2.ts'
import { rawGet } from '../support/raw.ts'
import { startSecure, type Secured } from '../support/secure.ts'
import { TempFolder } from '../support/server.ts'

const mainScript = `
  import { word } from './word.js'
  import './main.css'
  const show = (id, text) => { document.getElementById(id).textContent = text }
  show('word', word)
  show('api', await (await fetch('/api')).json())
  import.meta.hot.accept('./word.js', (changed) => show('word', changed.word))
`

const project = {
  'index.html': '<!doctype html><p id=word></p><p id=api></p><script type=module src=/main.js></script>',
  'main.js': mainScript,
  'main.css': 'p { color: rgb(1, 2, 3) }',
  'word.js': "export const word = 'before'\n",
}

interface Front extends Secured {
  readonly vite: ViteDevServer
  readonly project: TempFolder
}

/** Vite in middleware mode, whose WebSocket comes through the same port. */
async function startVite(live = false): Promise<Front> {
  const files = await new TempFolder().write(project)
  const upgrades = new EventEmitter()
  const vite = await createVite({
    configFile: false,
    root: files.path,
    cacheDir: files.join('.vite'),
    logLevel: 'silent',
    server: { middlewareMode: true, ws: { server: upgrades as never } },
  })
  const secured = await startSecure({ 'own.txt': 'from the folder' }, { live })
  secured.server.use((next) => (x) => (x.target.path === '/api' ? json('hello') : next(x)))
  secured.server.use(connectLayer(vite.middlewares, { upgrade: upgrades }))
  return {
    ...secured,
    vite,
    project: files,
    [Symbol.asyncDispose]: async () => {
      await vite.close()
      await secured[Symbol.asyncDispose]()
      files[Symbol.dispose]()
    },
  }
}

test('Vite in middleware mode answers over HTTP/1.1 and HTTP/2', async () => {
  await using front = await startVite()
  const page = await rawGet(front.port, '/', ['Accept: text/html'])
  assert.match(page.body.toString(), /src="?\/@vite\/client/)
  const script = await rawGet(front.port, '/main.js')
  assert.match(script.field('content-type'), /javascript/)
  assert.equal((await rawGet(front.port, '/main.js', [`If-None-Match: ${script.field('etag')}`])).status, 304)
  using session = openSecureSession(front)
  assert.match((await ask(session, { ':path': '/', accept: 'text/html' })).body.toString(), /\/@vite\/client/)
  const answers = await Promise.all(
    ['/main.js', '/word.js', '/@vite/client', '/main.css'].map((path) => ask(session, { ':path': path })),
  )
  for (const { status, headers } of answers)
    assert.deepEqual([status, headers['content-type']], [200, 'text/javascript'])
})

test('live reload reaches the pages of Vite where it is on', async () => {
  await using front = await startVite(true)
  const fields = { accept: 'text/html', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }
  const lines = Object.entries(fields).map((field) => field.join(': '))
  const over1 = await rawGet(front.port, '/', lines)
  using session = openSecureSession(front)
  const over2 = await ask(session, { ':path': '/', ...fields })
  for (const { body } of [over1, over2]) {
    assert.match(body.toString(), /\/@vite\/client/)
    assert.match(body.toString(), /__serve8008\/live\.js/)
  }
})

for (const scheme of ['http', 'https']) {
  test(`hot updates of Vite arrive through the one port: ${scheme}`, { skip }, async () => {
    await using front = await startVite()
    const port = scheme === 'http' ? front.port : front.tlsPort
    const browser = await launchChromium([], undefined, ['--ignore-certificate-errors'])
    try {
      await withPage(
        browser,
        `${scheme}://localhost:${port}/`,
        async (opened) => {
          const has = (id: string, text: string): Promise<void> =>
            opened.locator(`#${id}`).getByText(text, { exact: true }).waitFor()
          await has('word', 'before')
          await has('api', 'hello')
          await opened.waitForFunction("getComputedStyle(document.getElementById('word')).color === 'rgb(1, 2, 3)'")
          const loadedAt = await opened.evaluate(() => performance.timeOrigin)
          await front.project.write({ 'word.js': "export const word = 'after'\n" })
          await has('word', 'after')
          assert.equal(await opened.evaluate(() => performance.timeOrigin), loadedAt, 'the page was not reloaded')
        },
        { tolerate: /\[vite\]|favicon|404/ },
      )
    } finally {
      await browser.close()
    }
  })
}
