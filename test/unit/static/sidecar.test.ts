import assert from 'node:assert/strict'
import { chmodSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { plainExchange } from '../../../src/http/plain-exchange.ts'
import type { Reply } from '../../../src/http/reply.ts'
import type { StaticSite } from '../../../src/static/static.ts'
import { ask, folder, largeBytes, later, site, write } from './site.ts'

const every = { 'app.js': 'plain', 'app.js.br': 'BR', 'app.js.zst': 'ZST', 'app.js.gz': 'GZ' }

async function encodingOf(from: StaticSite, accept: string | undefined, ...headers: string[]): Promise<string> {
  const answer = await ask(from, '/app.js', [
    ...(accept === undefined ? [] : [`accept-encoding: ${accept}`]),
    ...headers,
  ])
  assert.equal(answer.field('vary'), 'Accept-Encoding')
  return `${answer.field('content-encoding') ?? 'identity'} ${answer.text}`
}

describe('a sidecar', () => {
  test('is sent in place of the file, with its type and a tag of its own', async (t) => {
    const from = site(folder(t, every))
    const plain = await ask(from, '/app.js')
    const coded = await ask(from, '/app.js', ['accept-encoding: br'])
    assert.deepEqual([coded.status, coded.text], [200, 'BR'])
    assert.equal(coded.field('content-encoding'), 'br')
    assert.equal(coded.field('content-type'), 'text/javascript; charset=utf-8')
    assert.equal(coded.field('etag'), coded.reply.validators?.etag)
    assert.notEqual(coded.field('etag'), plain.field('etag'))
  })

  test('is chosen by weight, among equals br before zstd before gzip', async (t) => {
    const from = site(folder(t, every))
    assert.equal(await encodingOf(from, 'gzip, zstd, br'), 'br BR')
    assert.equal(await encodingOf(from, 'gzip, zstd'), 'zstd ZST')
    assert.equal(await encodingOf(from, 'gzip, br;q=0.5'), 'gzip GZ')
    assert.equal(await encodingOf(from, 'gzip;q=0'), 'identity plain')
    assert.equal(await encodingOf(from, 'deflate'), 'identity plain')
    assert.equal(await encodingOf(from, undefined), 'identity plain')
    assert.equal(await encodingOf(from, 'identity;q=0, gzip;q=0.1'), 'gzip GZ')
  })

  test('is not mixed up with ranges, unless the file as such is refused', async (t) => {
    const from = site(folder(t, every))
    assert.equal(await encodingOf(from, 'br, gzip', 'range: bytes=0-1'), 'identity plain')
    assert.equal(await encodingOf(from, 'br, identity;q=0', 'range: bytes=0-1'), 'br BR')
  })

  test('leaves the file to later stages when nothing on offer is acceptable', async (t) => {
    const from = site(folder(t, { 'app.js': 'plain', 'app.js.gz': 'GZ' }))
    assert.equal(await encodingOf(from, 'br, identity;q=0'), 'identity plain')
  })

  test('can be fetched by its own name, as what it is', async (t) => {
    const from = site(folder(t, every))
    await ask(from, '/app.js', ['accept-encoding: gzip'])
    const answer = await ask(from, '/app.js.gz', ['accept-encoding: gzip'])
    assert.deepEqual(
      [answer.text, answer.field('content-type'), answer.field('content-encoding')],
      ['GZ', 'application/gzip', undefined],
    )
  })

  test('stands for index pages and large files too', async (t) => {
    const root = folder(t, {
      'index.html': 'plain',
      'index.html.gz': 'GZ',
      'large.txt': Buffer.alloc(largeBytes),
      'large.txt.br': 'BR',
    })
    const from = site(root)
    assert.equal((await ask(from, '/', ['accept-encoding: gzip'])).text, 'GZ')
    assert.equal((await ask(from, '/large.txt', ['accept-encoding: br'])).text, 'BR')
    assert.equal((await ask(from, '/large.txt', ['accept-encoding: gzip'])).field('vary'), 'Accept-Encoding')
  })

  test('is not looked for when they are switched off', async (t) => {
    const answer = await ask(site(folder(t, every), { sidecars: false }), '/app.js', ['accept-encoding: br'])
    assert.deepEqual([answer.text, answer.field('vary')], ['plain', undefined])
  })
})

describe('a stale or foreign sidecar is never sent', () => {
  const gone: Record<string, (root: string, t: TestContext) => void> = {
    'older than the file': (root) => utimesSync(join(root, 'app.js.br'), 1_600_000_000, 1_600_000_000),
    deleted: (root) => rmSync(join(root, 'app.js.br')),
    'overtaken by an edit': (root) => writeFileSync(join(root, 'app.js'), 'plain'),
    'a link out of the root': (root, t) => {
      rmSync(join(root, 'app.js.br'))
      symlinkSync(join(folder(t, { 'x.br': 'OUT' }), 'x.br'), join(root, 'app.js.br'))
    },
    'a folder': (root) => {
      rmSync(join(root, 'app.js.br'))
      write(root, { 'app.js.br/x': 'x' })
    },
  }
  for (const [what, spoil] of Object.entries(gone)) {
    for (const known of [false, true]) {
      test(`${what}, ${known ? 'known before' : 'unknown before'}`, async (t) => {
        const root = folder(t, { 'app.js': 'plain', 'app.js.br': 'BR', 'app.js.gz': 'GZ' })
        // Apart by more than a tick of the clock that stamps files.
        const now = Date.now() / 1000
        utimesSync(join(root, 'app.js'), now - 2, now - 2)
        utimesSync(join(root, 'app.js.br'), now - 1, now - 1)
        utimesSync(join(root, 'app.js.gz'), 4_000_000_000, 4_000_000_000)
        const from = site(root)
        if (known) assert.equal(await encodingOf(from, 'br, gzip'), 'br BR')
        spoil(root, t)
        assert.equal(await encodingOf(from, 'br, gzip'), 'gzip GZ')
        assert.equal(await encodingOf(from, 'br'), 'identity plain')
      })
    }
  }

  test('the file edited before our eyes and its date set back', async (t) => {
    const root = folder(t, { 'app.js': 'plain', 'app.js.br': 'BR' })
    const dates = [1_600_000_000, 1_600_000_000] as const
    utimesSync(join(root, 'app.js'), ...dates)
    const from = site(root)
    assert.equal(await encodingOf(from, 'br'), 'br BR')
    writeFileSync(join(root, 'app.js'), 'PLAIN')
    utimesSync(join(root, 'app.js'), ...dates)
    assert.equal(await encodingOf(from, 'br'), 'identity PLAIN')
  })

  test('one that we may not read', { skip: process.platform === 'win32' && 'Windows has no file modes' }, async (t) => {
    const root = folder(t, every)
    chmodSync(root, 0o755)
    chmodSync(join(root, 'app.js.br'), 0)
    const user = process.geteuid?.()
    if (user === 0) process.seteuid?.(65534)
    try {
      assert.equal(await encodingOf(site(root), 'br, gzip'), 'gzip GZ')
    } finally {
      if (user === 0) process.seteuid?.(0)
    }
  })
})

test('a sidecar made later is found within a second, by the clock of the requests', (t) => {
  const root = folder(t, { 'app.js': 'plain' })
  later(t)
  const from = site(root)
  const x = plainExchange({ method: 'GET', target: '/app.js', headers: ['accept-encoding', 'gzip'] })
  const first = from.handle(x) as Reply
  write(root, { 'app.js.gz': 'GZ' })
  assert.equal(from.handle({ ...x, startedAt: x.startedAt + 999 }), first)
  const found = from.handle({ ...x, startedAt: x.startedAt + 1001 }) as Reply
  assert.deepEqual(found.body, Buffer.from('GZ'))
})
