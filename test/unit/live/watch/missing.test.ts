import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bench, failing } from './setup.ts'

test('many missing folders on the way to a path are watched for, but not thousands', async (context) => {
  const { watch, write, change, path } = bench(context, { maxFolders: 100 })
  watch.use([path(`${'a/'.repeat(1000)}a.css`)])
  assert.equal(
    watch.trim(() => true),
    false,
  )
  const deep = `${'b/'.repeat(16)}a.css`
  watch.use([path(deep)])
  write(deep, 'a')
  await change(deep)
  // What is there may lie as deep as it likes.
  const deeper = `${'b/'.repeat(16)}${'c/'.repeat(16)}a.css`
  write(deeper, 'a')
  watch.use([path(deeper)])
  write(deeper, 'aa')
  await change(deeper)
})

test('a folder that is gone for the moment in which it is to be watched is watched after all', async (context) => {
  let attempts = 0
  const { watch, warnings, write, change, path } = bench(context, {
    files: { 'x/a.css': 'a' },
    system: failing('ENOENT', (folder) => folder.endsWith('x') && attempts++ === 0),
  })
  watch.use([path('x/a.css')])
  write('x/a.css', 'aa')
  await change('x/a.css')
  assert.deepEqual([attempts, warnings], [2, []])
})
