import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bench, failing } from './setup.ts'

test('watches a path below many missing folders, but not below thousands', async (context) => {
  const { watch, write, change, path } = bench(context, { maxFolders: 100 })
  watch.use([path(`${'a/'.repeat(1000)}a.css`)])
  assert.deepEqual(
    watch.trim(() => true),
    [],
  )
  const deep = `${'b/'.repeat(16)}a.css`
  watch.use([path(deep)])
  write(deep, 'a')
  await change(deep)
  // Existing folders may be of any depth.
  const deeper = `${'b/'.repeat(16)}${'c/'.repeat(16)}a.css`
  write(deeper, 'a')
  watch.use([path(deeper)])
  write(deeper, 'aa')
  await change(deeper)
})

test('watches a folder that was missing for a moment when the watch started', async (context) => {
  let attempts = 0
  const { watch, warnings, write, change, path } = bench(context, {
    files: { 'x/a.css': 'a' },
    system: failing('ENOENT', (folder) => folder.endsWith('/x') && attempts++ === 0),
  })
  watch.use([path('x/a.css')])
  write('x/a.css', 'aa')
  await change('x/a.css')
  assert.deepEqual([attempts, warnings], [2, []])
})

test('unwatches unused paths in parts, and keeps used ones', (context) => {
  const { watch, path } = bench(context)
  const all = Array.from({ length: 21_000 }, (_, index) => path(`${index}.css`))
  const used = new Set(all.slice(0, 5000))
  watch.use(all)
  const gone: string[] = []
  for (let call = 1; call <= 3; call++) {
    const some = watch.trim((file) => used.has(file))
    assert.ok(some.length <= 2000)
    gone.push(...some)
  }
  assert.deepEqual(gone, all.slice(5000, 6000))
  // The number is below the limit again.
  assert.deepEqual(
    watch.trim(() => false),
    [],
  )
})
