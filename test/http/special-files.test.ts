import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { open, readdir, rename, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises'
import { createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import { RawClient, rawGet } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'

const skip = process.platform === 'win32' ? 'the system has no such files' : false

test('a named pipe is not opened, and nothing hangs', { skip }, async () => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  execFileSync('mkfifo', [started.folder.join('pipe'), started.folder.join('pipe.html')])
  for (const target of ['/pipe', '/pipe.html', '/pipe/']) assert.equal((await rawGet(started.port, target)).status, 404)
  const remarks: string[] = []
  started.server.on('reply', ({ remark }) => remarks.push(remark))
  await rawGet(started.port, '/pipe')
  await started.server.close()
  assert.deepEqual(remarks, ['not a regular file'])
})

test('a named pipe is not listed', { skip }, async () => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  execFileSync('mkfifo', [started.folder.join('pipe')])
  const listing = await rawGet(started.port, '/')
  assert.doesNotMatch(listing.body.toString(), /pipe/)
})

test('a socket and a device are not opened', { skip }, async () => {
  await using started = await startServer({ 'a.txt': 'alpha' }, { followSymlinks: true })
  const socket = createTcpServer().listen(started.folder.join('socket'))
  await new Promise((resolve) => socket.once('listening', resolve))
  await symlink('/dev/zero', started.folder.join('zero'))
  for (const target of ['/socket', '/zero']) assert.equal((await rawGet(started.port, target)).status, 404)
  await new Promise((resolve) => socket.close(resolve))
})

test('links to the outside are not followed, at the end of a path nor within', { skip }, async () => {
  using outer = await new TempFolder().write({ 'secret.txt': 'SECRET', 'sub/x.txt': 'SECRET' })
  await using started = await startServer({ 'a.txt': 'alpha', 'real/b.txt': 'beta' })
  const { folder } = started
  await symlink(outer.join('secret.txt'), folder.join('file-link.txt'))
  await symlink(outer.path, folder.join('folder-link'))
  await symlink('/', folder.join('root-link'))
  await symlink('loop', folder.join('loop'))
  await symlink('.', folder.join('self'))
  await symlink('real', folder.join('inside-link'))
  await symlink('nowhere', folder.join('dangling'))
  for (const target of [
    '/file-link.txt',
    '/folder-link/secret.txt',
    '/folder-link/sub/x.txt',
    '/folder-link/',
    '/folder-link',
    '/root-link/etc/hostname',
    '/root-link/',
    '/loop',
    '/loop/x',
    '/dangling',
  ]) {
    assert.equal((await rawGet(started.port, target)).status, 404, target)
  }
  assert.equal((await rawGet(started.port, '/inside-link/b.txt')).body.toString(), 'beta')
  assert.equal((await rawGet(started.port, '/self/self/self/a.txt')).body.toString(), 'alpha')
  const listing = (await rawGet(started.port, '/')).body.toString()
  for (const name of ['file-link', 'folder-link', 'root-link', 'loop', 'dangling'])
    assert.ok(!listing.includes(name), name)
})

test('with --follow-symlinks links to the outside are followed, and a loop is a 404', { skip }, async () => {
  using outer = await new TempFolder().write({ 'open.txt': 'open' })
  await using started = await startServer({ 'a.txt': 'alpha' }, { followSymlinks: true })
  await symlink(outer.path, started.folder.join('link'))
  await symlink('loop', started.folder.join('loop'))
  assert.equal((await rawGet(started.port, '/link/open.txt')).body.toString(), 'open')
  assert.equal((await rawGet(started.port, '/loop')).status, 404)
})

test('a file that turns into a link to the outside is not served, cached or not', { skip }, async () => {
  using outer = await new TempFolder().write({ 'secret.txt': 'SECRET' })
  await using started = await startServer({ 'a.txt': 'alpha' })
  assert.equal((await rawGet(started.port, '/a.txt')).status, 200)
  await unlink(started.folder.join('a.txt'))
  await symlink(outer.join('secret.txt'), started.folder.join('a.txt'))
  assert.equal((await rawGet(started.port, '/a.txt')).status, 404)
})

test('an edit in the same second that keeps the size is seen at once', async () => {
  await using started = await startServer({ 'a.txt': 'AAAA' })
  const file = started.folder.join('a.txt')
  for (let round = 0; round < 50; round++) {
    const content = String(1000 + round)
    await writeFile(file, content)
    const first = await rawGet(started.port, '/a.txt')
    assert.equal(first.body.toString(), content)
    const next = String(2000 + round)
    await writeFile(file, next)
    const again = await rawGet(started.port, '/a.txt', [`If-None-Match: ${first.field('etag')}`])
    assert.equal(again.status, 200)
    assert.equal(again.body.toString(), next)
  }
})

test('an edit that sets the time back is seen at once', async () => {
  await using started = await startServer({ 'a.txt': 'AAAA' })
  const file = started.folder.join('a.txt')
  const old = new Date('2020-01-01T00:00:00Z')
  await utimes(file, old, old)
  const first = await rawGet(started.port, '/a.txt')
  await writeFile(file, 'BBBB')
  await utimes(file, old, old)
  const again = await rawGet(started.port, '/a.txt', [`If-None-Match: ${first.field('etag')}`])
  assert.equal(again.body.toString(), 'BBBB')
})

test('a large file that changes in the same second is not mixed up with the old one', async () => {
  await using started = await startServer({ 'a.bin': Buffer.alloc(2_000_000, 'A') })
  const first = await rawGet(started.port, '/a.bin')
  await writeFile(started.folder.join('a.bin'), Buffer.alloc(2_000_000, 'B'))
  const lines = first.fields.flatMap(([name, value]) =>
    name === 'etag' ? [`If-None-Match: ${value}`] : name === 'last-modified' ? [`If-Modified-Since: ${value}`] : [],
  )
  const again = await rawGet(started.port, '/a.bin', lines)
  assert.equal(again.status, 200)
  assert.equal(again.body[0], 'B'.charCodeAt(0))
})

