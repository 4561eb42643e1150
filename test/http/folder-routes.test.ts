import assert from 'node:assert/strict'
import { symlinkSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createServer, type AccessRecord, type RouteOptions, type ServeOptions } from '../../src/index.ts'
import { explainRequest } from '../../src/server/explain-request.ts'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import { LivePage } from '../support/live-page.ts'
import { rawGet, rawRequest } from '../support/raw.ts'
import { startServer, TempFolder, type Started } from '../support/server.ts'

/** The names in a listing; undefined where there is none. */
async function namesOf({ server }: Started, url: string): Promise<string[] | undefined> {
  const response = await server.fetch(url, { headers: { accept: 'application/json' } })
  if (response.headers.get('content-type')?.includes('json') !== true) return undefined
  const { entries } = (await response.json()) as { entries: { name: string }[] }
  return entries.map(({ name }) => name)
}

const textOf = async ({ server }: Started, url: string, headers: Record<string, string> = {}): Promise<string> =>
  (await server.fetch(url, { headers })).text()

describe('a route to a folder', () => {
  test('refuses and answers below its path what a mount does', async () => {
    using outside = await new TempFolder().write({ 'secret.txt': 'outside' })
    using docs = await new TempFolder().write({
      'index.html': 'manual',
      'a.txt': 'a',
      'sub/page.html': 'page',
      '.env': 'x',
      'server.key': 'x',
      'own.config.txt': 'x',
      'up..txt': 'dots',
    })
    symlinkSync(outside.join('secret.txt'), docs.join('link.txt'))
    symlinkSync(outside.path, docs.join('out'))
    const options: ServeOptions = {
      mounts: { '/mount': docs.path },
      routes: [{ match: { path: '/route' }, root: docs.path }],
    }
    await using started = await startServer({ 'index.html': 'site', 'secret.txt': 'site secret' }, options)
    const bare = ['', '?x', '/', '/a.txt', '/sub', '/sub/', '/sub/page', '/sub/page.html', 'x', '/none', '/up..txt']
    const names = ['/.env', '/server.key', '/link.txt', '/out/', '/out/secret.txt', '/%2eenv', '/SERVER.KEY']
    const paths = [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/..%5csecret.txt',
      '\\..\\secret.txt',
      '/sub/../../secret.txt',
      '/sub/..;/..;/secret.txt',
      '/;x/../a.txt',
      '//a.txt',
      '/./a.txt',
      '/%00a.txt',
      '/a.txt%00',
      '/%c0%ae%c0%ae/secret.txt',
      ';x/a.txt',
      '%2fa.txt',
      '/%252e%252e/secret.txt',
    ]
    for (const rest of [...bare, ...names, ...paths]) {
      const [one, other] = [await rawGet(started.port, `/mount${rest}`), await rawGet(started.port, `/route${rest}`)]
      const { status, body } = other
      assert.equal(status, one.status, rest)
      assert.equal(String(body).replaceAll('route', 'mount'), String(one.body), rest)
      assert.equal(other.field('location').replace('route', 'mount'), one.field('location'), rest)
      assert.doesNotMatch(String(body), /outside|site secret/, rest)
      if (names.includes(rest)) assert.ok(status === 403 || status === 404, `${rest}: ${status}`)
    }
    assert.equal(String((await rawGet(started.port, '/%72oute/a.txt')).body), 'a')
    // The path of a file, and not that of a route with parameters.
    await started.folder.write({ 'route;x/a.txt': 'site' })
    assert.equal(String((await rawGet(started.port, '/route;x/a.txt')).body), 'site')
    for (const method of ['POST', 'PUT', 'OPTIONS']) {
      const ask = (path: string): Promise<{ status: number }> =>
        rawRequest(started.port, `${method} ${path} HTTP/1.1\r\n${started.hostLine}\r\nContent-Length: 0\r\n\r\n`)
      assert.equal((await ask('/route/a.txt')).status, (await ask('/mount/a.txt')).status, method)
    }
  })

  test('never serves the configuration and the handler of the server', async () => {
    using folder = await new TempFolder().write({ 'app.mjs': 'secret', 'ok.txt': 'ok' })
    const { routes } = resolveConfig({ routes: [{ match: { path: '/x' }, root: '.' }] }, { cwd: folder.path })
    assert.deepEqual(routes[0]?.action, { kind: 'folder', root: folder.path })
    const config = resolveConfig({
      root: folder.path,
      handler: folder.join('app.mjs'),
      routes: [{ match: { path: '/x' }, root: folder.path }],
    })
    const statusOf = async (url: string): Promise<number | undefined> =>
      (await explainRequest({ ...config, handler: undefined }, { method: 'GET', url, headers: [] }))?.answer?.status
    assert.deepEqual([await statusOf('/x/ok.txt'), await statusOf('/x/app.mjs')], [200, 404])
  })

  test('belongs to a host, and each host has the files of its own folder', async () => {
    using docs = await new TempFolder().write({ 'index.html': 'docs', 'sub/a.txt': 'docs a', 'only.txt': 'only' })
    using lib = await new TempFolder().write({ 'a.txt': 'lib a' })
    const routes: RouteOptions[] = [
      { match: { host: 'docs.localhost' }, root: docs.path },
      { match: { host: '*.dev.localhost', path: '/lib' }, root: lib.path },
    ]
    await using started = await startServer({ 'index.html': 'site', 'sub/a.txt': 'site a' }, { routes })
    const got = async (url: string): Promise<string> => textOf(started, `http://${url}`)
    assert.deepEqual(
      await Promise.all(['docs.localhost/', 'localhost/', 'docs.localhost/sub/a.txt', 'localhost/sub/a.txt'].map(got)),
      ['docs', 'site', 'docs a', 'site a'],
    )
    assert.equal(await got('x.dev.localhost/lib/a.txt'), 'lib a')
    assert.equal((await started.server.fetch('http://localhost/lib/a.txt')).status, 404)
    assert.equal((await started.server.fetch('http://localhost/only.txt')).status, 404)
    assert.equal((await started.server.fetch('http://evil.test/')).status, 421)
  })

  test('answers by header, cookie, query and method, and other requests get other files', async () => {
    using next = await new TempFolder().write({ 'a.txt': 'next', 'new.txt': 'new' })
    const routes: RouteOptions[] = [
      { match: { path: '/', header: { 'x-next': '1' } }, root: next.path },
      { match: { path: '/', query: { next: true } }, root: next.path },
      { match: { path: '/get', method: ['GET', 'HEAD'] }, root: next.path },
      { match: { path: '/get' }, reply: { status: 202 } },
    ]
    await using started = await startServer({ 'a.txt': 'now' }, { routes })
    assert.equal(await textOf(started, 'http://localhost/a.txt'), 'now')
    assert.equal(await textOf(started, 'http://localhost/a.txt', { 'x-next': '1' }), 'next')
    assert.equal(await textOf(started, 'http://localhost/a.txt?next'), 'next')
    assert.equal(await textOf(started, 'http://localhost/get/new.txt'), 'new')
    const post = await started.server.fetch('http://localhost/get/new.txt', { method: 'POST' })
    assert.equal(post.status, 202)
    // A file that only one folder has is not found in the other one.
    assert.equal((await started.server.fetch('http://localhost/new.txt')).status, 404)
  })

  test('gets what a handler of a route passes on, and the files of the option handler come first', async () => {
    using docs = await new TempFolder().write({ 'a.txt': 'docs' })
    const routes: RouteOptions[] = [
      { match: { host: 'docs.localhost' }, root: docs.path },
      { match: { host: 'docs.localhost', exact: '/a.txt' }, handler: () => undefined as unknown as Response },
    ]
    const handler = (): Response => new Response('handled')
    await using started = await startServer({ 'a.txt': 'site' }, { routes, handler })
    const records: AccessRecord[] = []
    started.server.on('reply', (record) => records.push(record))
    const ask = async (host: string, path: string): Promise<string> => {
      const head = `GET ${path} HTTP/1.1\r\nHost: ${host}:${started.port}\r\nConnection: close\r\n\r\n`
      return String((await rawRequest(started.port, head)).body)
    }
    assert.equal(await ask('docs.localhost', '/a.txt'), 'docs')
    assert.equal(await ask('docs.localhost', '/none'), 'handled')
    assert.equal(await ask('localhost', '/a.txt'), 'site')
    assert.deepEqual(
      records.map(({ route }) => route),
      ['docs.localhost', 'docs.localhost', ''],
    )
  })

  test('is refused where it takes every path, is no prefix, or has no folder', () => {
    const problemOf = (route: Omit<RouteOptions, 'match'>, match: RouteOptions['match'], base = '/'): string => {
      try {
        createServer({ base, routes: [{ match, ...route }] })
      } catch (error) {
        const { message, hint } = error as { message: string; hint: string }
        return `${message}; ${hint}`
      }
      return ''
    }
    const root = './docs'
    assert.match(problemOf({ root }, {}), /^routes\.0\.root: the route takes every path of the served folder; set the/)
    assert.match(problemOf({ root }, { path: '/' }, '/app/'), /takes every path/)
    assert.match(
      problemOf({ root }, { exact: '/a' }),
      /^routes\.0\.root: a folder needs a path; use path instead of exact$/,
    )
    assert.match(problemOf({ root }, { pattern: '/a/*' }), /a folder needs a path; use path instead of pattern/)
    assert.match(problemOf({ root: '' }, { path: '/a' }), /^routes\.0\.root: "" is not a folder/)
    assert.match(
      problemOf({ root, proxy: 3000 }, { path: '/a' }),
      /has both proxy and root; give it exactly one of .*root/,
    )
    assert.equal(problemOf({ root }, { host: 'docs.localhost' }), '')
  })
})

