import assert from 'node:assert/strict'
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, test, type TestContext } from 'node:test'
import { bench, type Bench, type BenchOptions } from './setup.ts'

/** chokidar needs a moment to begin: writes a first match until it is reported. */
async function begun(context: TestContext, options: BenchOptions, probe: string): Promise<Bench> {
  const watched = bench(context, options)
  let count = 0
  const timer = setInterval(() => writeFileSync(watched.path(probe), `probe ${count++}`), 20)
  try {
    await watched.change(`+${probe}`)
  } finally {
    clearInterval(timer)
  }
  return watched
}

describe('watching for its own sake', () => {
  test('matches that come, change and go are reported, and nothing else', async (context) => {
    const files = {
      'src/a.ts': 'a',
      'src/x/b.ts': 'b',
      'src/c.txt': 'c',
      'src/node_modules/d.ts': 'd',
      'src/e.ts': 'e',
    }
    const options = { files, extra: ['root/src/**/*.ts'], ignore: ['src/x'] }
    const { write, path, change, reported } = await begun(context, options, 'src/probe.ts')
    for (const name of ['src/x/b.ts', 'src/c.txt', 'src/node_modules/d.ts']) write(name, 'changed')
    write('src/new.ts', 'new')
    await change('+src/new.ts')
    write('src/a.ts', 'changed')
    await change('+src/a.ts')
    rmSync(path('src/e.ts'))
    await change('+src/e.ts')
    assert.deepEqual([...new Set(reported)].toSorted(), ['+src/a.ts', '+src/e.ts', '+src/new.ts', '+src/probe.ts'])
  })

  test('a plain folder means everything below it', async (context) => {
    const files = { 'src/x/y/a.txt': 'a', 'b.txt': 'b' }
    const { write, change, reported } = await begun(context, { files, extra: ['root/src'] }, 'src/probe')
    write('b.txt', 'changed')
    write('src/x/y/a.txt', 'changed')
    await change('+src/x/y/a.txt')
    assert.equal(reported.includes('+b.txt'), false)
  })

  test('the last of changes in quick succession is never lost', async (context) => {
    const { write, path, change } = await begun(context, { files: { 'a.ts': 'a' }, extra: ['root/*.ts'] }, 'probe.ts')
    for (let round = 0; round < 5; round++) {
      write('a.ts', `first ${round}`)
      await change('+a.ts')
      // Within the 50 ms in which another change of the same file is dropped.
      write('a.ts', `second ${round} with another size`)
      utimesSync(path('a.ts'), 1, 1 + round)
      await change('+a.ts')
    }
  })
})
