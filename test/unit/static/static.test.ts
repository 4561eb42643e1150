import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, linkSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { syntheticExchange } from '../../../src/http/synthetic-exchange.ts'
import { ask, folder, largeBytes, later, openBelow, site, write } from './site.ts'

// own process: it becomes another user for some tests

const linux = process.platform === 'linux'
const windows = process.platform === 'win32'

describe('a file', () => {
  test('is a whole representation with its validators', async (t) => {
    const answer = await ask(site(folder(t, { 'name.txt': 'tobi' })), '/name.txt')
    assert.equal(answer.status, 200)
    assert.equal(answer.text, 'tobi')
    assert.equal(answer.field('content-type'), 'text/plain; charset=utf-8')
    assert.equal(answer.field('x-content-type-options'), 'nosniff')
    assert.equal(answer.field('cache-control'), 'no-cache')
    assert.equal(answer.field('accept-ranges'), 'bytes')
    assert.match(answer.field('etag') ?? '', /^"[\w-]{22}"$/)
    assert.equal(answer.reply.validators?.etag, answer.field('etag'))
    assert.equal(new Date(answer.reply.validators?.modified ?? NaN).toUTCString(), answer.field('last-modified'))
  })

  test('answers HEAD like GET, OPTIONS with Allow, and refuses the rest with 405', async (t) => {
    const from = site(folder(t, { 'name.txt': 'tobi' }))
    assert.equal((await ask(from, '/name.txt', [], 'HEAD')).status, 200)
    for (const target of ['/name.txt', '*', '/missing']) {
      const options = await ask(from, target, [], 'OPTIONS')
      assert.deepEqual([options.status, options.field('allow')], [204, 'GET, HEAD, OPTIONS'])
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'TRACE', 'get', 'PROPFIND']) {
      const refused = await ask(from, '/name.txt', [], method)
      assert.deepEqual(
        [refused.status, refused.code, refused.field('allow')],
        [405, 'E8008_METHOD', 'GET, HEAD, OPTIONS'],
      )
    }
  })

  test('may be empty, have an odd name, or a rare type', async (t) => {
    const from = site(folder(t, { 'empty.txt': '', 'snow ☃.txt': 'hey', 'pct%25.txt': 'pct', 'a.epub': 'book' }))
    assert.deepEqual([(await ask(from, '/empty.txt')).status, (await ask(from, '/empty.txt')).text], [200, ''])
    assert.equal((await ask(from, '/snow%20%E2%98%83.txt')).text, 'hey')
    assert.equal((await ask(from, '/pct%2525.txt')).text, 'pct')
    assert.equal((await ask(from, '/a.epub')).field('content-type'), 'application/epub+zip')
  })

  test('is served again after close', async (t) => {
    const from = site(folder(t, { 'a.txt': 'a' }))
    await ask(from, '/a.txt')
    from.retire()
    assert.equal((await ask(from, '/a.txt')).text, 'a')
  })

  test('is found below the prefix only', async (t) => {
    const root = folder(t, { 'index.html': 'home', 'a.txt': 'a', 'sub/index.html': 'sub' })
    const from = site(root, { prefix: '/docs/v 2/', single: 'index.html' })
    assert.equal((await ask(from, '/docs/v%202/a.txt')).text, 'a')
    assert.equal((await ask(from, '/docs/v%202/')).text, 'home')
    assert.equal((await ask(from, '/docs/v%202?x=1')).field('location'), '/docs/v%202/?x=1')
    assert.equal((await ask(from, '/docs/v%202/sub')).field('location'), '/docs/v%202/sub/')
    for (const target of ['/a.txt', '/docs/', '/docs', '/', '/docs/v%202x/a.txt', '/other/v%202/a.txt']) {
      assert.equal((await ask(from, target, ['sec-fetch-mode: navigate'])).code, 'E8008_NOT_FOUND', target)
    }
  })
})