describe('folders that routes add while the server runs', () => {
  test('answer from the next request on, and no longer once they are removed', async () => {
    using docs = await new TempFolder().write({ 'a.txt': 'docs' })
    await using started = await startServer({ 'docs/a.txt': 'site' })
    const { server, port } = started
    const body = async (): Promise<string> => String((await rawGet(port, '/docs/a.txt')).body)
    assert.equal(await body(), 'site')
    assert.equal(server.routes.add({ match: { path: '/docs' }, root: docs.path }), '/docs')
    assert.equal(await body(), 'docs')
    writeFileSync(docs.join('a.txt'), 'saved')
    assert.equal(await body(), 'saved')
    assert.deepEqual(
      server.routes.list().map(({ action }) => action),
      [{ kind: 'folder', root: docs.path }],
    )
    assert.equal(server.routes.remove('/docs'), true)
    assert.equal(await body(), 'site')
  })

  test('must exist, and must not be served at that path already', async () => {
    using docs = await new TempFolder().write({ 'a.txt': 'docs' })
    await using started = await startServer({}, { mounts: { '/docs': docs.path } })
    const { routes } = started.server
    const add = (path: string, folder: string) => () => routes.add({ match: { path }, root: folder })
    assert.throws(add('/x', docs.join('none')), {
      code: 'E8008_ROOT_NOT_FOUND',
      message: /^The folder of \/x does not/,
    })
    assert.throws(add('/x', docs.join('a.txt')), { code: 'E8008_ROOT_NOT_FOLDER' })
    assert.throws(add('/docs', docs.path), { code: 'E8008_CONFIG_INVALID', hint: /remove\("\/docs"\)/ })
    assert.deepEqual(
      routes.list().map(({ id }) => id),
      ['/docs'],
    )
    // As in a configuration: a folder stands behind another route of the same path.
    const id = routes.add({ match: { path: '/docs' }, reply: { body: 'reply' } })
    assert.equal(await textOf(started, 'http://localhost/docs/a.txt'), 'reply')
    routes.remove(id)
    assert.equal(await textOf(started, 'http://localhost/docs/a.txt'), 'docs')
  })

  test('are replaced with the others, of which unchanged ones stay', async () => {
    using docs = await new TempFolder().write({ 'a.txt': 'docs' })
    using more = await new TempFolder().write({ 'a.txt': 'more' })
    await using started = await startServer({}, { mounts: { '/docs': docs.path } })
    const { server } = started
    server.routes.replace({ mounts: { '/docs': docs.path, '/more': more.path } })
    assert.equal(await textOf(started, 'http://localhost/more/a.txt'), 'more')
    assert.throws(() => server.routes.replace({ mounts: { '/docs': docs.join('none') } }), {
      code: 'E8008_ROOT_NOT_FOUND',
    })
    assert.equal(await textOf(started, 'http://localhost/docs/a.txt'), 'docs')
    // A folder that was removed meanwhile is no reason to refuse another change.
    more[Symbol.dispose]()
    server.routes.add({ match: { path: '/x' }, redirect: '/' })
    server.routes.replace({})
    assert.equal((await server.fetch('http://localhost/docs/a.txt')).status, 404)
  })

  test('have pages with live reload', async () => {
    using docs = await new TempFolder().write({ 'index.html': '<!doctype html>docs', 'a.css': 'p{}', 'part.js': '1' })
    await using started = await startServer({ 'index.html': '<!doctype html>site' })
    const { server, port } = started
    using home = await LivePage.open(port, { document: '/' })
    assert.equal((await home.next()).type, 'welcome')
    // These paths are known as those of the top folder.
    for (const path of ['/docs/', '/docs/part.js']) assert.equal((await rawGet(port, path)).status, 404)
    const id = server.routes.add({ match: { path: '/docs' }, root: docs.path })
    assert.equal((await home.next()).type, 'reload')
    await rawGet(port, '/docs/', ['Accept: text/html'])
    using page = await LivePage.open(port, { document: '/docs/', resources: ['/docs/a.css'] })
    assert.equal((await page.next()).type, 'welcome')
    await docs.write({ 'a.css': 'p{color:red}' })
    const message = await page.next()
    assert.deepEqual(message.type === 'change' && message.changes, [{ path: '/docs/a.css', kind: 'style' }])
    // A file that only the Referer relates to the page.
    await rawGet(port, '/docs/part.js', [`Referer: http://localhost:${port}/docs/a.css`])
    await docs.write({ 'part.js': '22' })
    const part = await page.next()
    assert.deepEqual(part.type === 'change' && part.changes, [{ path: '/docs/part.js', kind: 'other' }])
    server.routes.remove(id)
    assert.equal((await page.next()).type, 'reload')
    // Other routes change no page.
    server.routes.add({ match: { path: '/x' }, redirect: '/' })
    await docs.write({ 'a.css': 'p{color:blue}' })
    await started.folder.write({ 'index.html': '<!doctype html>changed' })
    assert.equal((await home.next()).type, 'reload')
    assert.equal((await home.next()).type, 'change')
  })

  test('have pages with live reload where the path alone does not tell the folder', async () => {
    using docs = await new TempFolder().write({ 'index.html': '<!doctype html>docs' })
    await using started = await startServer(
      { 'index.html': '<!doctype html>site' },
      { routes: [{ match: { host: 'docs.localhost' }, root: docs.path }] },
    )
    using page = await LivePage.open(started.port, { document: '/' })
    assert.equal((await page.next()).type, 'welcome')
    for (const folder of [docs, started.folder]) {
      await folder.write({ 'index.html': `<!doctype html>changed in ${folder.path}` })
      const message = await page.next()
      assert.deepEqual(message.type === 'change' && message.changes, [{ path: '/', kind: 'document' }])
    }
  })
})

