import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { createServerFrom } from '../../src/server/create.ts'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import { rawRequest, type RawReply } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'

const token = 'owner-token-1'

/** Asks a server of a user, by default by the name of its dashboard. */
type Ask = (line: string, fields?: readonly string[], host?: string, method?: string) => Promise<RawReply>

interface Session {
  readonly cookie: string
  readonly ours: string
}

async function serve(t: TestContext): Promise<{ ask: Ask; enter(): Promise<Session> }> {
  const folder = await new TempFolder().write({ 'index.html': 'a page of the site' })
  const config = resolveConfig({ root: folder.path, port: 0, host: '127.0.0.1' })
  const server = createServerFrom(config, {}, resolveConfig, { owner: { token } })
  const { port } = await server.listen()
  t.after(async () => {
    await server.close()
    folder[Symbol.dispose]()
  })
  const ask: Ask = async (line, fields = [], host = 'serve8008.localhost', method = 'GET') => {
    const lines = [`${line} HTTP/1.1`, `Host: ${host}:${port}`, 'Connection: close', ...fields]
    return await rawRequest(port, `${lines.join('\r\n')}\r\n\r\n`, method)
  }
  /** Opens the dashboard as the command does. Returns the fields that its page sends. */
  const enter = async (): Promise<Session> => {
    const { body } = await ask('POST /__serve8008/dashboard', [`X-Serve8008-Token: ${token}`], 'localhost')
    const { url } = JSON.parse(String(body)) as { url: string }
    const { pathname, search, hostname } = new URL(url)
    assert.equal(hostname, 'serve8008.localhost')
    const { status, field } = await ask(`GET ${pathname}${search}`)
    assert.equal(status, 303)
    const [path, key = ''] = field('location').split('#')
    assert.equal(path, '/__serve8008/')
    assert.match(key, /^[\w-]{43}$/)
    assert.equal(field('clear-site-data'), '"storage"')
    const cookie = field('set-cookie')
    assert.match(cookie, /; Path=\/__serve8008\/; HttpOnly; SameSite=Strict$/)
    return { cookie: `Cookie: ${cookie.split(';')[0]}`, ours: `X-Serve8008: ${key}` }
  }
  return { ask, enter }
}