describe('no file outside the root is sent', () => {
  test('by any path', async (t) => {
    const top = folder(t, { 'secret.txt': 'secret', 'public/name.txt': 'tobi', 'public-secret/a.txt': 'secret' })
    const from = site(join(top, 'public'))
    const targets = [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/sub/../../secret.txt',
      '/sub/..%2f..%2fsecret.txt',
      '/%252e%252e/secret.txt',
      '/..%5csecret.txt',
      '/..\\secret.txt',
      '/%c0%ae%c0%ae/secret.txt',
      '/..;/secret.txt',
      '/../public-secret/a.txt',
      '/-secret/a.txt',
      `/${top}/secret.txt`,
      '/%00/../secret.txt',
      '/name.txt%00.html',
    ]
    for (const target of targets) {
      const answer = await ask(from, target)
      assert.ok([400, 404].includes(answer.status), `${target} gave ${answer.status}`)
      assert.equal(answer.text, '', target)
    }
  })

  test('by a link to a file, a folder, or through a folder, unless links are followed', async (t) => {
    const top = folder(t, { 'out/secret.txt': 'secret', 'out/index.html': 'secret index', 'public/name.txt': 'tobi' })
    const root = join(top, 'public')
    symlinkSync(join(top, 'out/secret.txt'), join(root, 'file.txt'))
    symlinkSync(join(top, 'out'), join(root, 'linked'))
    symlinkSync(join(root, 'name.txt'), join(root, 'inner.txt'))
    const strict = site(root)
    for (const target of ['/file.txt', '/linked/secret.txt', '/linked/', '/linked', '/linked/index.html']) {
      const answer = await ask(strict, target)
      assert.deepEqual([answer.status, answer.text], [404, ''], target)
    }
    assert.equal((await ask(strict, '/inner.txt')).text, 'tobi')
    const lax = site(root, { followSymlinks: true })
    assert.equal((await ask(lax, '/file.txt')).text, 'secret')
    assert.equal((await ask(lax, '/linked/')).text, 'secret index')
  })

  test('by a loop of links', async (t) => {
    const root = folder(t)
    symlinkSync('b', join(root, 'a'))
    symlinkSync('a', join(root, 'b'))
    symlinkSync('.', join(root, 'self'))
    const from = site(root, { followSymlinks: true })
    for (const target of ['/a', '/a/', '/b/x']) assert.equal((await ask(from, target)).status, 404, target)
    assert.equal((await ask(from, `/${'self/'.repeat(60)}x`)).status, 404)
  })

  test('when the root itself is a link, which may move to another folder', async (t) => {
    const top = folder(t, { 'v1/a.txt': 'one', 'v2/a.txt': 'two' })
    symlinkSync('v1', join(top, 'current'))
    const from = site(join(top, 'current'))
    assert.equal((await ask(from, '/a.txt')).text, 'one')
    symlinkSync('v2', join(top, 'next'))
    renameSync(join(top, 'next'), join(top, 'current'))
    assert.equal((await ask(from, '/a.txt')).text, 'two')
  })
})

describe('a hidden file gets the same answer as a missing one', () => {
  test('by its name, at any depth, by any spelling', async (t) => {
    const root = folder(t, {
      '.env': 's',
      'a/.git/HEAD': 's',
      'server.key': 's',
      'old.txt~': 's',
      '.well-known/x.txt': 'w',
    })
    const from = site(root)
    const missing = await ask(from, '/missing')
    for (const target of [
      '/.env',
      '//.env',
      '/%2eenv',
      '/.env/',
      '/.env?raw',
      '/a/.git/HEAD',
      '/a/.git/',
      '/a/.git',
      '/server.key',
      '/old.txt~',
    ]) {
      const answer = await ask(from, target)
      assert.deepEqual([answer.status, answer.code, answer.reply], [404, missing.code, missing.reply], target)
    }
    assert.equal((await ask(from, '/.well-known/x.txt')).text, 'w')
  })

  test('by its real name, through any link', async (t) => {
    const root = folder(t, { '.env': 's', '.git/HEAD': 's', '.git/index.html': 's' })
    symlinkSync('.env', join(root, 'config.txt'))
    symlinkSync('.git', join(root, 'git'))
    const from = site(root, { followSymlinks: true })
    for (const target of ['/config.txt', '/git/HEAD', '/git/', '/git'])
      assert.equal((await ask(from, target)).status, 404, target)
  })

  test('--dotfiles serves dotfiles, but no secrets', async (t) => {
    const from = site(folder(t, { '.hidden': 'h', '.env': 's' }), { dotfiles: true })
    assert.equal((await ask(from, '/.hidden')).text, 'h')
    assert.equal((await ask(from, '/.env')).status, 404)
  })

  test('the secret files of the configuration, also by a link or a hard link', async (t) => {
    const root = folder(t, { 'serve8008.config.js': 'token', 'a.txt': 'a' })
    linkSync(join(root, 'serve8008.config.js'), join(root, 'hard.js'))
    symlinkSync('serve8008.config.js', join(root, 'soft.js'))
    const from = site(root, { secretFiles: [join(root, 'serve8008.config.js'), join(root, 'not-there')] })
    for (const name of ['serve8008.config.js', 'hard.js', 'soft.js']) {
      assert.equal((await ask(from, `/${name}`)).status, 404, name)
    }
    const listing = await ask(from, '/', ['accept: application/json'])
    assert.deepEqual(
      JSON.parse(listing.text).entries.map((entry: { name: string }) => entry.name),
      ['a.txt'],
    )
  })
})

