import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type ClientHttp2Session } from 'node:http2'
import { test } from 'node:test'
import { createServer, type AccessRecord, type ServeOptions } from '../../src/index.ts'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import { explainRequest } from '../../src/server/explain-request.ts'
import { rawRequest, type RawReply } from '../support/raw.ts'
import { openListener, startSecure } from '../support/secure.ts'
import { startServer, TempFolder, type Started } from '../support/server.ts'

const files = { 'a.txt': 'main', 'docs/a.txt': 'docs', 'app/a.txt': 'app' }

/** Serves the folders `docs` and `app` as sites, and the folder of both as the default site unless it is left out. */
async function startSites(
  sites: (folder: string) => ServeOptions['sites'],
  options: ServeOptions = {},
): Promise<Started> {
  const folder = await new TempFolder().write(files)
  const started = await startServer({ 'a.txt': 'main' }, { sites: sites(folder.path), ...options })
  return {
    ...started,
    [Symbol.asyncDispose]: async () => {
      await started[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}

function ask(port: number, host: string, target = '/a.txt'): Promise<RawReply> {
  return rawRequest(port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
}

async function answerOf(port: number, host: string): Promise<string> {
  const { status, body } = await ask(port, host)
  return status === 200 ? body.toString() : String(status)
}

test('each site answers for its hosts, the default site for the other names', async () => {
  await using started = await startSites((folder) => [
    { host: 'docs.localhost', root: `${folder}/docs` },
    { host: ['app.localhost', '*.app.localhost', 'app.test'], root: `${folder}/app` },
  ])
  for (const [host, answer] of [
    ['localhost', 'main'],
    ['other.localhost', 'main'],
    ['127.0.0.1', 'main'],
    ['docs.localhost', 'docs'],
    ['DOCS.localhost.', 'docs'],
    ['docs.localhost:8008', 'docs'],
    ['app.localhost', 'app'],
    ['a.b.app.localhost', 'app'],
    ['app.test', 'app'],
    ['a.app.test', '421'],
    ['evil.test', '421'],
    ['.app.localhost', '400'],
  ] as const) {
    assert.equal(await answerOf(started.port, host), answer, host)
  }
})

test('without options of its own there is no default site', async () => {
  using folder = await new TempFolder().write(files)
  await using server = createServer({
    port: 0,
    host: '127.0.0.1',
    sites: [{ host: 'docs.localhost', root: folder.join('docs') }],
  })
  const { url, port, sites } = await server.listen()
  assert.equal(url, `http://docs.localhost:${port}/`)
  assert.deepEqual(sites, [{ name: 'docs.localhost', hosts: ['docs.localhost'], urls: [url] }])
  assert.equal(await answerOf(port, 'docs.localhost'), 'docs')
  for (const host of ['localhost', '127.0.0.1', 'app.localhost']) assert.equal(await answerOf(port, host), '421', host)
})

test('each site has its own options', async () => {
  await using started = await startSites((folder) => [
    { host: 'docs.localhost', root: `${folder}/docs`, auth: 'me:secret', headers: { 'x-site': 'docs' }, live: false },
    { host: 'app.localhost', root: `${folder}/app`, routes: [{ match: { path: '/old' }, redirect: '/a.txt' }] },
  ])
  const { port } = started
  assert.equal((await ask(port, 'docs.localhost')).status, 401)
  assert.equal((await ask(port, 'docs.localhost')).field('x-site'), 'docs')
  assert.equal((await ask(port, 'app.localhost', '/old')).status, 307)
  assert.equal((await ask(port, 'localhost', '/old')).status, 404)
  assert.equal((await ask(port, 'app.localhost')).field('x-site'), '')
})

const listeners = [
  { name: 'web', port: 0 },
  { name: 'admin', port: 0 },
  { name: 'secure', port: 0, tls: true },
]

test('a site answers on the listeners that it names, and is refused on others', async () => {
  using folder = await new TempFolder().write(files)
  await using started = await startSecure(
    { 'a.txt': 'main' },
    {
      listeners,
      sites: [
        { host: 'docs.localhost', root: folder.join('docs'), listeners: ['web', 'secure'] },
        { listeners: 'admin', root: folder.join('app') },
      ],
    },
  )
  const answer = async (name: string, host: string): Promise<string> => {
    using client = await openListener(started, name)
    const { status, body } = await client.send(`GET /a.txt HTTP/1.1\r\nHost: ${host}\r\n\r\n`).reply()
    return status === 200 ? body.toString() : String(status)
  }
  assert.deepEqual(await Promise.all(['web', 'admin', 'secure'].map((name) => answer(name, 'localhost'))), [
    'main',
    'app',
    'main',
  ])
  assert.deepEqual(await Promise.all(['web', 'admin', 'secure'].map((name) => answer(name, 'docs.localhost'))), [
    'docs',
    '421',
    'docs',
  ])
})

function status(session: ClientHttp2Session, authority: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/a.txt', ':authority': authority })
    stream.once('response', (fields) => resolve(Number(fields[':status'])))
    stream.once('error', reject)
    stream.resume()
  })
}

test('an HTTP/2 connection serves every site of its listener, and refuses those of others', async () => {
  using folder = await new TempFolder().write(files)
  await using started = await startSecure(
    { 'a.txt': 'main' },
    {
      listeners,
      sites: [
        { host: 'docs.localhost', root: folder.join('docs') },
        { host: 'app.localhost', root: folder.join('app'), listeners: 'web' },
      ],
    },
  )
  const { listeners: bound } = await started.server.listen()
  const session = connect(`https://localhost:${bound[2]?.port}`, { ca: started.ca })
  assert.deepEqual(
    await Promise.all(['localhost', 'docs.localhost', 'app.localhost'].map((name) => status(session, name))),
    [200, 200, 421],
  )
  session.close()
  await once(session, 'close')
})

test('records name the listener, and each site but the default one', async () => {
  using folder = await new TempFolder().write(files)
  await using started = await startSecure(
    { 'a.txt': 'main' },
    {
      listeners,
      sites: [
        { host: 'docs.localhost', root: folder.join('docs'), listeners: ['secure', 'admin'] },
        { name: 'inner', root: folder.join('app'), listeners: 'admin' },
      ],
    },
  )
  const recordOf = async (name: string, host: string): Promise<(string | number)[]> => {
    const ended = new Promise<AccessRecord>((resolve) => started.server.on('reply', resolve))
    using client = await openListener(started, name)
    await client.send(`GET /a.txt HTTP/1.1\r\nHost: ${host}\r\n\r\n`).reply()
    const { status, site, listener } = await ended
    return [status, site, listener]
  }
  assert.deepEqual(await recordOf('web', 'localhost'), [200, '', 'web'])
  assert.deepEqual(await recordOf('secure', 'docs.localhost'), [200, 'docs.localhost', 'secure'])
  assert.deepEqual(await recordOf('admin', 'localhost'), [200, 'inner', 'admin'])
  assert.deepEqual(await recordOf('web', 'docs.localhost'), [421, '', 'web'])
})

test('the log tells on which listeners a refused name is served, and the page does not', async () => {
  using folder = await new TempFolder().write(files)
  await using started = await startSecure(
    { 'a.txt': 'main' },
    {
      listeners,
      sites: [
        { host: '*.localhost', root: folder.join('docs'), listeners: ['secure', 'web'] },
        { host: 'docs.localhost', root: folder.join('docs'), listeners: ['secure', 'admin'] },
      ],
    },
  )
  const [web] = (await started.server.listen()).listeners
  const answer = async (request: string): Promise<[remark: string, page: string]> => {
    const ended = new Promise<AccessRecord>((resolve) => started.server.on('reply', resolve))
    const { body } = await rawRequest(web?.port ?? 0, `${request}\r\nConnection: close\r\n\r\n`)
    return [(await ended).remark, body.toString()]
  }
  const [remark, page] = await answer('GET /a.txt HTTP/1.1\r\nHost: DOCS.localhost')
  assert.equal(remark, 'served on admin, secure only')
  const [, unknown] = await answer('GET /a.txt HTTP/1.1\r\nHost: evil.test')
  assert.equal(page, unknown.replaceAll('evil.test', 'docs.localhost'))
  const [broken] = await answer('GET /%00 HTTP/1.1\r\nHost: docs.localhost')
  assert.doesNotMatch(broken, /served/)
})

test('a name that no site has is not explained by an option where there is no default site', async () => {
  using folder = await new TempFolder().write(files)
  await using server = createServer({ port: 0, sites: [{ host: 'docs.localhost', root: folder.join('docs') }] })
  const { port } = await server.listen()
  const ended = new Promise<AccessRecord>((resolve) => server.on('reply', resolve))
  await ask(port, 'localhost')
  assert.equal((await ended).remark, 'no site here has this name')
})

test('a plain request is redirected to a listener for HTTPS that has the site', async () => {
  using folder = await new TempFolder().write(files)
  await using started = await startSecure(
    { 'a.txt': 'main' },
    {
      redirect: true,
      listeners: [...listeners, { name: 'second', port: 0, tls: true }],
      sites: [
        { host: 'docs.localhost', root: folder.join('docs'), listeners: ['web', 'second'] },
        { host: 'app.localhost', root: folder.join('app'), listeners: 'web' },
      ],
    },
  )
  const [web, , secure, second] = (await started.server.listen()).listeners.map(({ port }) => port)
  assert.equal((await ask(web ?? 0, 'localhost')).field('location'), `https://localhost:${secure}/a.txt`)
  assert.equal((await ask(web ?? 0, 'docs.localhost')).field('location'), `https://docs.localhost:${second}/a.txt`)
  assert.equal(await answerOf(web ?? 0, 'app.localhost'), 'app')
})

test('fetch and the layers of a program reach every site', async () => {
  await using started = await startSites((folder) => [{ host: 'docs.localhost', root: `${folder}/docs` }])
  const seen: string[] = []
  started.server.use((next) => (x) => {
    seen.push(x.authority?.hostname ?? '')
    return next(x)
  })
  for (const [host, text] of [
    ['localhost', 'main'],
    ['docs.localhost', 'docs'],
  ]) {
    assert.equal(await (await started.server.fetch(`http://${host}/a.txt`)).text(), text)
  }
  assert.deepEqual(seen, ['localhost', 'docs.localhost'])
})

test('explain names the site that answers, and refuses what none does', async () => {
  using folder = await new TempFolder().write(files)
  const config = resolveConfig({
    root: folder.path,
    listeners: [{ port: 8008 }, { port: 8448, tls: true, name: 'secure' }],
    sites: [{ host: 'docs.localhost', root: folder.join('docs'), listeners: 'secure' }],
  })
  const siteAt = async (url: string): Promise<string | undefined> => {
    const found = await explainRequest(config, { method: 'GET', url, headers: [] })
    return found?.kind === 'refused' ? found.kind : found?.site
  }
  assert.equal(await siteAt('/a.txt'), undefined)
  assert.equal(await siteAt('https://docs.localhost:8448/a.txt'), 'docs.localhost')
  const refused = await explainRequest(config, { method: 'GET', url: 'http://docs.localhost:8008/a.txt', headers: [] })
  assert.equal(
    refused?.text,
    '421 E8008_HOST_NOT_ALLOWED: This server does not answer for docs.localhost: served on secure only.',
  )
  assert.equal(refused?.fix, undefined)
})

for (const [name, given, message] of [
  ['a site without a host', [{ root: '.' }], /sites\.0: the site has neither a host nor listeners/],
  ['a wrong host', [{ host: 'http://a.test' }], /sites\.0\.host: "http:\/\/a\.test" is not a host name/],
  ['a listener that is missing', [{ host: 'a.test', listeners: 'b' }], /there is no listener "b"/],
  ['an option of the server', [{ host: 'a.test', port: 1 }], /sites\.0\.port: it belongs to the server/],
  ['an unknown option', [{ host: 'a.test', rot: 1 }], /sites\.0\.rot: unknown option/],
  ['a wrong value', [{ host: 'a.test', listing: 1 }], /sites\.0\.listing: expected true or false/],
  [
    'one host twice',
    [{ host: 'a.test' }, { host: 'A.test', name: 'b' }],
    /the site "a\.test" answers for the same host/,
  ],
  ['one name twice', [{ host: 'a.test' }, { host: 'b.test', name: 'a.test' }], /two sites have the name "a\.test"/],
  ['a folder that is missing', [{ host: 'a.test', root: '/missing' }], /of the site a\.test does not exist/],
] as const) {
  test(`refuses ${name}`, () => {
    assert.throws(() => createServer({ sites: given as never }), message)
  })
}
