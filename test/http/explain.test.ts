import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import { explainRequest } from '../../src/server/explain-request.ts'
import { startBackend } from '../support/backend.ts'
import { RawClient } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

test('what explain says would be sent is what is sent', async () => {
  await using backend = await startBackend()
  const proxy = {
    '/api': {
      to: `http://127.0.0.1:${backend.port}/v1`,
      headers: { 'X-Set': 'ours', Cookie: false },
      changeOrigin: true,
    },
  } as const
  await using started = await startServer({}, { proxy })
  const { port } = started
  const lines = [
    'Host: localhost:' + String(port),
    'X-Own: 1',
    'x-own: 2',
    'Connection: x-hop',
    'X-Hop: 1',
    'Cookie: a=b',
  ]
  using client = await RawClient.open(port)
  client.send(`GET /api/a%2Fb?c=d HTTP/1.1\r\n${lines.join('\r\n')}\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n`)
  const [requestLine = '', ...fields] = (await (await backend.next()).head()).trimEnd().split('\r\n')

  const headers = [...lines, 'X-Forwarded-For: 9.9.9.9'].flatMap((line) => line.split(': '))
  const config = resolveConfig({ port, proxy })
  const explanation = await explainRequest(config, { method: 'GET', url: '/api/a%2Fb?c=d', headers })
  const [told] = explanation?.forwards ?? []
  assert.equal(told?.requestLine, requestLine)
  const said = told?.fields.flatMap((name, i) => (i % 2 === 0 ? `${name}: ${told.fields[i + 1]}` : [])) ?? []
  // The name by which we would know a request that comes back differs; undici adds the connection, and writes "host".
  const plain = (all: readonly string[]): string[] =>
    all
      .filter((line) => !/^connection:/i.test(line))
      .map((line) => line.replace(/^host:/, 'Host:').replace(/ serve8008-\w+$/, ' serve8008'))
  assert.deepEqual(plain(said), plain(fields))
  assert.ok(said.length > 8)
})

test('shows no credentials that a route sets, and those that were asked with', async () => {
  const proxy = { '/api': { to: 'http://127.0.0.1:1', headers: { Authorization: 'Bearer hunter2', 'X-Set': 'shown' } } }
  const routes = [{ match: { path: '/api', header: { 'x-api-key': 'hunter2' } }, redirect: '/matched' }]
  const config = resolveConfig({ port: 8008, proxy, routes })
  const explanation = await explainRequest(config, { method: 'GET', url: '/api', headers: ['Cookie', 'sid=asked'] })
  const [forward] = explanation?.forwards ?? []
  const lines = forward?.fields.flatMap((name, i) => (i % 2 === 0 ? `${name}: ${forward.fields[i + 1]}` : [])) ?? []
  for (const line of ['Authorization: …', 'X-Set: shown', 'Cookie: sid=asked']) assert.ok(lines.includes(line), line)
  assert.doesNotMatch(JSON.stringify(explanation), /hunter/)
  const matched = await explainRequest(config, { method: 'GET', url: '/api', headers: ['X-Api-Key', 'hunter2'] })
  assert.equal(matched?.text, '307 to /matched')
})
