import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { launchChromium, skip, withPage } from '../browser/support/chromium.ts'
import { rawRequest } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { Program } from './program.ts'
import { Messages, visit } from './visitor.ts'

const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js')

const mainScript = `
  import { word } from './word.js'
  const show = (id, text) => { document.getElementById(id).textContent = text }
  show('word', word)
  const { message } = await (await fetch('/api/hello?x=1')).json()
  show('api', message)
  const socket = new WebSocket('ws://' + location.host + '/chat?room=1', 'talk')
  socket.onopen = () => socket.send('hello')
  socket.onmessage = ({ data }) => show('chat', socket.protocol + ' ' + data)
  window.loadedAt = performance.timeOrigin
  import.meta.hot.accept('./word.js', (changed) => show('word', changed.word))
`

const project = {
  'index.html': '<!doctype html><p id=word></p><p id=api></p><p id=chat></p><script type=module src=/main.js></script>',
  'main.js': mainScript,
  'word.js': "export const word = 'before'\n",
}

/** An API and a chat on one port. */
async function startBackend(): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json')
    response.end(
      JSON.stringify({ message: `${request.method} ${request.url} for ${String(request.headers['x-forwarded-for'])}` }),
    )
  })
  const sockets = new WebSocketServer({ server, handleProtocols: (offered) => [...offered][0] ?? false })
  sockets.on('connection', (socket, request) =>
    socket.on('message', (data) => socket.send(`${(data as Buffer).toString()} from ${request.url}`)),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

test('a Vite project, its API and a chat share one origin, and hot updates arrive', { skip }, async () => {
  using folder = await new TempFolder().write(project)
  const vitePort = await freePort()
  const command = [process.execPath, vite, '--port', String(vitePort), '--strictPort', '--host', '127.0.0.1']
  await using _vite = await Program.start(command, vitePort, folder.path)
  const { server, port } = await startBackend()
  const api = `http://127.0.0.1:${port}`
  await using front = await startServer(
    {},
    { proxy: { '/': `http://127.0.0.1:${vitePort}`, '/api': api, '/chat': api }, live: false },
  )
  const browser = await launchChromium()
  try {
    await withPage(
      browser,
      `http://localhost:${front.port}/`,
      async (page) => {
        const has = (id: string, text: string): Promise<void> =>
          page.locator(`#${id}`).getByText(text, { exact: true }).waitFor()
        await has('word', 'before')
        await has('api', 'GET /api/hello?x=1 for 127.0.0.1')
        await has('chat', 'talk hello from /chat?room=1')
        const loadedAt = await page.evaluate(() => performance.timeOrigin)
        await folder.write({ 'word.js': "export const word = 'after'\n" })
        await has('word', 'after')
        assert.equal(await page.evaluate(() => performance.timeOrigin), loadedAt, 'the page was not reloaded')
        await page.reload()
        await has('word', 'after')
      },
      { tolerate: /\[vite\]|favicon|404/ },
    )
  } finally {
    await browser.close()
    server.closeAllConnections()
    server.close()
  }
})

test('a Vite project has its pages, modules and hot updates behind the preset', async () => {
  using folder = await new TempFolder().write(project)
  const port = await freePort()
  const command = [process.execPath, vite, '--port', String(port), '--strictPort', '--host', '127.0.0.1']
  await using _vite = await Program.start(command, port, folder.path)
  let edits = 0
  await visit('vite', port, async (visitor) => {
    assert.match(await visitor.text('/'), /<script type="module" src="\/@vite\/client">/)
    assert.match(await visitor.text('/main.js'), /import { word } from "\/word\.js/)
    const [, token = ''] = /wsToken = "([^"]+)"/.exec(await visitor.text('/@vite/client')) ?? []
    using hmr = await visitor.open(`/?token=${token}`, ['vite-hmr'])
    assert.equal(hmr.socket.protocol, 'vite-hmr')
    assert.equal(await hmr.next('connected'), '{"type":"connected"}')
    await folder.write({ 'word.js': `export const word = 'edit ${++edits}'\n` })
    assert.match(await hmr.next('"update"'), /"acceptedPath":"\/word\.js"/)
    assert.match(await visitor.text('/word.js'), new RegExp(`edit ${edits}`))
    // Pages of other sites do not have the token.
    assert.equal(await visitor.refusal('/', ['vite-hmr']), 400)
  })
})

test('Vite refuses a name that it does not know, and accepts it behind the preset', async () => {
  using folder = await new TempFolder().write(project)
  const port = await freePort()
  const command = [process.execPath, vite, '--port', String(port), '--strictPort', '--host', '127.0.0.1']
  await using _vite = await Program.start(command, port, folder.path)
  const upstream = `http://127.0.0.1:${port}`
  const shop = { allowHost: 'shop.test', live: false } as const
  for (const [options, status] of [
    [{ ...shop, proxy: { '/': upstream } }, 403],
    [{ ...shop, preset: 'vite', upstream }, 200],
  ] as const) {
    await using front = await startServer({}, options)
    assert.equal((await rawRequest(front.port, 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n')).status, status)
    if (status !== 200) continue
    const client = await rawRequest(front.port, 'GET /@vite/client HTTP/1.1\r\nHost: shop.test\r\n\r\n')
    const [, token = ''] = /wsToken = "([^"]+)"/.exec(client.body.toString()) ?? []
    const page = { origin: 'http://shop.test', headers: { host: 'shop.test' } }
    using hmr = new Messages(new WebSocket(`ws://127.0.0.1:${front.port}/?token=${token}`, 'vite-hmr', page))
    await hmr.next('connected')
  }
})
