import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { ServeOptions } from '../../src/index.ts'
import { LivePage } from '../support/live-page.ts'
import { rawGet } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'

const skip = process.platform !== 'linux' && 'only Linux takes any bytes for a name'

test('names that are not UTF-8 are listed and reached by their bytes', { skip }, async () => {
  await using started = await startServer({ 'plain.txt': 'plain', 'żółw.txt': 'utf-8' })
  const { folder, port } = started
  const at = (name: string): Buffer => Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from(name, 'latin1')])
  writeFileSync(at('caf\xe9.txt'), 'coffee')
  writeFileSync(at('.hidden\xff'), 'hidden')
  writeFileSync(at('\xe9.key'), '-----BEGIN PRIVATE KEY-----\n')
  mkdirSync(at('\x83\x65\x83\x58\x83\x67'))
  writeFileSync(at('\x83\x65\x83\x58\x83\x67/index.html'), '<p>test')
  mkdirSync(at('d\xe9p\xf4t'))
  writeFileSync(at('d\xe9p\xf4t/\xc0 faire.html'), 'to do')
  symlinkSync(at('caf\xe9.txt'), at('link\xff'))
  symlinkSync('/etc/hostname', at('out\xff'))
  const get = (path: string, ...lines: string[]): ReturnType<typeof rawGet> => rawGet(port, path, lines)

  const listing = JSON.parse((await get('/', 'Accept: application/json')).body.toString())
  const hrefs = listing.entries.map(({ href }: { href: string }) => href)
  assert.deepEqual(hrefs.toSorted(), [
    './%83e%83X%83g/',
    './%C5%BC%C3%B3%C5%82w.txt',
    './caf%E9.txt',
    './d%E9p%F4t/',
    './link%FF',
    './plain.txt',
  ])
  for (const href of hrefs) assert.equal((await get(`/${href.slice(2)}`)).status, 200, href)
  const page = (await get('/', 'Accept: text/html')).body.toString()
  assert.match(page, /href="\.\/caf%E9\.txt">caf\ufffd\.txt</)

  assert.equal((await get('/caf%E9.txt')).body.toString(), 'coffee')
  assert.equal((await get('/link%FF')).body.toString(), 'coffee')
  assert.equal((await get('/%83e%83X%83g/')).body.toString(), '<p>test')
  assert.equal((await get('/d%E9p%F4t/%C0%20faire')).body.toString(), 'to do')
  const inner = JSON.parse((await get('/d%E9p%F4t/', 'Accept: application/json')).body.toString())
  assert.deepEqual([inner.entries.length, inner.entries[0].href], [1, './%C0%20faire.html'])
  const redirect = await get('/d%E9p%F4t?x')
  assert.deepEqual([redirect.status, redirect.field('location')], [307, '/d%E9p%F4t/?x'])
  // A second look comes from memory.
  const { body, fields } = await get('/caf%E9.txt', 'Range: bytes=0-2')
  assert.deepEqual([body.toString(), new Map(fields).get('content-type')], ['cof', 'text/plain; charset=utf-8'])
})

test('hidden names stay hidden next to such bytes, and missing names stay missing', { skip }, async () => {
  await using started = await startServer({ 'a.txt': 'a' })
  const { folder, port } = started
  for (const name of ['.env\xff', '.hidden\xff', '\xe9.pem', '\xe9.bak']) {
    writeFileSync(Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from(name, 'latin1')]), 'SECRET')
  }
  symlinkSync('/etc/hostname', Buffer.concat([Buffer.from(`${folder.path}/out`), Buffer.of(0xff)]))
  for (const path of [
    '/.env%FF',
    '/.hidden%FF',
    '/%E9.pem',
    '/%E9.bak',
    '/out%FF',
    '/missing%FF',
    '/missing%FF/',
    '/a.txt%FF',
  ]) {
    const reply = await rawGet(port, path)
    assert.equal(reply.status, 404, path)
  }
  for (const path of ['/%C0%AE%C0%AE/etc/passwd', '/%FF%2Fa.txt', '/%FF/../a.txt', '/%FF%00']) {
    assert.equal((await rawGet(port, path)).status, 400, path)
  }
})

test('pages with such names are updated when their resources change', { skip }, async () => {
  await using started = await startServer({})
  const warnings: unknown[] = []
  started.server.on('warning', (warning) => warnings.push(warning))
  const at = (name: string): Buffer =>
    Buffer.concat([Buffer.from(`${started.folder.path}/`), Buffer.from(name, 'latin1')])
  mkdirSync(at('d\xe9'))
  writeFileSync(at('d\xe9/caf\xe9.html'), '<p>one')
  writeFileSync(at('d\xe9/\xff.css'), 'p{}')
  writeFileSync(at('\xfe.png'), 'png')
  symlinkSync(at('\xfe.png'), at('d\xe9/link\xff.png'))
  const document = '/d%E9/caf%E9.html'
  const resources = ['/d%E9/%FF.css', '/d%E9/link%FF.png']
  using page = await LivePage.open(started.port, { document, resources })
  using listing = await LivePage.open(started.port, { document: '/d%E9/' })
  for (const each of [page, listing]) assert.equal((await each.next()).type, 'welcome')
  const heard = async (from: LivePage): Promise<string[]> => {
    const message = await from.next()
    return message.type === 'change' ? message.changes.map(({ path, kind }) => `${kind} ${path}`) : [message.type]
  }

  writeFileSync(at('d\xe9/\xff.css'), 'p{color:red}')
  assert.deepEqual(await heard(page), ['style /d%E9/%FF.css'])
  writeFileSync(at('\xfe.png'), 'PNG2')
  assert.deepEqual(await heard(page), ['media /d%E9/link%FF.png'])
  writeFileSync(at('d\xe9/new\xe9.txt'), 'new')
  assert.deepEqual(await heard(listing), ['document /d%E9/'])
  // As editors save, and as a build writes its folder again.
  renameSync(at('d\xe9/new\xe9.txt'), at('d\xe9/caf\xe9.html'))
  assert.deepEqual(await heard(page), [`document ${document}`])
  rmSync(at('d\xe9'), { recursive: true })
  mkdirSync(at('d\xe9'))
  writeFileSync(at('d\xe9/caf\xe9.html'), '<p>three')
  writeFileSync(at('d\xe9/\xff.css'), 'p{}')
  assert.ok((await heard(page)).includes(`document ${document}`))
  // Folders that cannot be watched are looked at from time to time, with a warning.
  assert.deepEqual(warnings, [])
})

test('a folder with such a name is served through a link', { skip }, async () => {
  using folder = new TempFolder()
  const real = Buffer.concat([Buffer.from(`${folder.path}/d`), Buffer.of(0xe9)])
  mkdirSync(real)
  symlinkSync(real, folder.join('link'))
  for (const options of [{ root: folder.join('link') }, { mounts: { '/m': folder.join('link') } }] as ServeOptions[]) {
    await using started = await startServer({}, options)
    const path = options.root === undefined ? '/m/' : '/'
    for (const [name, content] of [
      ['a.txt', 'one'],
      ['caf\xe9.txt', 'two'],
    ] as const) {
      writeFileSync(Buffer.concat([real, Buffer.from(`/${name}`, 'latin1')]), content)
      const reply = await rawGet(started.port, path + name.replace('\xe9', '%E9'))
      assert.deepEqual([reply.status, reply.body.toString()], [200, content])
    }
  }
})
