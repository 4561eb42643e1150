import assert from 'node:assert/strict'
import { chmodSync, cpSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { syntheticExchange } from '../../../../src/http/synthetic-exchange.ts'
import type { Reply } from '../../../../src/http/message/reply.ts'
import type { StaticFolder } from '../../../../src/static/static.ts'
import { ask, folder, largeBytes, later, site, write } from '../site.ts'

// own process: it becomes another user for some tests

// Content with the first bytes of each format; brotli has no fixed ones.
const gz = Buffer.from('\x1f\x8bGZ', 'latin1')
const zst = Buffer.from('\x28\xb5\x2f\xfdZST', 'latin1')
const every = { 'app.js': 'plain', 'app.js.br': 'BR', 'app.js.zst': zst, 'app.js.gz': gz }

async function encodingOf(from: StaticFolder, accept: string | undefined, ...headers: string[]): Promise<string> {
  const answer = await ask(from, '/app.js', [
    ...(accept === undefined ? [] : [`accept-encoding: ${accept}`]),
    ...headers,
  ])
  assert.equal(answer.field('vary'), 'Accept-Encoding')
  return `${answer.field('content-encoding') ?? 'identity'} ${answer.text}`
}

describe('a precompressed file', () => {
  test('is sent instead of the file, with its type and another tag', async (t) => {
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
    assert.equal(await encodingOf(from, 'gzip, zstd'), `zstd ${zst.toString()}`)
    assert.equal(await encodingOf(from, 'gzip, br;q=0.5'), `gzip ${gz.toString()}`)
    assert.equal(await encodingOf(from, 'gzip;q=0'), 'identity plain')
    assert.equal(await encodingOf(from, 'deflate'), 'identity plain')
    assert.equal(await encodingOf(from, undefined), 'identity plain')
    assert.equal(await encodingOf(from, 'identity;q=0, gzip;q=0.1'), `gzip ${gz.toString()}`)
  })

  test('is not sent for ranges, unless the client refuses the file without coding', async (t) => {
    const from = site(folder(t, every))
    assert.equal(await encodingOf(from, 'br, gzip', 'range: bytes=0-1'), 'identity plain')
    assert.equal(await encodingOf(from, 'br, identity;q=0', 'range: bytes=0-1'), 'br BR')
  })

  test('is not sent if its coding is not acceptable', async (t) => {
    const from = site(folder(t, { 'app.js': 'plain', 'app.js.gz': gz }))
    assert.equal(await encodingOf(from, 'br, identity;q=0'), 'identity plain')
  })

  test('is ignored if its bytes are not in its coding', async (t) => {
    const from = site(folder(t, { 'app.js': 'plain', 'app.js.zst': 'plain', 'app.js.gz': 'plain' }))
    assert.equal(await encodingOf(from, 'zstd, gzip'), 'identity plain')
  })

  test('is sent for index pages and large files too', async (t) => {
    const root = folder(t, {
      'index.html': 'plain',
      'index.html.gz': gz,
      'large.txt': Buffer.alloc(largeBytes),
      'large.txt.br': 'BR',
    })
    const from = site(root)
    assert.equal((await ask(from, '/', ['accept-encoding: gzip'])).text, String(gz))
    assert.equal((await ask(from, '/large.txt', ['accept-encoding: br'])).text, 'BR')
    assert.equal((await ask(from, '/large.txt', ['accept-encoding: gzip'])).field('vary'), 'Accept-Encoding')
  })

  test('is ignored when the option is off', async (t) => {
    const answer = await ask(site(folder(t, every), { sidecars: false }), '/app.js', ['accept-encoding: br'])
    assert.deepEqual([answer.text, answer.field('vary')], ['plain', undefined])
  })
})

describe('a stale or wrong precompressed file is never sent', () => {
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
        const root = folder(t, { 'app.js': 'plain', 'app.js.br': 'BR', 'app.js.gz': gz })
        // More than one tick of the file system's clock apart.
        const now = Date.now() / 1000
        utimesSync(join(root, 'app.js'), now - 2, now - 2)
        utimesSync(join(root, 'app.js.br'), now - 1, now - 1)
        utimesSync(join(root, 'app.js.gz'), 4_000_000_000, 4_000_000_000)
        const from = site(root)
        if (known) assert.equal(await encodingOf(from, 'br, gzip'), 'br BR')
        spoil(root, t)
        assert.equal(await encodingOf(from, 'br, gzip'), `gzip ${gz.toString()}`)
        assert.equal(await encodingOf(from, 'br'), 'identity plain')
      })
    }
  }

  test('the file edited between two requests, with its date set back', async (t) => {
    const root = folder(t, { 'app.js': 'plain', 'app.js.br': 'BR' })
    const dates = [1_600_000_000, 1_600_000_000] as const
    utimesSync(join(root, 'app.js'), ...dates)
    const from = site(root)
    assert.equal(await encodingOf(from, 'br'), 'br BR')
    writeFileSync(join(root, 'app.js'), 'PLAIN')
    utimesSync(join(root, 'app.js'), ...dates)
    assert.equal(await encodingOf(from, 'br'), 'identity PLAIN')
  })

  describe('a precompressed file that is older by up to two seconds, as after copying a folder', () => {
    const content = 'let answer = 42\n'
    const copies: Record<string, Uint8Array> = { br: brotliCompressSync(content), gz: gzipSync(content) }
    async function sent(t: TestContext, extension: string, copy: Uint8Array, olderMs: number): Promise<string> {
      const root = folder(t, { 'app.js': content, [`app.js.${extension}`]: copy })
      const now = Date.now() / 1000 - 60
      utimesSync(join(root, 'app.js'), now, now)
      utimesSync(join(root, `app.js.${extension}`), now - olderMs / 1000, now - olderMs / 1000)
      return (await encodingOf(site(root), 'br, gzip')).split(' ', 1)[0] ?? ''
    }

    test('is sent if it has the content of the file', async (t) => {
      for (const [extension, copy] of Object.entries(copies)) {
        for (const olderMs of [5, 500, 1900]) assert.notEqual(await sent(t, extension, copy, olderMs), 'identity')
        assert.equal(await sent(t, extension, copy, 2100), 'identity')
      }
    })

    test('is not sent if the file was edited after the build', async (t) => {
      for (const other of ['let answer = 41\n', '', `${content}more`]) {
        assert.equal(await sent(t, 'br', brotliCompressSync(other), 5), 'identity')
        assert.equal(await sent(t, 'gz', gzipSync(other), 5), 'identity')
      }
      // Truncated content, and a decompression bomb.
      assert.equal(await sent(t, 'gz', gzipSync(content).subarray(0, 20), 5), 'identity')
      assert.equal(await sent(t, 'gz', gzipSync(Buffer.alloc(50_000_000)), 5), 'identity')
    })

    test('is sent for a large file after a comparison, and not if it differs', async (t) => {
      later(t)
      const large = Buffer.alloc(largeBytes, content)
      const others = [Buffer.concat([large, Buffer.from('x')]), large.subarray(1), Buffer.alloc(largeBytes, 'y')]
      const root = folder(t)
      const write = (name: string, held: Uint8Array): void => {
        writeFileSync(join(root, name), large)
        writeFileSync(join(root, `${name}.br`), brotliCompressSync(held))
        utimesSync(join(root, name), 1_700_000_001, 1_700_000_001)
        utimesSync(join(root, `${name}.br`), 1_700_000_000, 1_700_000_000)
      }
      const from = site(root)
      const isSent = async (name: string): Promise<boolean> =>
        (await ask(from, `/${name}`, ['accept-encoding: br'])).field('content-encoding') === 'br'
      for (const [i, other] of others.entries()) {
        write(`other${i}.js`, other)
        write(`same${i}.js`, large)
        assert.equal(await isSent(`other${i}.js`), false)
        // Comparisons run one by one: when this one has ended, the other one has too.
        while (!(await isSent(`same${i}.js`))) await turn()
        assert.equal(await isSent(`other${i}.js`), false, String(i))
      }
      writeFileSync(join(root, 'same0.js'), Buffer.alloc(largeBytes, 'z'))
      utimesSync(join(root, 'same0.js'), 1_700_000_001, 1_700_000_001)
      assert.equal(await isSent('same0.js'), false)
    })

    test('a copy by fs.cpSync keeps its precompressed files, in either order', async (t) => {
      const from = folder(t, {
        'a.js': content,
        'a.js.gz': copies['gz'] as Uint8Array,
        'b.js.gz': copies['gz'] as Uint8Array,
        'b.js': content,
      })
      const to = folder(t)
      cpSync(from, to, { recursive: true })
      for (const name of ['a.js', 'b.js']) {
        const answer = await ask(site(to), `/${name}`, ['accept-encoding: gzip'])
        assert.equal(answer.field('content-encoding'), 'gzip', name)
      }
    })
  })

  test(
    'a file without read permission',
    { skip: process.platform === 'win32' && 'Windows has no file modes' },
    async (t) => {
      const root = folder(t, every)
      chmodSync(root, 0o755)
      chmodSync(join(root, 'app.js.br'), 0)
      const user = process.geteuid?.()
      if (user === 0) process.seteuid?.(65534)
      try {
        assert.equal(await encodingOf(site(root), 'br, gzip'), `gzip ${gz.toString()}`)
      } finally {
        if (user === 0) process.seteuid?.(0)
      }
    },
  )
})

test('a precompressed file that is created later is found within a second', (t) => {
  const root = folder(t, { 'app.js': 'plain' })
  later(t)
  const from = site(root)
  const x = syntheticExchange({ method: 'GET', target: '/app.js', headers: ['accept-encoding', 'gzip'] })
  const first = from.handle(x) as Reply
  write(root, { 'app.js.gz': gz })
  assert.equal(from.handle({ ...x, startedAt: x.startedAt + 999 }), first)
  const found = from.handle({ ...x, startedAt: x.startedAt + 1001 }) as Reply
  assert.deepEqual(found.body, gz)
})
