import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { sep } from 'node:path'
import { describe, test } from 'node:test'
import { silentFileSystem, nameKey } from '../../../../src/live/watch/file-system.ts'
import { bench, failing } from './setup.ts'

describe('watching without events', () => {
  for (const [code, hint] of [
    ['ENOSPC', /sysctl fs\.inotify\.max_user_watches/],
    ['EMFILE', /ulimit -n 8192/],
    ['ENFILE', /fs\.file-max/],
    ['ENOSYS', /./],
    ['EIO', /./],
  ] as const) {
    test(`${code} gives one warning, and changes are still reported`, async (context) => {
      const files = { 'a.css': 'a', 'x/b.css': 'b' }
      const { watch, warnings, write, change, path } = bench(context, { files, system: failing(code) })
      watch.use([path('a.css'), path('x/b.css'), path('y/c.css')])
      assert.deepEqual(
        warnings.map((warning) => warning.code),
        ['W8008_WATCH'],
      )
      assert.match(warnings[0]?.hint ?? '', hint)
      write('a.css', 'aa')
      write('y/c.css', 'cc')
      await Promise.all([change('a.css'), change('y/c.css')])
      rmSync(path('x'), { recursive: true })
      await change('x/b.css')
    })
  }

  test('a forbidden folder above the served one gives no warning', async (context) => {
    let outer = ''
    const { root, watch, warnings, write, change, path } = bench(context, {
      files: { 'a.css': 'a' },
      system: failing('EACCES', (folder) => folder === outer),
    })
    outer = root.slice(0, root.lastIndexOf(sep))
    watch.use([path('a.css')])
    rmSync(root, { recursive: true })
    write('a.css', 'b')
    await change('a.css')
    write('a.css', 'bb')
    await change('a.css')
    assert.deepEqual(warnings, [])
  })

  test('a file system of another machine gives one warning and is polled', async (context) => {
    const { watch, warnings, write, change, path } = bench(context, {
      files: { 'a.css': 'a', 'x/b.css': 'b' },
      system: { platform: 'linux', fileSystem: () => 0x01021997, ...failing('never called', () => true) },
    })
    watch.use([path('a.css'), path('x/b.css')])
    assert.deepEqual(
      warnings.map(({ code, message }) => [code, message]),
      [
        [
          'W8008_WATCH_POLL',
          `. is on a file system that reports no changes (9p, a Windows folder in WSL), so files are checked every 300 ms.`,
        ],
      ],
    )
    write('x/b.css', 'bb')
    await change('x/b.css')
  })

  test('polling on request gives no warning', async (context) => {
    const { watch, warnings, write, change, path } = bench(context, {
      files: { 'x/a.css': 'a' },
      pollMs: 20,
      system: failing('EIO'),
    })
    watch.use([path('x/a.css'), path('x') + sep])
    write('x/b.css', 'b')
    await change(`x${sep}`)
    write('x/a.css', 'aa')
    await change('x/a.css')
    assert.deepEqual(warnings, [])
  })

  test('knows file systems by their numbers, signed or unsigned', () => {
    assert.match(silentFileSystem(0x65735546) ?? '', /FUSE/)
    assert.match(silentFileSystem(0x6969n) ?? '', /NFS/)
    assert.match(silentFileSystem(0xff534d42 | 0) ?? '', /SMB/)
    assert.equal(silentFileSystem(0xef53), undefined)
    assert.equal(silentFileSystem(0x794c7630), undefined, 'overlayfs reports changes')
  })

  test('looks names up as the system spells them', () => {
    assert.equal(nameKey('Ä.CSS', 'darwin'), nameKey('a\u0308.css', 'darwin'))
    assert.equal(nameKey('A.css', 'win32'), 'a.css')
    assert.equal(nameKey('A.css', 'linux'), 'A.css')
  })
})