describe('a listing', () => {
  test('links the folders that the same host and header reach, and no others', async () => {
    using docs = await new TempFolder().write({ 'd.txt': 'd', 'lib/own.txt': 'own' })
    using lib = await new TempFolder().write({ 'l.txt': 'l' })
    const host = 'docs.localhost'
    const routes: RouteOptions[] = [
      { match: { host }, root: docs.path },
      { match: { host, path: '/api' }, root: lib.path },
      { match: { path: '/canary', header: { 'x-canary': '1' } }, root: lib.path },
    ]
    await using started = await startServer({ 'a.txt': 'a' }, { routes, mounts: { '/lib': lib.path } })
    assert.deepEqual(await namesOf(started, 'http://localhost/'), ['lib', 'a.txt'])
    // The host goes first: /lib is in its folder there.
    assert.deepEqual(await namesOf(started, `http://${host}/`), ['api', 'lib', 'd.txt'])
    assert.deepEqual(await namesOf(started, `http://${host}/lib/`), ['own.txt'])
    assert.deepEqual(await namesOf(started, `http://${host}/api/`), ['l.txt'])
    const { server } = started
    const ask = async (lines: Record<string, string>): Promise<string> =>
      (await server.fetch('http://localhost/', { headers: { accept: 'application/json', ...lines } })).text()
    // At the same time: they share no listing.
    const [plain, canary] = await Promise.all([ask({}), ask({ 'x-canary': '1' })])
    assert.deepEqual([plain.includes('"canary"'), canary.includes('"canary"')], [false, true])
  })

  test('follows routes that are added and removed', async () => {
    using lib = await new TempFolder().write({ 'l.txt': 'l' })
    await using started = await startServer({ 'a.txt': 'a' })
    const id = started.server.routes.add({ match: { path: '/lib' }, root: lib.path })
    assert.deepEqual(await namesOf(started, 'http://localhost/'), ['lib', 'a.txt'])
    started.server.routes.remove(id)
    assert.deepEqual(await namesOf(started, 'http://localhost/'), ['a.txt'])
  })
})

