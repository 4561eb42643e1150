import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2'
import { describe, test } from 'node:test'
import type { ProxyOptions } from '../../src/config/kinds/proxy-types.ts'
import { answering, startBackend } from '../support/backend.ts'
import { RawClient, rawGet, rawRequest } from '../support/raw.ts'
import { openSession, startHttp2 } from '../support/http2.ts'
import { startServer, TempFolder } from '../support/server.ts'
import { RawUpstream } from '../support/upstream.ts'

interface Naming {
  /** Has the backend send a field, and returns its value for a client whose `Host` is `box.test:8008`. */
  answer(field: string): Promise<string | undefined>
  /** The head of the request that the backend gets, or the status of the refusal. */
  ask(method: string, path: string, lines: readonly string[]): Promise<string>
}

/** Runs a test with a route; `PORT` in texts of the test is the backend's port. */
async function withRoute(
  key: string,
  options: Omit<ProxyOptions, 'to'> & { readonly path?: string },
  run: (naming: Naming) => Promise<void>,
): Promise<void> {
  let reply = ''
  let head = ''
  await using backend = await startBackend(async (connection) => {
    for (;;) {
      if (!(await connection.sees('\r\n\r\n'))) return
      head = await connection.head()
      connection.send(reply)
    }
  })
  const inTest = (text: string): string => text.replaceAll('PORT', String(backend.port))
  const { path = '', ...rest } = options
  const proxy = { [key]: { to: `http://127.0.0.1:${backend.port}${path}`, ...rest } }
  await using front = await startServer({}, { proxy, allowHost: 'box.test', live: false })
  const send = async (method: string, at: string, lines: readonly string[]): Promise<string> => {
    const request = [`${method} ${at} HTTP/1.1`, 'Host: box.test:8008', ...lines.map(inTest), 'Content-Length: 0']
    using client = await RawClient.open(front.port)
    await client.send(`${request.join('\r\n')}\r\n\r\n`).sees('\r\n\r\n')
    return client.received.toString('latin1').replaceAll(String(backend.port), 'PORT')
  }
  await run({
    async answer(field) {
      reply = inTest(`HTTP/1.1 201 Created\r\n${field}\r\nContent-Length: 0\r\n\r\n`)
      const [name = ''] = field.split(':', 1)
      // The case of a name is kept.
      const line = (await send('POST', key, [])).split('\r\n').find((each) => each.startsWith(`${name}: `))
      return line?.slice(name.length + 2)
    },
    async ask(method, at, lines) {
      reply = 'HTTP/1.1 204 No Content\r\n\r\n'
      const status = (await send(method, at, lines)).slice(9, 12)
      return status === '204' ? head.replaceAll(String(backend.port), 'PORT') : status
    },
  })
}

const ours = 'http://box.test:8008'

describe('a backend names itself in Location', () => {
  test('by its address, the Host that it gets, and the port that it has, with either host', () =>
    withRoute('/', {}, async ({ answer }) => {
      for (const url of ['http://127.0.0.1:PORT/a%2Fb', 'http://localhost:PORT/a%2Fb', 'http://box.test:8008/a%2Fb'])
        assert.equal(await answer(`Location: ${url}`), `${ours}/a%2Fb`)
      // The host name that the client used with the backend's port, as DIAL devices write it.
      assert.equal(await answer('Location: http://box.test:PORT/apps/Tube/run'), `${ours}/apps/Tube/run`)
      assert.equal(await answer('Application-URL: http://BOX.test:PORT/apps'), `${ours}/apps`)
      assert.equal(await answer('CONTENT-LOCATION: //box.test:PORT/apps?x'), '//box.test:8008/apps?x')
      for (const other of [
        'http://box.test/x',
        'https://box.test:8443/x',
        'http://box.test:PORT0/x',
        'http://b.test:PORT/x',
      ])
        assert.equal(await answer(`Location: ${other}`), other)
    }))

  test('by the Host that the route sets, with the port that it has', () =>
    withRoute('/', { headers: { host: 'cal.test' } }, async ({ answer }) => {
      for (const host of ['cal.test', 'cal.test:PORT', 'box.test:PORT', 'box.test:8008', 'localhost:PORT'])
        assert.equal(await answer(`Location: http://${host}/x`), `${ours}/x`)
      assert.equal(await answer('Location: https://cal.test/x'), 'https://cal.test/x')
    }))

  test('by the names and ports in aliases', () =>
    withRoute('/cal', { path: '/', aliases: [':8443', 'dav.test', 'other.test:8080'] }, async ({ answer }) => {
      for (const origin of [
        'https://localhost:8443',
        'https://127.0.0.1:8443',
        'https://box.test:8443',
        'https://dav.test',
        'http://dav.test',
        'https://other.test:8080',
      ]) {
        assert.equal(await answer(`Location: ${origin}/principals/?x#y`), `${ours}/cal/principals/?x#y`)
        assert.equal(await answer(`Application-URL: ${origin}/apps`), `${ours}/cal/apps`)
      }
      for (const other of ['https://dav.test:8443/x', 'https://other.test/x', 'https://localhost:84430/x'])
        assert.equal(await answer(`Location: ${other}`), other)
    }))
})