describe('what is no regular file', () => {
  test('is not opened: pipes, sockets, devices', { skip: windows && 'Windows has no such files' }, async (t) => {
    const root = folder(t)
    execFileSync('mkfifo', [join(root, 'pipe.txt')])
    const server = createServer().listen(join(root, 'socket.txt'))
    await once(server, 'listening')
    t.after(() => server.close())
    symlinkSync('/dev/zero', join(root, 'zero.txt'))
    const from = site(root, { followSymlinks: true })
    for (const name of ['pipe.txt', 'socket.txt', 'zero.txt']) {
      assert.equal((await ask(from, `/${name}`)).status, 404, name)
      assert.equal((await ask(from, `/${name}/`)).status, 404, name)
    }
  })

  test('a file has no paths below it, and no form with a slash', async (t) => {
    const from = site(folder(t, { 'name.txt': 'tobi', 'style.css': 'x' }))
    for (const target of ['/name.txt/', '/style.css/', '/name.txt/extra', '/name.txt/index.html']) {
      assert.equal((await ask(from, target)).status, 404, target)
    }
  })

  test('a name that is too long is a missing file', async (t) => {
    const from = site(folder(t))
    assert.equal((await ask(from, `/${'a'.repeat(300)}`)).status, 404)
    assert.equal((await ask(from, `/${'a/'.repeat(4000)}`)).status, 404)
  })
})

test('a file without read permission is 403', { skip: windows && 'Windows has no file modes' }, async (t) => {
  const root = folder(t, { 'a.txt': 'a', 'closed/b.txt': 'b' })
  chmodSync(root, 0o755)
  chmodSync(join(root, 'a.txt'), 0)
  chmodSync(join(root, 'closed'), 0)
  // The superuser may read everything, so the process becomes another user for the requests.
  const user = process.geteuid?.()
  if (user === 0) process.seteuid?.(65534)
  try {
    const from = site(root)
    for (const target of ['/a.txt', '/closed/b.txt', '/closed/']) {
      const answer = await ask(from, target)
      assert.deepEqual([answer.status, answer.code], [403, 'E8008_FORBIDDEN'], target)
    }
  } finally {
    if (user === 0) process.seteuid?.(0)
    chmodSync(join(root, 'closed'), 0o755)
  }
})

