// starts first: the load lasts for seconds
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { AccessRecord, SiteOptions } from '../../src/index.ts'
import { parseWrk } from '../bench/load-output.ts'
import { missing } from '../peers/program.ts'
import { startSecure } from '../support/secure.ts'
import { TempFolder } from '../support/server.ts'

const seconds = Number(process.env['SOAK_SECONDS'] ?? 10)
const connections = 16
const run = promisify(execFile)

/** Requests of one site on one listener, by connections that are kept open. Returns what wrk prints. */
async function load(url: string, host: string): Promise<string> {
  // A loaded machine is slow, which is no loss; a request without an answer is one.
  const flags = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', `${seconds / 2}s`, '--latency']
  return (await run('wrk', [...flags, '-H', `Host: ${host}`, url])).stdout
}

const files = { 'a.txt': 'main', 'docs/a.txt': 'docs', 'app/a.txt': 'app', 'more/a.txt': 'more' }
const listeners = [
  { name: 'plain', port: 0 },
  { name: 'secure', port: 0, tls: true },
  { name: 'third', port: 0, tls: true },
]
const title = 'sites, listeners and routes that come and go lose no request of the others'

test(title, { skip: missing('wrk') }, async () => {
  using folder = await new TempFolder().write(files)
  const siteOf = (name: string): SiteOptions => ({ host: `${name}.test`, root: folder.join(name) })
  const sites = ['docs', 'app', 'more'].map(siteOf)
  await using started = await startSecure(files, { listeners, sites })
  const { server } = started
  const [plain, secure] = server.listeners.list()
  const replies: AccessRecord[] = []
  server.on('reply', (record) => void replies.push(record))
  let isOver = false
  const loads = Promise.all([
    load(`http://127.0.0.1:${plain?.port}/a.txt`, 'docs.test'),
    load(`https://127.0.0.1:${secure?.port}/a.txt`, 'app.test'),
  ]).finally(() => (isOver = true))
  let rounds = 0
  for (; !isOver; rounds++) {
    await server.listeners.remove('third')
    await server.sites.remove('more.test')
    // Changes need no turn of the event loop; requests do.
    await setImmediate()
    const id = server.routes.add({ match: { path: '/fixed' }, reply: { body: 'fixed' } })
    await server.sites.add(siteOf('more'))
    await server.listeners.add({ name: 'third', port: 0, tls: rounds % 2 === 0 })
    assert.equal(await (await server.fetch('http://more.test/a.txt')).text(), 'more')
    await setImmediate()
    server.routes.remove(id)
  }
  const printed = await loads
  for (const output of printed) assert.doesNotMatch(output, /Socket errors|Non-2xx/)
  // wrk leaves when its time is over: each connection may have one request under way.
  const broken = replies.filter(({ status, aborted }) => aborted || status !== 200)
  assert.ok(broken.length <= 2 * connections && broken.every(({ aborted }) => aborted), JSON.stringify(broken[0]))
  const count = printed.reduce((sum, output) => sum + parseWrk(output).count, 0)
  assert.ok(count >= 1000 && rounds >= 20, `${count} requests during ${6 * rounds} changes`)
})
