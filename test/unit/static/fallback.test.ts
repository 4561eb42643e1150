import assert from 'node:assert/strict'
import { rmSync, type BigIntStats } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { getField } from '../../../src/http/message/headers.ts'
import { textReply, type Reply } from '../../../src/http/message/reply.ts'
import { syntheticExchange } from '../../../src/http/synthetic-exchange.ts'
import { createFallback } from '../../../src/static/fallback.ts'
import type { UrlPath } from '../../../src/static/url-path.ts'
import { ask, folder, site } from './site.ts'

const navigate = 'sec-fetch-mode: navigate'
const forwarded = ['sec-fetch-dest: empty', 'sec-fetch-mode: cors', 'upgrade-insecure-requests: 1']
const html = 'accept: text/html,application/xhtml+xml,*/*;q=0.8'

test('a shared page has one reply for each kind of client', () => {
  const isFile = (): boolean => true
  const page = Object.freeze(textReply(200, 'page'))
  const fallback = createFallback({
    look: () => ({ isFile }) as BigIntStats,
    files: { send: () => page, has: () => true, resize: () => {}, clear: () => {} },
    root: '/',
    single: 'index.html',
    advice: () => undefined,
  })
  const path = { names: ['x'] } as unknown as UrlPath
  const ask = (...headers: string[]) => fallback(path, syntheticExchange({ method: 'GET', target: '/x', headers }))
  const replies = [[], ['Sec-Fetch-Mode', 'navigate'], ['Sec-Fetch-Mode', 'cors']].map((headers) => {
    const reply = ask(...headers) as Reply
    assert.equal(ask(...headers), reply)
    return [reply.status, getField(reply.headers, 'vary')]
  })
  const navigation = 'Sec-Fetch-Dest, Sec-Fetch-Mode'
  assert.deepEqual(replies, [
    [200, `${navigation}, Upgrade-Insecure-Requests, Accept, X-Requested-With, HX-Request, Turbo-Frame`],
    [200, navigation],
    [404, 'Accept, Sec-Fetch-Dest'],
  ])
})