describe('the dashboard', () => {
  test('opens by a ticket, once', async (t) => {
    const { ask, enter } = await serve(t)
    const { cookie } = await enter()
    const page = await ask('GET /__serve8008/', [cookie])
    assert.equal(page.status, 200)
    assert.match(String(page.body), /<title>Dashboard<\/title>/)
    assert.match(page.field('content-security-policy'), /default-src 'none'.*frame-ancestors 'none'/)
    assert.equal(page.field('cross-origin-opener-policy'), 'same-origin')
    assert.equal(page.field('cross-origin-resource-policy'), 'same-origin')
    assert.match(page.field('cache-control'), /no-store/)
    const { body } = await ask('POST /__serve8008/dashboard', [`X-Serve8008-Token: ${token}`], 'localhost')
    const { pathname, search } = new URL((JSON.parse(String(body)) as { url: string }).url)
    assert.equal((await ask(`GET ${pathname}${search}`)).status, 303)
    assert.equal((await ask(`GET ${pathname}${search}`)).status, 403)
  })

  test('is a name of its own: the site does not answer there, and it does not answer for the site', async (t) => {
    const { ask, enter } = await serve(t)
    const { cookie, ours } = await enter()
    for (const path of ['/', '/index.html', '/__serve8008/../index.html', '/__serve8008']) {
      const { status, body } = await ask(`GET ${path}`, [cookie])
      assert.ok([303, 400, 404].includes(status), `${path}: ${status}`)
      assert.doesNotMatch(String(body), /a page of the site/)
    }
    for (const name of ['', 'exchanges', 'state', 'page.js']) {
      const { status, body } = await ask(`GET /__serve8008/${name}`, [cookie, ours], 'localhost')
      assert.ok([302, 403, 404].includes(status), `${name}: ${status}`)
      assert.doesNotMatch(String(body), /"sites"|recording/)
    }
    for (const host of ['serve8008.localhost.evil.example', 'x.serve8008.localhost', 'a.b.SERVE8008.localhost.']) {
      assert.equal((await ask('GET /', [cookie], host)).status, 421, host)
      assert.equal((await ask('GET /__serve8008/', [cookie], host)).status, 421, host)
    }
    for (const host of ['SERVE8008.LOCALHOST', 'serve8008.localhost.', 'Serve8008.localhost']) {
      assert.equal((await ask('GET /', [cookie], host)).status, 303, host)
    }
  })

  test('is found from the address that people type', async (t) => {
    const { ask } = await serve(t)
    const { status, field } = await ask('GET /__serve8008/', [], 'localhost')
    assert.equal(status, 302)
    assert.match(field('location'), /^http:\/\/serve8008\.localhost:\d+\/__serve8008\/$/)
    const closed = await ask('GET /__serve8008/')
    assert.equal(closed.status, 403)
    assert.match(String(closed.body), /serve8008 dashboard/)
  })

  test('tells its routes to its own page alone', async (t) => {
    const { ask, enter } = await serve(t)
    const { cookie, ours } = await enter()
    const mine = await ask('GET /__serve8008/state', [cookie, ours, 'Sec-Fetch-Site: same-origin'])
    assert.equal(mine.status, 200)
    assert.equal((JSON.parse(String(mine.body)) as { sites: unknown[] }).sites.length, 1)
    const refused: readonly (readonly string[])[] = [
      [ours],
      [cookie],
      // A server at another port of the name gets the cookie, and not the key.
      [cookie, 'X-Serve8008: dashboard'],
      [cookie, ours.replace(/.$/, '_')],
      [cookie, (await enter()).ours],
      [cookie, ours, 'Sec-Fetch-Site: cross-site'],
      [cookie, ours, 'Sec-Fetch-Site: same-site'],
      [cookie, ours, 'Origin: http://localhost:8008'],
      [cookie, ours, 'Origin: null'],
      [cookie.replace(/.$/, '_'), ours],
    ]
    for (const fields of refused) {
      for (const line of ['GET /__serve8008/state', 'GET /__serve8008/exchanges', 'POST /__serve8008/reload']) {
        assert.equal((await ask(line, fields)).status, 403, `${line} ${fields.join(', ')}`)
      }
    }
  })

  test('ends a service worker that another server left at its name', async (t) => {
    const { ask } = await serve(t)
    for (const path of ['/worker.js', '/__serve8008/page.js', '/__serve8008/worker.js']) {
      const { status, body, field } = await ask(`GET ${path}`, ['Service-Worker: script'])
      assert.equal(status, 200)
      assert.equal(field('content-type'), 'text/javascript; charset=utf-8')
      assert.match(String(body), /unregister/)
    }
  })

  test('records nothing for a reader who asks for no content', async (t) => {
    const { ask, enter } = await serve(t)
    const { cookie, ours } = await enter()
    // More than there may be readers.
    for (let i = 0; i < 40; i++) {
      const message = await ask('HEAD /__serve8008/exchanges', [cookie, ours], 'serve8008.localhost', 'HEAD')
      assert.equal(message.status, 200)
    }
  })

  test('acts by POST alone', async (t) => {
    const { ask, enter } = await serve(t)
    const { cookie, ours } = await enter()
    const wrong = await ask('GET /__serve8008/reload', [cookie, ours])
    assert.equal(wrong.status, 405)
    assert.equal(wrong.field('allow'), 'POST')
    const right = await ask('POST /__serve8008/reload', [cookie, ours, 'Content-Length: 0'])
    assert.deepEqual(JSON.parse(String(right.body)), { pages: 0 })
  })

  test('has no link for who has no token, nor for pages', async (t) => {
    const { ask } = await serve(t)
    const line = 'POST /__serve8008/dashboard'
    const given = `X-Serve8008-Token: ${token}`
    assert.equal((await ask(line, [], 'localhost')).status, 403)
    assert.equal((await ask(line, [`${given}x`], 'localhost')).status, 403)
    assert.equal((await ask(line, [given, 'Sec-Fetch-Site: cross-site'], 'localhost')).status, 403)
    assert.equal((await ask(line, [given, 'Origin: https://evil.example'], 'localhost')).status, 403)
    assert.equal((await ask('GET /__serve8008/dashboard', [given], 'localhost')).status, 405)
  })
})
