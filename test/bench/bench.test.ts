import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { missing } from '../peers/program.ts'
import { TempFolder } from '../support/server.ts'

const root = resolve(import.meta.dirname, '../..')

test(
  'npm run bench measures a workload of each load',
  { skip: missing('wrk', 'h2load', 'nginx', 'taskset') },
  async () => {
    using folder = new TempFolder()
    const works = ['static 404', 'TLS h2 1 KiB', 'WebSocket echo', 'start', 'save to page']
    const flags = [
      '--quick',
      '--alone',
      '--json',
      folder.join('bench.json'),
      ...works.flatMap((name) => ['--only', name]),
    ]
    const script = resolve(root, 'test/bench/bench.ts')
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, ...flags], { cwd: root })
    const { outcomes } = JSON.parse(readFileSync(folder.join('bench.json'), 'utf8'))
    assert.deepEqual(
      outcomes.map(({ workload }: { workload: string }) => workload),
      ['static 404', 'WebSocket echo', 'TLS h2 1 KiB', 'start', 'start with TLS', 'save to page'],
    )
    for (const { workload, rounds, without } of outcomes) {
      assert.deepEqual(without, {}, workload)
      for (const { value, failed = 0 } of rounds.serve8008) {
        assert.ok(value > 0, workload)
        assert.equal(failed, 0, workload)
      }
    }
    assert.match(stdout, /^\| static 404 \| serve8008 \| \d+ \/s /m)
  },
)
