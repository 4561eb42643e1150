import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { startServer, TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { Program } from './program.ts'
import { Messages, visit } from './visitor.ts'

const require = createRequire(import.meta.url)

/** A project, and the program that `webpack serve` would be. */
const project = (port: number): Readonly<Record<string, string>> => ({
  'index.js': "document.body.append(require('./word.js'))\nmodule.hot.accept('./word.js')\n",
  'word.js': "module.exports = 'before'\n",
  'public/index.html': '<!doctype html><body><script src="/main.js"></script></body>',
  'serve.cjs': `const webpack = require(${JSON.stringify(require.resolve('webpack'))})
    const Server = require(${JSON.stringify(require.resolve('webpack-dev-server'))})
    const compiler = webpack({ mode: 'development', context: __dirname, entry: './index.js', stats: 'none',
      infrastructureLogging: { level: 'error' } })
    const server = new Server({ port: ${port}, host: '127.0.0.1', hot: true, static: 'public',
      client: { webSocketURL: 'auto://0.0.0.0:0/ws' } }, compiler)
    process.chdir(__dirname)
    server.start()`,
})

async function startProject(folder: TempFolder): Promise<{ webpack: Program; port: number }> {
  const port = await freePort()
  await folder.write(project(port))
  return { webpack: await Program.start([process.execPath, folder.join('serve.cjs')], port, folder.path), port }
}

test('a webpack-dev-server has its pages and hot updates behind the preset', async () => {
  using folder = new TempFolder()
  const { webpack, port } = await startProject(folder)
  await using _webpack = webpack
  let edits = 0
  await visit('webpack', port, async (visitor) => {
    assert.match(await visitor.text('/'), /<script src="\/main\.js">/)
    // The client takes the port 0 as that of the page.
    const [url = ''] = /webpack-dev-server\/client\/index\.js\?[^\s"'\\]+/.exec(await visitor.text('/main.js')) ?? []
    assert.match(url, /\?protocol=auto%3A&.*hostname=0\.0\.0\.0&port=0&/)
    using updates = await visitor.open('/ws')
    const before = await hashOf(updates)
    await updates.next('"ok"')
    await folder.write({ 'word.js': `module.exports = 'edit ${++edits}'\n` })
    // A file that was written just before the start may be compiled twice.
    for (let after = before; after === before;) after = await hashOf(updates)
    await updates.next('"ok"')
    assert.match(await visitor.text(`/main.${before}.hot-update.js`), new RegExp(`edit ${edits}`))
  })
  // It compares the names of Host and Origin, which both arrive as the browser sent them.
  await using front = await startServer({}, { preset: 'webpack', upstream: `http://127.0.0.1:${port}` })
  for (const [name, origin, text] of [
    ['app.localhost', `http://app.localhost:${front.port}`, '"ok"'],
    ['127.0.0.1', `http://127.0.0.1:${front.port}`, '"ok"'],
    ['app.localhost', 'https://evil.example', 'Invalid Host/Origin header'],
  ] as const) {
    const headers = { host: `${name}:${front.port}` }
    using updates = new Messages(new WebSocket(`ws://127.0.0.1:${front.port}/ws`, { origin, headers }))
    await updates.next(text)
  }
})

async function hashOf(updates: Messages): Promise<string> {
  return (JSON.parse(await updates.next('"hash"')) as { data: string }).data
}
