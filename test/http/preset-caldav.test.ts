import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ServeOptions } from '../../src/index.ts'
import { startBackend, type Backend } from '../support/backend.ts'
import { openListener, startSecure, type Secured } from '../support/secure.ts'

/** The listeners of the preset on ports that the system chooses. */
const listeners = [
  { name: 'plain', port: 0 },
  { name: 'tls', port: 0, tls: true },
]
const methods = [
  'OPTIONS',
  'PROPFIND',
  'PROPPATCH',
  'REPORT',
  'MKCALENDAR',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'ACL',
]

function start(backend: Backend, options: ServeOptions = {}): Promise<Secured> {
  return startSecure({}, { preset: 'caldav', upstream: backend.port, listeners, root: undefined, ...options })
}

/** The reply of a listener to a request with these lines. */
async function ask(started: Secured, listener: string, line: string, lines: readonly string[] = [], content = '') {
  using client = await openListener(started, listener)
  const fields = ['Host: localhost:8008', 'Accept-Encoding: br, gzip', ...lines, `Content-Length: ${content.length}`]
  client.send(`${line} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${content}`)
  return await client.reply(line.split(' ', 1)[0])
}

describe('the preset caldav', () => {
  const xml = `<multistatus>${'<response/>'.repeat(500)}</multistatus>`

  for (const { name } of listeners) {
    test(`forwards every method of ${name}, and its reply without another coding`, async () => {
      const heads: string[] = []
      await using backend = await startBackend(async (connection) => {
        while (await connection.sees('</x>')) {
          heads.push(await connection.head())
          connection.send(
            `HTTP/1.1 207 Multi-Status\r\nContent-Type: text/xml\r\nETag: "1"\r\nDAV: 1, calendar-access\r\nContent-Length: ${xml.length}\r\n\r\n${xml}`,
          )
        }
      })
      await using started = await start(backend)
      for (const method of methods) {
        const fields = [
          'Depth: 1',
          'If-Match: "1"',
          'Lock-Token: <urn:x>',
          'Timeout: Second-60',
          'Prefer: return=minimal',
          'Brief: t',
        ]
        const destination = method === 'COPY' || method === 'MOVE' ? ['Destination: /ann/a%2Fb'] : []
        const { status, field, body } = await ask(
          started,
          name,
          `${method} /ann/a%2Fb/`,
          [...fields, ...destination],
          '<x></x>',
        )
        assert.deepEqual([status, field('etag'), field('content-encoding')], [207, '"1"', ''], method)
        assert.equal(body.toString(), xml)
        const [first, ...rest] = (heads.at(-1) ?? '').split('\r\n')
        assert.equal(first, `${method} /ann/a%2Fb/ HTTP/1.1`)
        for (const line of [...fields, ...destination]) assert.ok(rest.includes(line), `${method}: ${line}`)
        assert.ok(!rest.some((line) => /^x-script-name:/i.test(line)))
      }
    })
  }

  test('redirects both well-known URIs for any method, and tells the upstream its base', async () => {
    await using backend = await startBackend()
    await using started = await start(backend, { base: '/cal' })
    for (const { name } of listeners) {
      for (const uri of ['/.well-known/caldav', '/.well-known/carddav']) {
        for (const method of ['GET', 'PUT', ...methods]) {
          const { status, field } = await ask(started, name, `${method} ${uri}`, ['Destination: /cal/x'])
          assert.deepEqual([status, field('location')], [301, '/cal/'], `${method} ${uri}`)
        }
      }
    }
    const answer = ask(started, 'plain', 'MOVE /cal/x', [
      'Destination: http://localhost:8008/cal/y',
      'If: </cal/x> (<urn:x>)',
    ])
    const upstream = await backend.next()
    const head = await upstream.head()
    assert.match(head, /^MOVE \/x HTTP/)
    assert.match(head, /^X-Script-Name: \/cal\r$/m)
    assert.match(head, /^Destination: http:\/\/localhost:8008\/cal\/y\r$/m)
    assert.match(head, /^If: <\/cal\/x> \(<urn:x>\)\r$/m)
    // The upstream names its own port for TLS.
    upstream.send('HTTP/1.1 201 Created\r\nLocation: https://localhost:8443/cal/y\r\nContent-Length: 0\r\n\r\n')
    assert.equal((await answer).field('location'), 'http://localhost:8008/cal/y')
    assert.equal((await ask(started, 'plain', 'PROPFIND /x')).status, 404)
  })

  test('redirects to another path where a route says so', async () => {
    await using backend = await startBackend()
    const route = { match: { exact: '/.well-known/caldav' }, redirect: '/principals/', status: 301 } as const
    await using started = await start(backend, { routes: [route] })
    assert.equal((await ask(started, 'tls', 'PROPFIND /.well-known/caldav')).field('location'), '/principals/')
    assert.equal((await ask(started, 'tls', 'PROPFIND /.well-known/carddav')).field('location'), '/')
  })
})
