import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import { explainRequest } from '../../src/server/explain-request.ts'
import { startBackend } from '../support/backend.ts'
import { RawClient, rawRequest } from '../support/raw.ts'
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
  // The name by which we would know a request that comes back differs.
  const plain = (all: readonly string[]): string[] => all.map((line) => line.replace(/ serve8008-\w+$/, ' serve8008'))
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

test('says of a missing page what the server says of it: what to run, or which option answers it', async () => {
  const source = '<script type="module" src="/src/main.tsx"></script>'
  const app = '<div id="root"></div><script type="module" src="/assets/index.js"></script>'
  for (const [index, why, fix] of [
    [source, /^E8008_NOT_FOUND: There is no file at this address\. Index\.html .* Run: npx vite$/i, undefined],
    [app, /^E8008_NOT_FOUND: There is no file at this address\.$/, { option: 'single', value: 'index.html' }],
  ] as const) {
    await using started = await startServer({ 'index.html': index })
    const config = resolveConfig({ root: started.folder.path, port: started.port })
    const explained = await explainRequest(config, { method: 'GET', url: '/users/7', headers: [] })
    assert.match(explained?.answer?.why ?? '', why)
    assert.deepEqual(explained?.answer?.fix, fix)
  }
})

test('says what a folder answers, as the server does', async () => {
  const files = { 'index.html': 'x', 'docs/index.html': 'x', 'a.txt': 'a', '.env': 'x', '.hidden': 'x', 'app.key': 'x' }
  await using started = await startServer(files)
  const { port } = started
  const config = resolveConfig({ root: started.folder.path, port })
  const cases = [
    ['GET', '/', 200, undefined],
    ['GET', '/a.txt', 200, undefined],
    ['OPTIONS', '/a.txt', 204, undefined],
    ['GET', '/docs?a=b', 307, /^\/docs\/\?a=b$/],
    ['GET', '/none.txt', 404, /^E8008_NOT_FOUND: There is no file at this address\.$/],
    ['GET', '/.hidden', 404, /^E8008_NOT_FOUND: dotfile \(--dotfiles\)$/],
    ['GET', '/app.key', 404, /^E8008_NOT_FOUND: .*--serve/],
    ['POST', '/a.txt', 405, /^E8008_METHOD: Files do not support the method "POST"\. Use GET or HEAD$/],
    ['GET', '/a%2Fb', 400, /^E8008_PATH_INVALID: .*Remove dot segments/],
  ] as const
  for (const [method, url, status, why] of cases) {
    const explained = await explainRequest(config, { method, url, headers: [] })
    assert.equal(explained?.answer?.status, status, url)
    if (why === undefined) assert.equal(explained.answer.why, undefined, url)
    else assert.match(explained.answer.why ?? '', why, url)
    const message = `${method} ${url} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`
    assert.equal((await rawRequest(port, message, method)).status, status, url)
  }
  const single = await explainRequest(resolveConfig({ root: started.folder.path, port, single: true }), {
    method: 'GET',
    url: '/some/page',
    headers: [],
  })
  assert.equal(single?.answer?.status, 200)
})

test('a refused request has no list of routes, and a refused host the option that allows it', async () => {
  const config = resolveConfig({ port: 8008, proxy: { '/api': 'http://127.0.0.1:1' } })
  const host = await explainRequest(config, { method: 'GET', url: 'http://evil.test/', headers: [] })
  assert.deepEqual([host?.kind, host?.lost, host?.fix], ['refused', [], { option: 'allowHost', value: ['evil.test'] }])
  const path = await explainRequest(config, { method: 'GET', url: '/api/..%2fprivate', headers: [] })
  assert.deepEqual([path?.kind, path?.lost, path?.answer], ['refused', [], undefined])
})
