import assert from 'node:assert/strict'
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, test, type TestContext } from 'node:test'
import { bench, type Bench, type BenchOptions } from './setup.ts'

/** Writes a file repeatedly until it is reported, because chokidar needs a moment to start with a folder. */
async function insist({ path, change }: Bench, name: string): Promise<void> {
  let count = 0
  const timer = setInterval(() => writeFileSync(path(name), `insisting ${count++}`), 20)
  try {
    await change(`+${name}`)
  } finally {
    clearInterval(timer)
  }
}

async function begun(context: TestContext, options: BenchOptions, probe: string): Promise<Bench> {
  const watched = bench(context, options)
  await insist(watched, probe)
  return watched
}

describe('watching globs', () => {
  test('reports matches that are added, changed and removed, and nothing else', async (context) => {
    const files = {
      'src/a.ts': 'a',
      'src/x/b.ts': 'b',
      'src/c.txt': 'c',
      'src/node_modules/d.ts': 'd',
      'src/e.ts': 'e',
    }
    const options = { files, globs: ['src/**/*.ts'], ignore: ['src/x'] }
    const watched = await begun(context, options, 'src/probe.ts')
    const { write, path, change, reported } = watched
    for (const name of ['src/a.ts', 'src/e.ts']) await insist(watched, name)
    for (const name of ['src/x/b.ts', 'src/c.txt', 'src/node_modules/d.ts']) write(name, 'changed')
    write('src/new.ts', 'new')
    await change('+src/new.ts')
    rmSync(path('src/e.ts'))
    await change('+src/e.ts')
    assert.deepEqual([...new Set(reported)].toSorted(), ['+src/a.ts', '+src/e.ts', '+src/new.ts', '+src/probe.ts'])
  })

  test('a plain folder means everything below it', async (context) => {
    const files = { 'src/x/y/a.txt': 'a', 'b.txt': 'b' }
    const watched = await begun(context, { files, globs: ['src'] }, 'src/probe')
    watched.write('b.txt', 'changed')
    await insist(watched, 'src/x/y/a.txt')
    assert.equal(watched.reported.includes('+b.txt'), false)
  })

  test('never loses the last of several quick changes', async (context) => {
    const watched = await begun(context, { files: { 'a.ts': 'a' }, globs: ['*.ts'] }, 'a.ts')
    const { write, path, change } = watched
    for (let round = 0; round < 5; round++) {
      write('a.ts', `first ${round}`)
      await change('+a.ts')
      // Within the 50 ms in which chokidar drops another change of the same file.
      write('a.ts', `second ${round} with another size`)
      utimesSync(path('a.ts'), 1, 1 + round)
      await change('+a.ts')
    }
  })

  for (const [what, glob] of [
    ['a folder', 'out'],
    ['a glob', 'out/**/*.njk'],
    ['a file', 'out/deep/a.njk'],
  ] as const) {
    test(`${what} that is made, removed and made again is always watched`, async (context) => {
      const watched = await begun(context, { files: { 'b.njk': 'b' }, globs: ['b.njk', glob] }, 'b.njk')
      for (const text of ['one', 'other', 'last one']) {
        watched.write('out/deep/a.njk', text)
        await watched.change('+out/deep/a.njk')
        rmSync(watched.path('out'), { recursive: true })
        await watched.change('+out/deep/a.njk')
      }
    })
  }

  test('the served folder itself may be removed and made again', async (context) => {
    const watched = await begun(context, { files: { 'a.njk': 'a' }, globs: ['**/*.njk'] }, 'a.njk')
    for (const text of ['one', 'other']) {
      rmSync(watched.root, { recursive: true })
      await watched.change('+a.njk')
      watched.write('a.njk', text)
      await watched.change('+a.njk')
    }
  })
})