describe('a client names the backend in Destination and If', () => {
  const fieldsOf = (head: string): string[] => head.split('\r\n').filter((line) => /^(?:destination|if):/i.test(line))

  test('by any of its names, and the backend gets its own', () =>
    withRoute('/cal', { path: '/v1', changeOrigin: true, aliases: [':8443'] }, async ({ ask }) => {
      for (const url of [`${ours}/cal/a%2Fb`, 'https://box.test:8443/v1/a%2Fb', 'http://127.0.0.1:PORT/v1/a%2Fb']) {
        const head = await ask('MOVE', '/cal/x', [`DESTINATION: ${url}`, `If: <${url}> (<urn:t>)`])
        const sent = 'http://127.0.0.1:PORT/v1/a%2Fb'
        assert.deepEqual(fieldsOf(head), [`DESTINATION: ${sent}`, `If: <${sent}> (<urn:t>)`], url)
      }
      for (const url of ['https://box.test:8443/x', 'http://127.0.0.1:PORT/v1/%2e%2e/x', 'https://dav.test:8443/v1/x'])
        assert.equal(await ask('MOVE', '/cal/x', [`Destination: ${url}`]), '502', url)
      assert.equal(await ask('COPY', '/cal/x', ['Destination: /cal/y', 'Destination: /cal/z']), '400')
    }))

  test('with its prefix, where the backend gets that', () =>
    withRoute('/cal', { path: '/', scriptName: true }, async ({ ask, answer }) => {
      const head = await ask('MOVE', '/cal/x', [`Destination: ${ours}/cal/y`, 'If: </cal/x> (<urn:t>)'])
      assert.match(head, /^MOVE \/x HTTP/)
      assert.match(head, /^x-script-name: \/cal\r$/im)
      assert.deepEqual(fieldsOf(head), [`Destination: ${ours}/cal/y`, 'If: </cal/x> (<urn:t>)'])
      assert.equal(await ask('MOVE', '/cal/x', [`Destination: ${ours}/y`]), '502')
      assert.equal(await answer('Location: http://127.0.0.1:PORT/cal/y'), `${ours}/cal/y`)
      assert.equal(await answer('Location: /cal/'), '/cal/')
    }))

  test('over HTTP/2, once there too', async () => {
    await using backend = await startBackend()
    await using front = await startHttp2({}, { proxy: { '/cal': `http://127.0.0.1:${backend.port}/v1` } })
    using session = openSession(front.port)
    const ask = (destination: string | string[]): ClientHttp2Stream =>
      session.request({ ':method': 'MOVE', ':path': '/cal/x', destination }, { endStream: true })
    ask(`http://localhost:${front.port}/cal/a%2Fb`).on('error', () => {})
    const head = await (await backend.next()).head()
    assert.deepEqual(fieldsOf(head), [`destination: http://localhost:${front.port}/v1/a%2Fb`])
    for (const [destination, status] of [
      [['/cal/a', '/cal/b'], 400],
      ['/cal/../a', 502],
    ] as const) {
      const [headers] = (await once(ask([destination].flat()), 'response')) as [IncomingHttpHeaders]
      assert.equal(headers[':status'], status)
    }
  })
})

test('a backend on a unix socket is localhost, with the default port', async () => {
  using folder = new TempFolder()
  let location = ''
  await using _backend = await RawUpstream.answering((_, socket) => {
    socket.end(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
  }, folder.join('app.sock'))
  await using front = await startServer({}, { proxy: { '/cal': `unix:${folder.join('app.sock')}:/` }, live: false })
  for (const [from, to] of [
    ['http://localhost/x', `http://localhost:${front.port}/cal/x`],
    [`http://localhost:${front.port}/x`, `http://localhost:${front.port}/cal/x`],
    ['http://localhost:81/x', 'http://localhost:81/x'],
  ] as const) {
    location = from
    assert.equal((await rawGet(front.port, '/cal/x')).field('location'), to)
  }
})

test('a trusted proxy that ends TLS has clients of HTTPS, and another peer has not', async () => {
  const fields = ['Location: https://cal.test/x', 'Set-Cookie: a=b; Secure']
  await using backend = await answering(`HTTP/1.1 201 Created\r\n${fields.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`)
  const options = { proxy: { '/': `http://127.0.0.1:${backend.port}` }, allowHost: 'cal.test', live: false }
  for (const [trust, location, cookie] of [
    [['127.0.0.1'], 'https://cal.test/x', 'a=b; Secure'],
    [[], 'http://cal.test/x', 'a=b'],
  ] as const) {
    await using front = await startServer({}, { ...options, trust })
    const head = ['MOVE /x HTTP/1.1', 'Host: cal.test', 'X-Forwarded-Proto: https', 'Destination: https://cal.test/y']
    const { field } = await rawRequest(front.port, `${head.join('\r\n')}\r\n\r\n`)
    assert.deepEqual([field('location'), field('set-cookie')], [location, cookie])
  }
})