describe('a single-page app', () => {
  const files = { 'index.html': 'app', 'logo.png': 'png', '404.html': 'gone' }

  test('answers a navigation to any of its paths with its page', async (t) => {
    const from = site(folder(t, files), { single: 'index.html' })
    const names = ['/sites/example.com', '/sites/serde.rs', '/users/jane@example.com', '/users/a@b.museum']
    const plain = ['/users/42', '/users/42/', '/users/jane.doe', '/a;b', '/v1.2/intro']
    for (const target of [...plain, ...names, '/repos/own%2Frepo', '/repos/own%2fre.po/']) {
      for (const headers of [[navigate], [html], [...forwarded, html]]) {
        const answer = await ask(from, target, headers)
        assert.deepEqual(
          [answer.status, answer.text, answer.field('content-type')],
          [200, 'app', 'text/html; charset=utf-8'],
          target,
        )
        assert.match(answer.field('vary') ?? '', headers[0] === html ? /\bAccept,/ : /^Sec-Fetch-Dest, Sec-Fetch-Mode$/)
        assert.ok(answer.reply.validators?.etag)
      }
    }
  })

  test('answers clients that accept anything, such as curl and health checks, if the name has no extension', async (t) => {
    const from = site(folder(t, files), { single: 'index.html' })
    for (const headers of [['accept: */*'], ['accept: */*;q=0.8'], []]) {
      const answer = await ask(from, '/users/42', headers)
      assert.deepEqual([answer.status, answer.text], [200, 'app'], headers.join())
    }
  })

  test('answers 404 for missing assets and scripts, and for requests that are no navigation', async (t) => {
    const from = site(folder(t, files), { single: 'index.html' })
    for (const [target, ...headers] of [
      ['/missing.js', navigate],
      ['/missing.png', html],
      ['/old.html', navigate],
      ['/.env', navigate],
      ['/.git/x', navigate],
      ['/users/jane.doe', 'accept: */*'],
      ['/users/jane@example.com', 'accept: */*'],
      ['/npm/react@18.js', navigate],
      ['/old.docx', navigate],
      ['/repos/own%2Frepo', 'sec-fetch-mode: cors'],
      ['/repos/own%2Flogo.png', navigate],
      ['/repos%2F.git', navigate],
      ['/missing.js', 'accept: */*'],
      ['/missing.js'],
      ['/users/42', 'sec-fetch-mode: cors', 'accept: */*'],
      ['/users/42', 'accept: image/avif,*/*;q=0.8'],
      ['/users/42', 'accept: application/json'],
      ['/users/42', 'sec-fetch-mode: cors', html],
      ['/api/socket', 'upgrade: websocket', 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=='],
      ['/users/42', 'sec-fetch-mode: no-cors', html],
      ['/users/42', 'sec-fetch-dest: image', 'sec-fetch-mode: no-cors', 'accept: image/*,*/*'],
      ['/users/42', html, 'x-requested-with: XMLHttpRequest'],
      ['/missing.js', ...forwarded, html],
    ] as const) {
      const answer = await ask(from, target, headers)
      const isPage = !headers.some((line) => /json|dest: image/.test(line))
      assert.deepEqual([answer.status, answer.text], [404, isPage ? 'gone' : ''], `${target} ${headers.join()}`)
    }
  })

  test('serves its files, and no page for an invalid path', async (t) => {
    const from = site(folder(t, files), { single: 'index.html' })
    assert.equal((await ask(from, '/logo.png', [navigate])).text, 'png')
    for (const target of ['/a/../b', '/a%2F..%2Fb', '/..%2Fb', '/a%5Cb', '/%2F%00'])
      assert.equal((await ask(from, target, [navigate])).status, 400, target)
  })

  test('says that the ending decided about a 404', async (t) => {
    const from = site(folder(t, { 'index.html': 'app' }), { single: 'index.html' })
    assert.match((await ask(from, '/old.html', [navigate])).hint ?? '', /ends with \.html is a file/)
    for (const [target, field] of [
      ['/old.html', 'accept: */*'],
      ['/.env', navigate],
    ] as const)
      assert.equal((await ask(from, target, [field])).hint, undefined)
  })

  test('may have another page, and answers 404 without one', async (t) => {
    const root = folder(t, { 'shell/app.html': 'shell' })
    const from = site(root, { single: 'shell/app.html' })
    assert.equal((await ask(from, '/x', [navigate])).text, 'shell')
    rmSync(join(root, 'shell'), { recursive: true })
    assert.equal((await ask(from, '/x', [navigate])).code, 'E8008_NOT_FOUND')
  })
})

describe('the 404 page of a site', () => {
  const gz = Buffer.from('\x1f\x8bGZ', 'latin1')

  test('is sent with 404, without validators and Accept-Ranges', async (t) => {
    const from = site(folder(t, { '404.html': 'gone', '404.html.gz': gz, '.env': 's' }))
    for (const target of ['/missing', '/missing/', '/.env', '/a/b.png']) {
      const answer = await ask(from, target)
      assert.deepEqual([answer.status, answer.text, answer.code], [404, 'gone', 'E8008_NOT_FOUND'], target)
      assert.equal(answer.field('content-type'), 'text/html; charset=utf-8')
      for (const name of ['etag', 'last-modified', 'accept-ranges']) assert.equal(answer.field(name), undefined)
      assert.equal(answer.reply.validators, undefined)
    }
    const coded = await ask(from, '/missing', ['accept-encoding: gzip'])
    assert.deepEqual([coded.status, coded.text, coded.field('content-encoding')], [404, String(gz), 'gzip'])
  })

  test('is sent only to clients that can show it', async (t) => {
    const from = site(folder(t, { '404.html': 'gone' }))
    const isPage = async (...headers: string[]): Promise<boolean> => (await ask(from, '/x', headers)).text === 'gone'
    for (const accept of [
      'text/html',
      '*/*',
      'text/html,application/xhtml+xml,*/*;q=0.8',
      'application/json;q=0.5,text/html',
      'image/avif,*/*',
    ]) {
      assert.equal(await isPage(`accept: ${accept}`), true, accept)
    }
    for (const accept of [
      'application/json',
      'application/json, text/plain, */*',
      'application/problem+json',
      'application/vnd.api+json',
      'text/plain',
    ]) {
      assert.equal(await isPage(`accept: ${accept}`), false, accept)
    }
    for (const destination of ['document', 'iframe', 'object', 'empty']) {
      assert.equal(await isPage('accept: */*', `sec-fetch-dest: ${destination}`), true, destination)
    }
    for (const destination of ['script', 'style', 'image', 'font', 'worker', 'track', 'video', 'manifest']) {
      assert.equal(await isPage('accept: */*', `sec-fetch-dest: ${destination}`), false, destination)
    }
    assert.equal((await ask(from, '/x')).field('vary'), 'Accept, Sec-Fetch-Dest')
  })

  test('is optional: without it the error is thrown', async (t) => {
    const answer = await ask(site(folder(t)), '/missing')
    assert.deepEqual([answer.status, answer.code, answer.text], [404, 'E8008_NOT_FOUND', ''])
  })
})
