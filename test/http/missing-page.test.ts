import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServer, type Server8008 } from '../../src/index.ts'
import { rawGet } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'

async function warningsOf(server: Server8008): Promise<string[]> {
  const codes: string[] = []
  server.on('warning', ({ code }) => codes.push(code))
  await server.listen()
  return codes
}

test('a start without the page of the app warns and serves it once it is built', async () => {
  using folder = new TempFolder()
  await using server = createServer({ root: folder.path, port: 0, host: '127.0.0.1', single: 'app.html', live: false })
  assert.deepEqual(await warningsOf(server), ['W8008_SINGLE'])
  const page = { headers: { accept: 'text/html' } }
  assert.equal((await server.fetch('http://localhost/deep/link', page)).status, 404)
  await folder.write({ 'app.html': 'built' })
  assert.equal(await (await server.fetch('http://localhost/deep/link', page)).text(), 'built')
})

test('a start with the page does not warn', async () => {
  using folder = await new TempFolder().write({ 'index.html': '' })
  await using server = createServer({ root: folder.path, port: 0, host: '127.0.0.1', single: true })
  assert.deepEqual(await warningsOf(server), [])
})

test('a navigation that a service worker forwards gets an error page with live reload, a script gets text', async () => {
  await using started = await startServer({})
  const html = 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
  const worker = ['Sec-Fetch-Dest: empty', 'Upgrade-Insecure-Requests: 1', html]
  for (const mode of ['navigate', 'same-origin', 'cors']) {
    const reply = await rawGet(started.port, '/missing', [`Sec-Fetch-Mode: ${mode}`, ...worker])
    assert.deepEqual([reply.status, reply.field('content-type')], [404, 'text/html; charset=utf-8'], mode)
    assert.match(reply.body.toString(), /__serve8008\/live\.js/)
  }
  const script = ['Sec-Fetch-Dest: empty', 'Sec-Fetch-Mode: cors']
  const text = await rawGet(started.port, '/missing', [...script, 'Accept: */*'])
  assert.deepEqual([text.status, text.field('content-type')], [404, 'text/plain; charset=utf-8'])
  const page = await rawGet(started.port, '/missing', [...script, html])
  assert.doesNotMatch(page.body.toString(), /live\.js/)
})
