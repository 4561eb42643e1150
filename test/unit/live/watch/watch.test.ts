import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { bench } from './setup.ts'

const entryFile = join(import.meta.dirname, '../../../../src/live/watch/watch.ts')

describe('watching used paths', () => {
  test('reports an edited file, and not its neighbours', async (context) => {
    const { watch, write, change, path, reported } = bench(context, { files: { 'a.css': 'a', 'b.css': 'b' } })
    watch.use([path('a.css')])
    write('b.css', 'other')
    write('a.css', 'other')
    await change('a.css')
    assert.deepEqual(reported, ['a.css'])
  })

  test('does not miss the first change right after use(), even when size and times stay', async (context) => {
    const { watch, write, change, path } = bench(context, { files: { 'a.css': 'one' } })
    const past = new Date(1_700_000_000_000)
    for (const text of ['two', 'six', 'ten']) {
      utimesSync(path('a.css'), past, past)
      watch.use([path('a.css')])
      write('a.css', text)
      utimesSync(path('a.css'), past, past)
      await change('a.css')
    }
  })

  test('reports an atomic save, also the second one', async (context) => {
    const { watch, write, change, path } = bench(context, { files: { 'a.css': 'a' } })
    watch.use([path('a.css')])
    for (const text of ['b', 'c']) {
      write('.a.css.new', text)
      renameSync(path('.a.css.new'), path('a.css'))
      await change('a.css')
    }
  })

  test('does not report a file again when only its metadata changes after a report', async (context) => {
    const { watch, write, change, path, reported } = bench(context, { files: { 'a.css': 'a', 'b.css': 'b' } })
    watch.use([path('a.css'), path('b.css')])
    write('a.css', 'aa')
    await change('a.css')
    const { mode } = statSync(path('a.css'))
    const changedAt = (): bigint => statSync(path('a.css'), { bigint: true }).ctimeNs
    for (const touch of [
      // vim sets the mode at the end of a save
      () => chmodSync(path('a.css'), mode),
      () => (linkSync(path('a.css'), path('c.css')), rmSync(path('c.css'))),
    ]) {
      const before = changedAt()
      while (changedAt() === before) touch()
      write('b.css', String(changedAt()))
      await change('b.css')
    }
    assert.deepEqual(reported, ['a.css', 'b.css', 'b.css'])
    chmodSync(path('a.css'), mode & 0o700)
    await change('a.css')
  })

  test('reports a removed file, and again when it comes back', async (context) => {
    const { watch, write, change, path } = bench(context, { files: { 'a.css': 'a' } })
    watch.use([path('a.css')])
    rmSync(path('a.css'))
    await change('a.css')
    write('a.css', 'b')
    await change('a.css')
  })

  test('reports one change when a file is moved away and written again', async (context) => {
    const { watch, write, change, path, reported } = bench(context, { files: { 'a.css': 'a', 'b.css': 'b' } })
    watch.use([path('a.css'), path('b.css')])
    renameSync(path('a.css'), path('a.css~'))
    await new Promise((resolve) => void setImmediate(resolve))
    write('a.css', 'aa')
    await change('a.css')
    rmSync(path('b.css'))
    await change('b.css')
    assert.deepEqual(reported, ['a.css', 'b.css'])
  })

  test('reports an emptied file when it has content again', async (context) => {
    const { watch, write, change, path, reported } = bench(context, { files: { 'a.css': 'a', 'b.css': 'b' } })
    watch.use([path('a.css'), path('b.css')])
    write('a.css', '')
    write('b.css', 'bb')
    await change('b.css')
    assert.deepEqual(reported, ['b.css'])
    write('a.css', 'aa')
    await change('a.css')
    assert.deepEqual(reported, ['b.css', 'a.css'])
  })

  test('reports one change of each file when a build empties its folder first', async (context) => {
    const { watch, write, change, path, reported } = bench(context, { files: { 'a.css': 'a', 'b.css': 'b' } })
    watch.use([path('a.css'), path('b.css')])
    rmSync(path('a.css'))
    // An emptied file is held back for a shorter time, so its report shows that this time has passed.
    write('b.css', '')
    await change('b.css')
    assert.deepEqual(reported, ['b.css'])
    write('a.css', 'aa')
    await change('a.css')
    assert.deepEqual(reported, ['b.css', 'a.css'])
  })

  test('reports a file that stays empty', async (context) => {
    const { watch, write, change, path } = bench(context, { files: { 'a.css': 'a' } })
    watch.use([path('a.css')])
    write('a.css', '')
    await change('a.css')
  })

  test('reports the files of a folder that is renamed, and renamed back', async (context) => {
    const { watch, write, change, path } = bench(context, { files: { 'x/y/a.css': 'a' } })
    watch.use([path('x/y/a.css')])
    renameSync(path('x'), path('z'))
    await change('x/y/a.css')
    renameSync(path('z'), path('x'))
    await change('x/y/a.css')
    write('x/y/a.css', 'other')
    await change('x/y/a.css')
  })

  test('the served folder may be removed and built again, many times', async (context) => {
    const { root, watch, write, change, path } = bench(context, { files: { 'x/a.css': 'a' } })
    watch.use([path('x/a.css')])
    for (let round = 0; round < 5; round++) {
      rmSync(root, { recursive: true })
      write('x/a.css', `round ${round}`)
      await change('x/a.css')
      write('x/a.css', `again ${round}`)
      await change('x/a.css')
    }
  })

  test('reports a new file in a folder that did not exist', async (context) => {
    const { watch, write, change, path } = bench(context)
    watch.use([path('x/y/a.css')])
    mkdirSync(path('x'))
    await new Promise((resolve) => void setImmediate(resolve))
    write('x/y/a.css', 'a')
    await change('x/y/a.css')
  })

  test('watches the target of a link, also after the link has changed', async (context) => {
    const { root, watch, change, path } = bench(context)
    const [one, other] = ['one', 'other'].map((name) => join(dirname(root), name, 'a.css')) as [string, string]
    for (const file of [one, other]) {
      mkdirSync(dirname(file))
      writeFileSync(file, 'a')
    }
    symlinkSync(one, path('a.css'))
    watch.use([path('a.css')])
    writeFileSync(one, 'aa')
    await change('a.css')
    symlinkSync(other, path('next'))
    renameSync(path('next'), path('a.css'))
    await change('a.css')
    writeFileSync(other, 'bbb')
    await change('a.css')
  })

  test('watches the files of a linked folder, also after its real folder is replaced', async (context) => {
    const { root, watch, change, path } = bench(context)
    const real = join(dirname(root), 'real')
    mkdirSync(real)
    writeFileSync(join(real, 'a.css'), 'a')
    symlinkSync(real, path('linked'))
    watch.use([path('linked/a.css')])
    writeFileSync(join(real, 'a.css'), 'aa')
    await change('linked/a.css')
    mkdirSync(join(dirname(root), 'next'))
    writeFileSync(join(dirname(root), 'next', 'a.css'), 'a')
    renameSync(real, join(dirname(root), 'old'))
    renameSync(join(dirname(root), 'next'), real)
    await change('linked/a.css')
  })

  test('new names change the entries of a folder, but not the folder', async (context) => {
    const { watch, write, change, path, reported } = bench(context, { files: { 'x/a.css': 'a' } })
    watch.use([path('x') + sep, path('x'), path('missing') + sep])
    write('x/b.css', 'b')
    await change(`x${sep}`)
    rmSync(path('x/b.css'))
    await change(`x${sep}`)
    write('missing/a.css', 'a')
    await change(`missing${sep}`)
    assert.equal(reported.includes('x'), false)
    rmSync(path('x'), { recursive: true })
    await Promise.all([change('x'), change(`x${sep}`)])
  })

  test('does not report thousands of changes of other files in the folder', async (context) => {
    const { watch, write, change, path, reported } = bench(context, { files: { 'a.css': 'a' } })
    watch.use([path('a.css')])
    for (let index = 0; index < 2000; index++) writeFileSync(path(`other-${index}`), 'x')
    write('a.css', 'aa')
    await change('a.css')
    assert.deepEqual(reported, ['a.css'])
  })

  test('does not watch ignored names, but a served folder may be below one', async (context) => {
    const { root } = bench(context, { files: { 'node_modules/docs/a.css': 'a', 'node_modules/docs/.git/b': 'b' } })
    const served = join(root, 'node_modules/docs')
    const { watch, change, reported } = bench(context, {
      folders: () => [served],
      ignore: ['drafts', '*.log', '**/*.map'],
    })
    const names = ['a.css', '.git/b', 'x.swp', 'x~', 'drafts/c.css', 'd.log', 'e/f.map']
    watch.use(names.map((name) => join(served, name)))
    mkdirSync(join(served, 'drafts'))
    mkdirSync(join(served, 'e'))
    for (const name of names.toReversed()) writeFileSync(join(served, name), 'changed')
    await change(join(served, 'a.css'))
    assert.deepEqual(reported, [join(served, 'a.css')])
  })

  test('changedAt is the ctime at first, then the time of the report', async (context) => {
    const { watch, write, change, path } = bench(context, { files: { 'a.css': 'a' } })
    watch.use([path('a.css'), path('missing')])
    assert.ok(Math.abs(watch.changedAt(path('a.css')) - statSync(path('a.css')).ctimeMs) < 1)
    assert.ok(watch.changedBy(path('a.css')) >= watch.changedAt(path('a.css')) + 4)
    assert.deepEqual([watch.changedAt(path('missing')), watch.changedBy(path('missing'))], [0, 0])
    assert.equal(watch.changedAt(path('unknown')), 0)
    const before = Date.now()
    write('a.css', 'aa')
    await change('a.css')
    assert.ok(watch.changedAt(path('a.css')) >= before)
    assert.equal(watch.changedBy(path('a.css')), watch.changedAt(path('a.css')))
  })

  test('trim unwatches unused paths only when there are many folders', async (context) => {
    const { watch, write, change, path, reported } = bench(context, {
      files: { 'x/a.css': 'a', 'y/z/a.css': 'a' },
      maxFolders: 4,
    })
    watch.use([path('x/a.css')])
    watch.trim(() => false)
    assert.notEqual(watch.changedAt(path('x/a.css')), 0)
    watch.use([path('y/z/a.css')])
    watch.trim((used) => used === path('y/z/a.css'))
    assert.equal(watch.changedAt(path('x/a.css')), 0)
    write('x/a.css', 'aa')
    write('y/z/a.css', 'aa')
    await change('y/z/a.css')
    assert.deepEqual(reported, ['y/z/a.css'])
  })

  test('watches a file outside of the served folders', async (context) => {
    const { root, watch, change } = bench(context)
    const file = join(dirname(root), 'outside', 'a.css')
    watch.use([file])
    mkdirSync(dirname(file))
    writeFileSync(file, 'a')
    await change(file)
    writeFileSync(file, 'aa')
    await change(file)
  })

  test('a watch does not keep the process alive, closed or not', async (context) => {
    const { root } = bench(context, { files: { 'a.css': 'a' } })
    const code = `
      const { createWatch } = await import(${JSON.stringify(entryFile)})
      const { writeFileSync } = await import('node:fs')
      const options = { folders: () => [${JSON.stringify(root)}], ignore: ['x'], cwd: ${JSON.stringify(root)}, onChange() {}, onWarning() {} }
      createWatch({ ...options, globs: [] }).use([${JSON.stringify(join(root, 'a.css'))}])
      createWatch({ ...options, globs: [], pollMs: 10 }).use([${JSON.stringify(join(root, 'a.css'))}])
      const watch = createWatch({ ...options, globs: ['*.css'] })
      writeFileSync(${JSON.stringify(join(root, 'a.css'))}, 'b')
      await watch.close()`
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', code],
      { timeout: 30_000 },
    )
    assert.equal(stdout, '')
  })
})
