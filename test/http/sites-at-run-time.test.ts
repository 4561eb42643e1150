import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { createServer, isServeError, type Layer } from '../../src/index.ts'
import { RawClient, rawRequest } from '../support/raw.ts'
import { openSecure, startSecure } from '../support/secure.ts'
import { startServer } from '../support/server.ts'

const files = { 'a.txt': 'main', 'docs/a.txt': 'docs' }

async function answerOf(port: number, host: string): Promise<string> {
  const message = `GET /a.txt HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
  const { status, body } = await rawRequest(port, message)
  return status === 200 ? body.toString() : String(status)
}

/** A layer that holds requests for `/held` until it is released. */
function createHold(): { layer: Layer; entered: Promise<void>; release: () => void } {
  let release = (): void => {}
  let enter = (): void => {}
  const entered = new Promise<void>((resolve) => (enter = resolve))
  const released = new Promise<void>((resolve) => (release = resolve))
  const layer: Layer = (next) => (x) => {
    if (x.target.path !== '/held') return next(x)
    enter()
    return released.then(() => ({ status: 200, headers: [], body: Buffer.from('held') }))
  }
  return { layer, entered, release }
}

test('a site comes and goes while the server runs', async () => {
  await using started = await startServer(files)
  const { server, port, folder } = started
  assert.equal(await answerOf(port, 'docs.localhost'), 'main')
  const added = await server.sites.add({ host: 'docs.localhost', root: folder.join('docs') })
  assert.deepEqual(added, {
    name: 'docs.localhost',
    hosts: ['docs.localhost'],
    urls: [`http://docs.localhost:${port}/`],
  })
  assert.deepEqual(
    server.sites.list().map(({ name }) => name),
    ['default', 'docs.localhost'],
  )
  assert.equal(await answerOf(port, 'docs.localhost'), 'docs')
  assert.equal(await server.sites.remove('docs.localhost'), true)
  assert.equal(await server.sites.remove('docs.localhost'), false)
  assert.equal(await answerOf(port, 'docs.localhost'), 'main')
})

test('server.urls has those of all listeners and sites, and follows them', async () => {
  await using started = await startServer(files, { listeners: [{ name: 'web', port: 0 }] })
  const { server, port, folder } = started
  const web = `http://localhost:${port}/`
  assert.deepEqual(server.urls, { local: [web], network: [], sites: { default: [web] } })
  const second = await server.listeners.add({ name: 'second', port: 0 })
  await server.sites.add({ host: 'docs.localhost', name: 'docs', root: folder.join('docs'), base: '/m/' })
  const more = `http://localhost:${second.port}/`
  const docs = [`http://docs.localhost:${port}/m/`, `http://docs.localhost:${second.port}/m/`]
  assert.deepEqual(server.urls, { local: [web, more], network: [], sites: { default: [web, more], docs } })
  await server.sites.remove('docs')
  await server.listeners.remove('second')
  assert.deepEqual(server.urls, { local: [web], network: [], sites: { default: [web] } })
  await server.close()
  assert.deepEqual(server.urls, { local: [], network: [], sites: {} })
})

test('server.urls is empty before the server listens', async () => {
  await using server = createServer({ root: '.' })
  assert.deepEqual(server.urls, { local: [], network: [], sites: {} })
})

test('an exchange under way is finished though its site is removed', async () => {
  await using started = await startServer(files)
  const { server, port, folder } = started
  const hold = createHold()
  server.use(hold.layer)
  await server.sites.add({ host: 'docs.test', root: folder.join('docs') })
  using client = await RawClient.open(port)
  client.send('GET /held HTTP/1.1\r\nHost: docs.test\r\n\r\n')
  await hold.entered
  await server.sites.remove('docs.test')
  assert.equal(await answerOf(port, 'docs.test'), '421')
  hold.release()
  assert.equal((await client.reply()).body.toString(), 'held')
})