test('without a folder no files are listed among what does not answer', async () => {
  const routes = [{ match: { path: '/a' }, reply: { body: 'a' } }]
  const config = resolveConfig({ root: false, routes })
  const ask = (url: string): ReturnType<typeof explainRequest> =>
    explainRequest(config, { method: 'GET', url, headers: [] })
  assert.deepEqual((await ask('/a'))?.lost, [])
  const missing = await ask('/b')
  assert.deepEqual(
    [missing?.kind, missing?.route, missing?.text],
    ['none', undefined, '404: no route or folder matches'],
  )
})

test('a request to a folder of a route is explained', async () => {
  using docs = await new TempFolder().write({ 'a.txt': 'a' })
  const config = resolveConfig({
    root: docs.path,
    routes: [{ id: '/', match: { host: 'docs.localhost', path: '/d' }, root: docs.path }],
  })
  const ask = (url: string): ReturnType<typeof explainRequest> =>
    explainRequest(config, { method: 'GET', url, headers: [] })
  const found = await ask('http://docs.localhost:8008/d/a.txt')
  assert.deepEqual(
    [found?.kind, found?.route, found?.text, found?.answer?.status],
    ['folder', '/', `files of ${docs.path}`, 200],
  )
  assert.deepEqual(found?.lost, [{ route: 'files at /', why: '/ is more specific' }])
  assert.equal((await ask('/d/a.txt'))?.answer?.status, 404)
})
