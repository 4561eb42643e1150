import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServer, type Server8008 } from '../../src/index.ts'
import { TempFolder } from '../support/server.ts'

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