test('a listener comes and goes, and its exchanges under way are finished', async () => {
  await using started = await startServer(files)
  const { server } = started
  const hold = createHold()
  server.use(hold.layer)
  const { name, port } = await server.listeners.add({ name: 'second', port: 0 })
  assert.deepEqual(
    server.listeners.list().map((each) => each.name),
    ['http:0', 'second'],
  )
  assert.equal(await answerOf(port, 'localhost'), 'main')
  using idle = await RawClient.open(port)
  idle.send('GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await idle.reply()
  using busy = await RawClient.open(port)
  busy.send('GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await hold.entered
  const removed = server.listeners.remove(name)
  await idle.closed()
  hold.release()
  const reply = await busy.reply()
  assert.equal(reply.body.toString(), 'held')
  assert.equal(reply.field('connection'), 'close')
  assert.equal(await removed, true)
  await assert.rejects(RawClient.open(port), /ECONNREFUSED/)
  assert.equal(await answerOf(started.port, 'localhost'), 'main')
  // Its name and its port are free again.
  assert.equal((await server.listeners.add({ name, port })).port, port)
  assert.equal(await answerOf(port, 'localhost'), 'main')
})

test('a listener for HTTPS is added with its own certificate names, and ends its HTTP/2 connections', async () => {
  await using started = await startSecure(files)
  const { server, ca } = started
  const { port } = await server.listeners.add({ name: 'second', port: 0, tls: true })
  const session = connect(`https://localhost:${port}`, { ca })
  const stream = session.request({ ':path': '/a.txt' })
  await once(stream.resume(), 'end')
  const ended = once(session, 'close')
  assert.equal(await server.listeners.remove('second'), true)
  await ended
  using client = await openSecure(started)
  client.send('GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n')
  assert.equal((await client.reply()).status, 200)
})

test('keep-alive requests of other sites and listeners are all answered while sites and listeners come and go', async () => {
  await using started = await startServer(files)
  const { server, port, folder } = started
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  let isOver = false
  let answered = 0
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      get({ port, agent, path: '/a.txt', headers: { host: 'localhost' } }, (response) => {
        response.resume().once('end', () => (response.statusCode === 200 ? resolve() : reject(response.statusCode)))
      }).once('error', reject)
    })
  const client = async (): Promise<void> => {
    while (!isOver) {
      await ask()
      answered++
    }
  }
  const clients = Promise.all(Array.from({ length: 8 }, client))
  for (let round = 0; round < 20; round++) {
    await server.sites.add({ host: 'docs.test', root: folder.join('docs') })
    const added = await server.listeners.add({ name: 'second', port: 0 })
    assert.equal(await answerOf(added.port, 'docs.test'), 'docs')
    await server.listeners.remove('second')
    await server.sites.remove('docs.test')
  }
  isOver = true
  await clients
  agent.destroy()
  assert.ok(answered > 100, String(answered))
})

test('refuses what conflicts, and the last site and listener', async () => {
  await using started = await startServer(files)
  const { sites, listeners } = started.server
  await sites.add({ host: 'docs.test', root: started.folder.join('docs') })
  for (const [change, message] of [
    [() => sites.add({ host: 'docs.test', name: 'other' }), /answers for the same host/],
    [() => sites.add({ root: 'docs' }), /neither a host nor listeners/],
    [() => sites.add({ host: 'a.test', root: '/missing' }), /does not exist/],
    [() => sites.add({ host: 'a.test', port: 1 } as never), /belongs to the server/],
    [() => sites.add(1 as never), /expected an object of options/],
    [() => listeners.add({ name: 'http:0', port: 0 }), /there is a listener "http:0" already/],
    [() => listeners.add({ port: 70_000 }), /port/],
    [() => listeners.add({ port: started.port }), /in use/],
    [() => listeners.remove('http:0'), /is the last listener/],
  ] as const) {
    await assert.rejects(change(), (error) => isServeError(error) && message.test(error.message))
  }
  assert.equal(await answerOf(started.port, 'localhost'), 'main')
  assert.equal(listeners.list().length, 1)
})

test('a closed server refuses changes', async () => {
  const started = await startServer(files)
  await started[Symbol.asyncDispose]()
  const isClosed = (error: unknown): boolean => isServeError(error) && error.code === 'E8008_CLOSED'
  await assert.rejects(started.server.sites.add({ host: 'a.test' }), isClosed)
  await assert.rejects(started.server.listeners.remove('http:0'), isClosed)
})

test('close() also closes a listener that is being added', async () => {
  await using started = await startServer(files)
  const { server } = started
  // Loads what adding needs, so that it is under way in the same turn.
  await server.listeners.add({ name: 'first', port: 0 })
  const adding = server.listeners.add({ name: 'late', port: 0 })
  await Promise.resolve()
  await server.close()
  const [added] = await Promise.allSettled([adding])
  if (added.status === 'rejected') return assert.ok(isServeError(added.reason), String(added.reason))
  await assert.rejects(rawRequest(added.value.port, 'GET / HTTP/1.0\r\n\r\n'), { code: 'ECONNREFUSED' })
})
