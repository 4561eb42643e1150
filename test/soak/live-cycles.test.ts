import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { fetchSession } from '../support/live-page.ts'
import { TempFolder } from '../support/server.ts'

const cycles = 5000
const atOnce = 20
/** Bytes of heap that may come and go. */
const tolerance = 8 * 1024 * 1024

interface Usage {
  /** What each open descriptor is. */
  readonly descriptors: readonly string[]
  readonly heap: number
}

test('5,000 pages that connect and leave leak no descriptor and no memory', { timeout: 180_000 }, async (t) => {
  using folder = new TempFolder()
  writeFileSync(folder.join('index.html'), '<!doctype html>home')
  const entry = fileURLToPath(new URL('server.ts', import.meta.url))
  const child = fork(entry, [folder.path], { execArgv: ['--expose-gc', '--import', 'tsx'] })
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  const { socket, token } = await fetchSession(port)

  async function visit(index: number): Promise<void> {
    const page = new WebSocket(`ws://127.0.0.1:${port}${socket}?token=${token}`, { origin: `http://127.0.0.1:${port}` })
    await once(page, 'open')
    page.send(JSON.stringify({ type: 'hello', document: '/', resources: [`/${index % 50}.css`], age: 0 }))
    await once(page, 'message')
    const closed = once(page, 'close')
    // Half of them say goodbye.
    if (index % 2 === 0) page.close()
    else page.terminate()
    await closed
  }

  async function visits(count: number): Promise<void> {
    for (let index = 0; index < count; index += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, offset) => visit(index + offset)))
    }
  }

  async function usage(): Promise<Usage> {
    child.send('report')
    return ((await once(child, 'message')) as [Usage])[0]
  }

  try {
    await visits(500)
    const before = await usage()
    await visits(cycles)
    // Ends may still be under way.
    let after = await usage()
    while (after.descriptors.length > before.descriptors.length) after = await usage()
    t.diagnostic(JSON.stringify({ before, after }))
    assert.ok(after.heap - before.heap < tolerance, `the heap grew by ${after.heap - before.heap} bytes`)
  } finally {
    child.disconnect()
    await once(child, 'exit')
  }
})
