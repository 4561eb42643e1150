import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { rawGet } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'

const entries = 100_000
/**
 * How long the loop may stand still, in milliseconds. About 40 on two busy cores, most of it the collector's; 3,000 before
 * the work was cut into slices.
 */
const longestBlock = 300

test('eight listings of 100,000 entries at once do not delay other requests', async (t) => {
  using folder = await new TempFolder().write({ 'small/a.txt': 'a' })
  for (let i = 0; i < entries; i++) writeFileSync(folder.join(`file-${i}.txt`), '')
  const delay = fileURLToPath(new URL('../bench/loop-delay.js', import.meta.url))
  const server = fileURLToPath(new URL('server.ts', import.meta.url))
  const child = fork(server, [folder.path], { execArgv: ['--import', 'tsx', '--import', delay] })
  t.after(() => child.kill())
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]

  async function held(): Promise<number> {
    child.send('report')
    for (;;) {
      // The server reports too.
      const [message] = (await once(child, 'message')) as [{ longestBlockMs?: number }]
      if (message.longestBlockMs !== undefined) return message.longestBlockMs
    }
  }

  for (const accept of ['application/json', 'text/html']) {
    await rawGet(port, '/', [`Accept: ${accept}`])
    await held()
    let isDone = false
    const listings = Promise.all(Array.from({ length: 8 }, () => rawGet(port, '/', [`Accept: ${accept}`]))).finally(
      () => (isDone = true),
    )
    let others = 0
    while (!isDone) {
      assert.equal((await rawGet(port, '/small/a.txt')).body.toString(), 'a')
      others++
    }
    const [first, ...rest] = await listings
    assert.equal(first?.status, 200)
    for (const { body } of rest) assert.ok(body.equals(first?.body ?? Buffer.alloc(0)))
    const longest = await held()
    assert.ok(others > 10, `${others} other requests were answered`)
    assert.ok(longest < longestBlock, `${accept}: ${longest} ms`)
    t.diagnostic(`${accept}: at most ${Math.round(longest)} ms, ${others} other requests`)
  }
})
