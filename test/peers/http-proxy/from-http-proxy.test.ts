import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { fromHttpProxy } from '../../../src/index.ts'
import { rawGet } from '../../support/raw.ts'
import { startServer } from '../../support/server.ts'
import { startEcho } from './originals.ts'
import { projects } from './projects.ts'

/** Sends a request, and returns what the options decide: status, what the backend got, and what it said about paths. */
async function outcome(port: number, path: string): Promise<unknown> {
  const reply = await rawGet(port, path)
  if (reply.status === 404) return 'not forwarded'
  const named = (text: string | undefined): string | undefined => text?.replaceAll(`localhost:${port}`, 'FRONT')
  return [reply.status, named(reply.body.toString()), named(reply.field('location')), sorted(reply.field('set-cookie'))]
}

/** The order of a cookie's attributes says nothing (RFC 6265 section 5.3). */
function sorted(cookie: string): readonly string[] {
  return cookie.split('; ').toSorted()
}

/** The same for content. */
async function posted(port: number, path: string): Promise<unknown> {
  const reply = await fetch(`http://localhost:${port}${path}`, { method: 'POST', body: 'a=1', redirect: 'manual' })
  return reply.status === 404 ? 'not forwarded' : (await reply.text()).replaceAll(`localhost:${port}`, 'FRONT')
}

/** What the backend got with a WebSocket. */
async function opened(port: number, path: string): Promise<string> {
  const socket = new WebSocket(`ws://localhost:${port}${path}`)
  const [message] = (await once(socket, 'message')) as [Buffer]
  socket.close()
  await once(socket, 'close')
  return message.toString().replaceAll(`localhost:${port}`, 'FRONT')
}

for (const { name, options, settings, original, paths, webSockets = [], differences } of projects) {
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
    const content = `${paths[0]?.replace(/\/$/, '')}/content`
    assert.deepEqual(await posted(ours.port, content), await posted(theirs.port, content))
    for (const path of webSockets) assert.equal(await opened(ours.port, path), await opened(theirs.port, path), path)
  })
}