test(
  'what the system denies us outside, or what is denied anyway, is missing',
  { skip: windows && 'Windows has no file modes' },
  async (t) => {
    const top = folder(t, {
      'out/locked.txt': 'x',
      'out/page.html': 'x',
      'out/closed/a.txt': 'x',
      'out/unlisted/a.txt': 'x',
      'root/.env': 'x',
      'root/.git/closed/a.txt': 'x',
      'root/closed/a.txt': 'x',
    })
    const root = join(top, 'root')
    symlinkSync('../out', join(root, 'link'))
    symlinkSync('link', join(root, 'again'))
    symlinkSync('.env', join(root, 'alias.txt'))
    symlinkSync('.git/closed/a.txt', join(root, 'deep-alias.txt'))
    symlinkSync('../out/closed/a.txt', join(root, 'deep.txt'))
    symlinkSync('../out/closed/none.txt', join(root, 'deep-none.txt'))
    symlinkSync('closed/a.txt', join(root, 'inside.txt'))
    chmodSync(top, 0o755)
    const closed = ['out/locked.txt', 'out/page.html', 'out/closed', 'root/.env', 'root/.git/closed', 'root/closed']
    for (const name of closed) chmodSync(join(top, name), 0)
    chmodSync(join(top, 'out/unlisted'), 0o111)
    const user = process.geteuid?.()
    // The other user may not be able to read what answers load late.
    await ask(site(root), '/none')
    if (user === 0) process.seteuid?.(65534)
    try {
      const statusOf = async (target: string): Promise<unknown> => [target, (await ask(site(root), target)).status]
      const missing = [
        ...['/link/locked.txt', '/link/page', '/link/closed', '/link/closed/', '/link/closed/a.txt', '/link/unlisted/'],
        ...['/link/none.txt', '/link/none/', '/again/closed/a.txt', '/alias.txt', '/deep-alias.txt'],
        ...['/deep.txt', '/deep-none.txt'],
      ]
      for (const target of missing) assert.deepEqual(await statusOf(target), [target, 404])
      for (const target of ['/closed/', '/closed/a.txt', '/inside.txt'])
        assert.deepEqual(await statusOf(target), [target, 403])
    } finally {
      if (user === 0) process.seteuid?.(0)
      for (const name of closed) chmodSync(join(top, name), 0o755)
    }
  },
)

describe('listings', () => {
  test('show folders without an index page, and only what can be fetched', async (t) => {
    const root = folder(t, { 'sub/deep/a.txt': 'a', 'sub/b.txt': 'bb', 'sub/.env': 's', 'sub/.hidden/x': 'x' })
    const from = site(root)
    const page = await ask(from, '/sub/', ['accept: text/html'])
    assert.equal(page.status, 200)
    assert.match(page.field('content-type') ?? '', /^text\/html/)
    const { path, parent, entries } = JSON.parse((await ask(from, '/sub/', ['accept: application/json'])).text)
    assert.deepEqual([path, parent], ['/sub/', true])
    assert.deepEqual(
      entries.map((entry: { name: string }) => entry.name),
      ['deep', 'b.txt'],
    )
    assert.equal(JSON.parse((await ask(from, '/', ['accept: application/json'])).text).parent, false)
  })

  test('can be switched off', async (t) => {
    const from = site(folder(t, { 'sub/b.txt': 'bb' }), { listing: false })
    assert.equal((await ask(from, '/sub/')).status, 404)
  })

  test('of a folder behind a link to the outside are missing', async (t) => {
    const top = folder(t, { 'out/secret.txt': 'secret', 'public/404.html': 'gone' })
    symlinkSync(join(top, 'out'), join(top, 'public/linked'))
    const answer = await ask(site(join(top, 'public')), '/linked/')
    assert.deepEqual([answer.status, answer.text], [404, 'gone'])
  })
})

test(
  'no descriptor stays open, whatever the answer',
  { skip: !linux && 'counts through /proc', timeout: 20_000 },
  async (t) => {
    const top = folder(t, {
      'public/large.bin': Buffer.alloc(largeBytes),
      'public/small.txt': 'x',
      'out.bin': Buffer.alloc(largeBytes),
    })
    const root = join(top, 'public')
    write(root, { 'large.bin.gz': 'zip', '404.html': Buffer.alloc(largeBytes) })
    symlinkSync(join(top, 'out.bin'), join(root, 'out.bin'))
    mkdirSync(join(root, 'folder'))
    const from = site(root)
    for (const ms of [0, 5000]) {
      if (ms > 0) later(t, ms)
      for (const target of ['/large.bin', '/small.txt', '/out.bin', '/missing', '/folder/', '/large.bin/']) {
        for (const headers of [[], ['accept-encoding: gzip'], ['accept-encoding: br', 'range: bytes=0-1']]) {
          await ask(from, target, headers)
        }
      }
    }
    while (openBelow(top).length > 0) await turn()
  },
)

test('the answer to a repeated request is the same object, made without waiting', async (t) => {
  const from = site(folder(t, { 'a.txt': 'a', 'sub/index.html': 'i' }))
  later(t)
  for (const target of ['/a.txt', '/sub/']) {
    const x = syntheticExchange({ method: 'GET', target })
    const first = from.handle(x)
    assert.ok(!(first instanceof Promise))
    assert.equal(from.handle(x), first)
    assert.ok(Object.isFrozen(first) && Object.isFrozen(first.headers))
  }
})
