import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { watchImports } from '../../../src/cli/watch-imports.ts'
import { TempFolder } from '../../support/server.ts'

/** Watches `entry.mjs` of some files; `next` resolves with the next edit: whether the file is there. */
async function watching(
  files: Readonly<Record<string, string>>,
  loadedAt = Date.now() + 60_000,
): Promise<Disposable & { readonly folder: TempFolder; next(): Promise<boolean> }> {
  const folder = await new TempFolder().write(files)
  const edits: boolean[] = []
  let tell = (): void => {}
  // The watch keeps no process alive.
  const alive = setInterval(() => {}, 60_000)
  const watch = watchImports(folder.join('entry.mjs'), loadedAt, ({ mtimeMs }) => {
    edits.push(mtimeMs !== 0)
    tell()
  })
  return {
    folder,
    async next() {
      while (edits.length === 0) await new Promise<void>((resolve) => (tell = resolve))
      return edits.shift() as boolean
    },
    [Symbol.dispose]() {
      watch.close()
      clearInterval(alive)
      folder[Symbol.dispose]()
    },
  }
}

test('an edit right after the start is seen, in the file and in what it imports', async () => {
  for (const name of ['entry.mjs', 'other.mjs']) {
    using watch = await watching({ 'entry.mjs': "import './other.mjs'\n", 'other.mjs': '1\n' })
    writeFileSync(watch.folder.join(name), "import './other.mjs'\n22\n")
    assert.equal(await watch.next(), true, name)
  }
})

test('an edit while the module was loaded is seen', async () => {
  using watch = await watching({ 'entry.mjs': '1\n' }, Date.now() - 1000)
  assert.equal(await watch.next(), true)
})

test('a file that goes and comes back is seen both times', async () => {
  using watch = await watching({ 'entry.mjs': '1\n' })
  const file = watch.folder.join('entry.mjs')
  renameSync(file, `${file}.old`)
  assert.equal(await watch.next(), false)
  renameSync(`${file}.old`, file)
  assert.equal(await watch.next(), true)
})
