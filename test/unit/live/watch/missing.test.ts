import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bench } from './setup.ts'

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
