import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answering, startBackend, type Backend } from '../support/backend.ts'
import { createGate } from '../support/gate.ts'
import { startFront } from '../support/proxy.ts'
import { upstreamAt } from '../support/upstream.ts'
import { rawGet, type RawReply } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const page = '<!doctype html><html><head><title>x</title></head><body>hello</body></html>'
const html = `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`

test("a backend's page gets live reload only if its route enables it", async () => {
  await using backend = await answering(html)
  const to = `http://127.0.0.1:${backend.port}`
  await using started = await startServer({}, { live: true, proxy: { '/live': { to, live: true }, '/plain': to } })
  assert.match((await rawGet(started.port, '/live', ['Accept: text/html'])).body.toString(), /<script[^>]*__serve8008/)
  assert.equal((await rawGet(started.port, '/plain', ['Accept: text/html'])).body.toString(), page)
})

test('debug adds the id of the route to responses', async () => {
  await using backend = await answering(html)
  const to = `http://127.0.0.1:${backend.port}`
  await using started = await startServer(
    {},
    { proxy: { '/a': { to, debug: true }, '/ö': { to, debug: true }, '/b': to } },
  )
  assert.equal((await rawGet(started.port, '/a')).field('server8008-route'), '/a')
  assert.equal((await rawGet(started.port, '/%C3%B6')).field('server8008-route'), '/%C3%B6')
  assert.equal((await rawGet(started.port, '/b')).field('server8008-route'), '')
})

/** A backend that answers with its name. The test sets its response to health checks. */
function named(name: string, health: () => string): Promise<Backend> {
  return startBackend(async (connection) => {
    while (await connection.sees('\r\n\r\n')) {
      const isCheck = (await connection.head()).startsWith('GET /health ')
      connection.send(isCheck ? health() : `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${name}`)
    }
  })
}

test('checks upstreams before the first request, and sends none to one that fails until it recovers', async () => {
  const ill = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'
  const well = 'HTTP/1.1 204 No Content\r\n\r\n'
  let state = ill
  let checks = createGate()
  let asked = 0
  await using sick = await named('s', () => {
    // The third check begins after the result of the second.
    if (++asked % 3 === 0) checks.open()
    return state
  })
  await using healthy = await named('h', () => well)
  const to = [sick, healthy].map(({ port }) => `http://127.0.0.1:${port}`)
  await using started = await startServer({}, { proxy: { '/': { to, health: { path: '/health', intervalMs: 5 } } } })
  const warnings: string[] = []
  const toldAgain = createGate()
  started.server.on('warning', ({ code, message }) => {
    assert.equal(code, 'W8008_HEALTH')
    if (warnings.push(message) === 2) toldAgain.open()
  })
  const names = async (): Promise<string> => {
    const replies: RawReply[] = []
    for (let i = 0; i < 4; i++) replies.push(await rawGet(started.port, '/'))
    return replies.map(({ body }) => body.toString()).join('')
  }
  await checks.opened
  assert.equal(await names(), 'hhhh')
  state = well
  checks = createGate()
  asked = 0
  await checks.opened
  assert.match(await names(), /^(?:shsh|hshs)$/)
  await toldAgain.opened
  const who = `127.0.0.1:${sick.port} (route /)`
  assert.deepEqual(warnings, [
    `${who} fails its health check: GET /health (503).`,
    `${who} passes its health check again.`,
  ])
})

test('the warning of a failed check says where requests go then', async () => {
  await using sick = await named('s', () => 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n')
  await using other = await named('o', () => 'HTTP/1.1 204 No Content\r\n\r\n')
  const urlOf = ({ port }: { readonly port: number }): string => `http://127.0.0.1:${port}`
  for (const [upstreams, hint] of [
    [[sick], 'the route has no other upstream, so requests still go there'],
    [[sick, other], 'the other upstreams of the route get its requests; if all fail their checks, all are tried'],
  ] as const) {
    const proxy = { '/': { to: upstreams.map(urlOf), health: { path: '/health', intervalMs: 5 } } }
    await using started = await startServer({}, { proxy })
    const told = new Promise<string | undefined>(
      (resolve) => void started.server.on('warning', (warning) => resolve(warning.hint)),
    )
    assert.equal(await told, hint)
  }
})

test('an upstream that closes the connection within its content gets no requests for a while', async () => {
  await using breaking = await startBackend(async (connection) => {
    await connection.head()
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx')
    connection.socket.end()
  })
  await using sound = await answering('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsound')
  const upstreams = [breaking, sound].map(({ port }) => upstreamAt(port))
  await using front = await startFront(0, { upstreams, proxy: { balance: 'round' } })
  const ended = front.ended()
  await assert.rejects(rawGet(front.port, '/'))
  await ended
  for (let i = 0; i < 4; i++) assert.equal((await rawGet(front.port, '/')).body.toString(), 'sound')
  assert.equal(breaking.sockets.length, 1)
})
