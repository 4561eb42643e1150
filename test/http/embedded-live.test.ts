// own process: the server of Hono replaces the global Request and Response
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { createServer, type ChangeEvent, type Server8008, type ServeOptions } from '../../src/index.ts'
import { programs } from '../support/embedding-programs.ts'
import { express, host, openSite, type Hosted, type Middleware } from '../support/frameworks.ts'
import { fetchSession, LivePage } from '../support/live-page.ts'
import { rawGet, rawRequest, type RawReply } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'

const files = { 'index.html': '<!doctype html><title>x</title>', 'style.css': 'a{}', 'sub/index.html': '<p>sub' }
const behind: Middleware = (request, response) => void response.writeHead(418).end(`app ${request.url}`)
const navigation = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']

async function pageAt(port: number, path: string): Promise<string> {
  return (await rawGet(port, path, navigation)).body.toString()
}

/** An Express app with sites at their mounts, and the upgrades of each. */
async function startExpress(sites: Readonly<Record<string, Server8008>>): Promise<Hosted> {
  const app = express()
  for (const [path, site] of Object.entries(sites)) app.use(path, site.handler)
  const hosted = await host(app.use(behind))
  for (const site of Object.values(sites)) hosted.server.on('upgrade', site.upgrade)
  return hosted
}

for (const [name, start] of Object.entries(programs)) {
  test(`${name}: pages of an embedded site have live reload, which ends with the site`, async () => {
    await using opened = await openSite(files, { live: true })
    await using app = await start(opened.site)
    assert.match(await pageAt(app.port, '/'), /<script src="\/__serve8008\/live\.js\?v=\w+" async="">/)
    assert.equal((await rawGet(app.port, '/__serve8008/live.js')).status, 200)
    using page = await LivePage.open(app.port, { resources: ['/style.css'] })
    assert.equal((await page.next()).type, 'welcome')
    writeFileSync(opened.folder.join('style.css'), 'b{}')
    const change = await page.next()
    assert.deepEqual(change.type === 'change' && change.changes, [{ path: '/style.css', kind: 'style' }])
    assert.equal((await rawGet(app.port, '/api')).body.toString(), '{"from":"app"}')
    const closed = page.closed()
    await opened.site.close()
    assert.equal(await closed, 1001)
  })

  test(`${name}: reload() reaches pages of an embedded site`, async () => {
    await using opened = await openSite(files, { live: true })
    await using app = await start(opened.site)
    using page = await LivePage.open(app.port)
    await page.next()
    assert.equal((await opened.site.reload()).pages, 1)
    assert.equal((await page.next()).type, 'reload')
  })

  test(`${name}: an embedded site has no live reload unless the program asks for it`, async () => {
    for (const options of [{}, { live: false }] satisfies ServeOptions[]) {
      await using opened = await openSite(files, options)
      await using app = await start(opened.site)
      assert.equal(await pageAt(app.port, '/'), files['index.html'])
      assert.equal((await rawGet(app.port, '/__serve8008/session')).status, 404)
    }
  })
}