test('a file that is cut short while it is sent ends the connection, not the message', { skip }, async () => {
  await using started = await startServer({ 'large.bin': '' })
  const file = started.folder.join('large.bin')
  await truncate(file, 100_000_000)
  using client = await RawClient.open(started.port)
  client.send(`GET /large.bin HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
  await client.bytes(1000)
  await truncate(file, 1000)
  const rest = await client.closed()
  assert.ok(rest.length < 100_000_000)
})

test('a file that is replaced while it is sent arrives in its old version', { skip }, async () => {
  await using started = await startServer({ 'large.bin': Buffer.alloc(20_000_000, 'A') })
  const file = started.folder.join('large.bin')
  using client = await RawClient.open(started.port)
  client.send(`GET /large.bin HTTP/1.1\r\n${started.hostLine}\r\nConnection: close\r\n\r\n`)
  await client.bytes(1000)
  await writeFile(`${file}.new`, 'short')
  await rename(`${file}.new`, file)
  const { body } = await client.reply()
  assert.equal(body.length, 20_000_000)
  assert.ok(body.equals(Buffer.alloc(20_000_000, 'A')))
})

test('a huge sparse file is neither hashed nor held in memory', { skip }, async () => {
  await using started = await startServer({ 'sparse.bin': '' })
  await truncate(started.folder.join('sparse.bin'), 2 ** 40)
  const before = process.memoryUsage().rss
  const reply = await rawGet(started.port, '/sparse.bin', ['Range: bytes=1099511627771-'])
  assert.equal(reply.status, 206)
  assert.equal(reply.body.length, 5)
  assert.ok(process.memoryUsage().rss - before < 100_000_000)
})

test('the error for an unreadable file does not reveal its path', { skip }, async () => {
  await using started = await startServer({ 'a.txt': 'alpha' })
  const handle = await open(started.folder.join('locked.txt'), 'w', 0o000)
  await handle.close()
  const reply = await rawGet(started.port, '/locked.txt')
  assert.doesNotMatch(reply.body.toString(), new RegExp(started.folder.path))
  // root may read everything
  assert.ok(process.getuid?.() === 0 ? reply.status === 200 : [403, 404].includes(reply.status), String(reply.status))
})

test(
  'no descriptor stays open after 304, HEAD, 416, ranges and aborts',
  { skip: process.platform !== 'linux' },
  async () => {
    await using started = await startServer({ 'large.bin': Buffer.alloc(3_000_000) })
    const file = started.folder.join('large.bin')
    const old = new Date('2020-01-01T00:00:00Z')
    await utimes(file, old, old)
    const openFiles = async (): Promise<number> => {
      const { readlink } = await import('node:fs/promises')
      const names = await readdir('/proc/self/fd')
      const links = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))
      return links.filter((link) => link === file).length
    }
    const { fields } = await rawGet(started.port, '/large.bin')
    const etag = fields.find(([name]) => name === 'etag')?.[1] ?? ''
    for (const lines of [
      [`If-None-Match: ${etag}`],
      ['Range: bytes=9999999-'],
      ['Range: bytes=0-0'],
      ['If-Match: "x"'],
      ['Range: bytes=0-0,5-6'],
    ]) {
      await rawGet(started.port, '/large.bin', lines)
    }
    using head = await RawClient.open(started.port)
    await head.send(`HEAD /large.bin HTTP/1.1\r\n${started.hostLine}\r\n\r\n`).reply('HEAD')
    for (let i = 0; i < 10; i++) {
      using client = await RawClient.open(started.port)
      const gone = new Promise<void>((resolve) => {
        const listener = (): void => {
          started.server.off('reply', listener)
          resolve()
        }
        started.server.on('reply', listener)
      })
      client.socket.pause()
      client.send(`GET /large.bin HTTP/1.1\r\n${started.hostLine}\r\n\r\n`)
      await new Promise((resolve) => client.socket.once('readable', resolve))
      client.end()
      await gone
    }
    // a close is under way in the thread pool: it ends behind one more of its jobs
    for (let tries = 0; tries < 200 && (await openFiles()) > 0; tries++);
    assert.equal(await openFiles(), 0)
  },
)

test('many parallel listings run a few at a time, and each gets its reply', async () => {
  const names = Array.from({ length: 200 }, (_, i) => `folder/file-${i}.txt`)
  await using started = await startServer(Object.fromEntries(names.map((name) => [name, 'x'])))
  const replies = await Promise.all(Array.from({ length: 40 }, () => rawGet(started.port, '/folder/')))
  for (const reply of replies) {
    assert.equal(reply.status, 200)
    assert.match(reply.body.toString(), /file-199\.txt/)
  }
})

test('the log has the reason why a path or a password was rejected', async () => {
  await using started = await startServer({ 'a.txt': 'alpha' }, { auth: 'ann:secret' })
  const remarks: string[] = []
  started.server.on('reply', ({ remark }) => remarks.push(remark))
  await rawGet(started.port, '/a.txt')
  await started.server.close()
  assert.deepEqual(remarks, ['no password'])
  await using open = await startServer({ 'a.txt': 'alpha' })
  open.server.on('reply', ({ remark }) => remarks.push(remark))
  await rawGet(open.port, '/%2e%2e/a.txt')
  await open.server.close()
  assert.equal(remarks[1], 'path with dot segments, encoded slashes or control characters')
})
