import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHttpProxy } from '../../../src/index.ts'
import { rawGet } from '../../support/raw.ts'
import { startServer } from '../../support/server.ts'
import { startEcho } from './originals.ts'
import { projects } from './projects.ts'

/** Sends a request, and returns what the options decide: status, what the backend got, and what it said about paths. */
async function outcome(port: number, path: string): Promise<unknown> {
  const reply = await rawGet(port, path)
  if (reply.status === 404) return 'not forwarded'
  const body = reply.body.toString().replaceAll(`localhost:${port}`, 'FRONT')
  return [reply.status, body, reply.field('location'), reply.field('set-cookie')]
}

for (const { name, options, settings, original, paths, differences } of projects) {
  test(`routes from the options of ${name} answer as the original`, async () => {
    await using backend = await startEcho('backend')
    await using other = await startEcho('other')
    const [one, two] = [backend, other].map(({ port }) => `http://localhost:${port}`) as [string, string]
    await using theirs = await original(options(one, two))
    const carried = await fromHttpProxy(options(one, two), settings)
    assert.deepEqual(
      carried.differences.map(({ option }) => option),
      differences,
    )
    await using ours = await startServer({}, { routes: carried.routes, live: false, listing: false })
    for (const path of paths) {
      assert.deepEqual(await outcome(ours.port, path), await outcome(theirs.port, path), path)
    }
  })
}