test('sites below mounts have live reload each, with the paths of their pages', async () => {
  await using one = await openSite(files, { live: true })
  await using two = await openSite(files, { live: true, base: '/b/' })
  await using app = await startExpress({ '/one': one.site, '/v1/two': two.site })
  assert.match(await pageAt(app.port, '/one/'), /src="\/one\/__serve8008\/live\.js/)
  assert.match(await pageAt(app.port, '/v1/two/b/sub/'), /src="\/v1\/two\/b\/__serve8008\/live\.js/)
  using first = await LivePage.open(app.port, { base: '/one/', document: '/one/', resources: ['/one/style.css', '/x'] })
  using second = await LivePage.open(app.port, { base: '/v1/two/b/', document: '/v1/two/b/sub/' })
  for (const page of [first, second]) assert.equal((await page.next()).type, 'welcome')
  const updated: number[] = []
  one.site.on('reload', ({ pages }) => updated.push(pages))
  writeFileSync(one.folder.join('style.css'), 'b{}')
  const style = await first.next()
  assert.deepEqual(style.type === 'change' && style.changes, [{ path: '/one/style.css', kind: 'style' }])
  assert.deepEqual(updated, [1], 'at once, not after the wait for a missing file')
  writeFileSync(two.folder.join('sub/index.html'), '<p>new')
  const document = await second.next()
  assert.deepEqual(document.type === 'change' && document.changes, [{ path: '/v1/two/b/sub/', kind: 'document' }])
})

test('what a page below a mount loads without a report is known by its Referer', async () => {
  await using opened = await openSite({ ...files, 'worker.js': '1' }, { live: true })
  await using app = await startExpress({ '/m': opened.site })
  await rawGet(app.port, '/m/worker.js', [`Referer: http://localhost:${app.port}/m/`])
  using page = await LivePage.open(app.port, { base: '/m/', document: '/m/' })
  await page.next()
  writeFileSync(opened.folder.join('worker.js'), '2')
  const change = await page.next()
  assert.deepEqual(change.type === 'change' && change.changes, [{ path: '/m/worker.js', kind: 'other' }])
})

test('a page below a mount waits for a document that a build writes again', async () => {
  await using opened = await openSite(files, { live: true })
  await using app = await startExpress({ '/m': opened.site })
  using page = await LivePage.open(app.port, { base: '/m/', document: '/m/sub/' })
  await page.next()
  const removed = new Promise((resolve) => opened.site.on('change', resolve))
  rmSync(opened.folder.join('sub/index.html'))
  await removed
  opened.site.notify('removed')
  assert.equal((await page.next()).type, 'notify')
  writeFileSync(opened.folder.join('sub/index.html'), '<p>new')
  const message = await page.next()
  assert.deepEqual(message.type === 'change' && message.changes, [{ path: '/m/sub/', kind: 'document' }])
})

test('a page of the program itself can load the client', async () => {
  await using opened = await openSite(files, { live: true })
  await using app = await startExpress({ '/m': opened.site })
  using page = await LivePage.open(app.port, { base: '/m/', document: '/o/index.html', resources: ['/m/style.css'] })
  assert.equal((await page.next()).type, 'welcome')
  writeFileSync(opened.folder.join('index.html'), 'new')
  writeFileSync(opened.folder.join('style.css'), 'b{}')
  const change = await page.next()
  assert.deepEqual(change.type === 'change' && change.changes, [{ path: '/m/style.css', kind: 'style' }])
})

test('of mounts with a parameter the latest hundred are known', async () => {
  await using opened = await openSite(files, { live: true })
  await using app = await startExpress({ '/:tenant': opened.site })
  for (let i = 0; i <= 100; i++) {
    assert.match(await pageAt(app.port, `/t${i}/`), new RegExp(`src="/t${i}/__serve8008/live\\.js`))
    await fetchSession(app.port, `/t${i}/`)
  }
  const socketOf = (tenant: string): Promise<RawReply> => {
    const lines = [`Host: localhost:${app.port}`, 'Connection: Upgrade', 'Upgrade: websocket']
    return rawRequest(app.port, `GET /${tenant}/__serve8008/socket?token=x HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
  }
  assert.deepEqual([(await socketOf('t0')).status, (await socketOf('t1')).status], [404, 403])
  using page = await LivePage.open(app.port, { base: '/t0/', document: '/t0/' })
  assert.equal((await page.next()).type, 'welcome')
})

test('the socket of an embedded site refuses pages of other origins and wrong tokens', async () => {
  await using opened = await openSite(files, { live: true })
  await using app = await startExpress({ '/': opened.site })
  const handshake = (query: string, origin: string): string =>
    [
      `GET /__serve8008/socket?token=${query} HTTP/1.1`,
      `Host: localhost:${app.port}`,
      `Origin: ${origin}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      '',
      '',
    ].join('\r\n')
  const { token = '' } = opened.site
  const own = `http://localhost:${app.port}`
  assert.equal((await rawRequest(app.port, handshake(token, 'http://evil.test'))).status, 403)
  assert.equal((await rawRequest(app.port, handshake('x', own))).status, 403)
  assert.equal((await rawRequest(app.port, handshake(token, own))).status, 101)
})

test('a site that is added at run time has live reload in an embedding program too', async () => {
  await using opened = await openSite(files, { live: true })
  using folder = await new TempFolder().write(files)
  await opened.site.sites.add({ host: 'docs.localhost', root: folder.path })
  await using app = await startExpress({ '/': opened.site })
  const message = ['GET / HTTP/1.1', 'Host: docs.localhost', ...navigation, 'Connection: close', '', ''].join('\r\n')
  assert.match((await rawRequest(app.port, message)).body.toString(), /__serve8008\/live\.js/)
})

test('changes of embedded pages reach plugins, and tryFetch serves pages with the client', async () => {
  using folder = await new TempFolder().write(files)
  const changed: (readonly string[])[] = []
  const plugin = { name: 'mine', change: ({ paths }: ChangeEvent) => void changed.push(paths) }
  await using site = createServer({ root: folder.path, live: true, plugins: [plugin] })
  await using app = await host((request, response) => site.handler(request, response))
  app.server.on('upgrade', site.upgrade)
  using page = await LivePage.open(app.port)
  await page.next()
  writeFileSync(folder.join('index.html'), 'new')
  await page.next()
  assert.deepEqual(changed, [[folder.join('index.html')]])
  const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }
  const response = await site.tryFetch(new Request('http://localhost/', { headers }))
  assert.match((await response?.text()) ?? '', /__serve8008\/live\.js/)
})
