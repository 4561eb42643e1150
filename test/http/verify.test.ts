// slow: attacks servers that it starts, with every kind of request
// starts first: each test of a server waits for what comes late
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp, request, type RequestListener } from 'node:http'
import { createServer as createHttp2 } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import { connect, createServer as createTcp, type AddressInfo, type Server } from 'node:net'
import { test, type TestContext } from 'node:test'
import { openPorts } from '../../src/scan/scan.ts'
import { createServer, isServeError, verify, type CheckCode, type VerifyResult } from '../../src/index.ts'
import { makeCertificate, makeCertificateFor } from '../support/certificate.ts'
import { freePort } from '../support/free-port.ts'
import { startServer } from '../support/server.ts'

/** Listens on a free port of the loopback until the end of the test. */
async function listen(t: TestContext, server: Server, at = 0, host = '127.0.0.1'): Promise<number> {
  server.listen(at, host)
  await once(server, 'listening')
  t.after(() => {
    server.close()
    if ('closeAllConnections' in server) (server as { closeAllConnections(): void }).closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

const withoutIpv6 = await new Promise<string | false>((resolve) => {
  const server = createTcp().listen(0, '::1')
  server.on('error', () => resolve('this machine does not have ::1'))
  server.on('listening', () => server.close(() => resolve(false)))
})

/** Listens on one free port: the first server on 127.0.0.1, the second, if any, on ::1. */
async function listenBoth(t: TestContext, servers: readonly Server[]): Promise<{ port: number }> {
  const port = await freePort()
  for (const [i, server] of servers.entries()) await listen(t, server, port, i === 0 ? '127.0.0.1' : '::1')
  return { port }
}

/** Tests a server of node:http with this listener. */
async function verifyListener(t: TestContext, listener: RequestListener): Promise<VerifyResult> {
  return verify(`http://localhost:${await listen(t, createHttp(listener))}/`)
}

function failedOf({ checks }: VerifyResult): CheckCode[] {
  return checks.flatMap(({ code, verdict }) => (verdict === 'failed' ? [code] : []))
}

function checkOf({ checks }: VerifyResult, wanted: CheckCode): VerifyResult['checks'][number] {
  const found = checks.find(({ code }) => code === wanted)
  assert.ok(found)
  return found
}

/** Answers known names only, as a careful server does, so that single faults can be added. */
function careful(
  listener: RequestListener = (_request, response) => void response.writeHead(404).end(),
): RequestListener {
  return (incoming, response) => {
    if (!/^localhost(?::|$)/.test(incoming.headers.host ?? '')) return void response.writeHead(421).end()
    if (incoming.url === '/') return void response.end('home')
    return listener(incoming, response)
  }
}

test('a careful server passes every check', async (t) => {
  const result = await verifyListener(t, careful())
  assert.deepEqual(failedOf(result), [])
  assert.equal(result.passed, true)
  assert.deepEqual(result.protocols, ['HTTP/1.1'])
  assert.deepEqual(
    [result.relay.verdict, result.relay.attempts.some(({ contacted }) => contacted)],
    ['not shown to relay', false],
  )
})

test('a server that answers everything by an echo is not accused of relaying or of files', async (t) => {
  const result = await verifyListener(t, (incoming, response) => {
    response.end(`${incoming.method} ${incoming.url} ${incoming.headers.host} -----BEGIN PRIVATE KEY----- root:x:0:0:`)
  })
  assert.equal(result.relay.verdict, 'not shown to relay')
  assert.deepEqual(failedOf(result), ['S8008_HOST'])
})

test('a server that answers everything by its path in chunks is not accused of files', async (t) => {
  const result = await verifyListener(t, ({ url }, response) => {
    response.write('{"path":')
    response.end(JSON.stringify(url) + '}')
  })
  assert.deepEqual(failedOf(result), ['S8008_HOST'])
})

test('a file in chunks is found', async (t) => {
  const listener = careful(({ url }, response) => {
    if (url !== '/id_rsa') return void response.writeHead(404).end()
    response.write('-----BEGIN PRI')
    response.end('VATE KEY-----')
  })
  assert.deepEqual(failedOf(await verifyListener(t, listener)), ['S8008_KEYS'])
})

/** Contacts every listener of this process but one, as a program that looks for servers does. */
async function contactListeners(t: TestContext, except: number): Promise<void> {
  const ports = (await openPorts()).filter(({ pid, port }) => pid === process.pid && port !== except)
  const contacts = ports.map(async ({ port, addresses: [host] }) => {
    const socket = connect({ port, ...(host === undefined ? {} : { host }) })
    t.after(() => socket.destroy())
    socket.resume().end('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'connect').catch(() => {})
    socket.on('error', () => {})
  })
  await Promise.all(contacts)
}

for (const [what, relays, expected] of [
  ['a program that contacts every listener makes no relay of a server', false, 'refuses'],
  ['a relay is found although a program contacts every listener', true, 'relays to loopback'],
] as const) {
  test(what, async (t) => {
    let looked: Promise<void> | undefined
    const server = createHttp((incoming, response) => {
      const answer = (): void => void response.writeHead(404).end()
      const host = incoming.headers.host ?? ''
      if (host === own) return answer()
      // By now the canaries listen.
      looked ??= contactListeners(t, port)
      void looked.then(() => {
        if (!relays || incoming.url?.startsWith('/') !== true) return answer()
        return void request(`http://${host}${incoming.url}`, answer).on('error', answer).end()
      })
    })
    const port = await listen(t, server)
    const own = `localhost:${port}`
    const { relay } = await verify(`http://${own}/`)
    assert.equal(relay.verdict, expected)
  })
}

test('a server that claims a tunnel, and a relayed reply, is not accused', async (t) => {
  const server = createTcp((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    })
  })
  const result = await verify(String(await listen(t, server)), { timeoutMs: 300 })
  assert.equal(result.relay.verdict, 'not shown to relay')
})

test('a server that contacts the target and never answers relays', async (t) => {
  const server = createTcp((socket) => {
    socket.on('error', () => {})
    socket.once('data', (head: Buffer) => {
      const [, port] = /^GET http:\/\/127\.0\.0\.1:(\d+)/.exec(head.toString()) ?? []
      if (port === undefined) return socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
      const outgoing = connect(Number(port), '127.0.0.1', () => outgoing.destroy())
      outgoing.on('error', () => {})
      return undefined
    })
  })
  const result = await verify(String(await listen(t, server)), { timeoutMs: 300 })
  assert.equal(result.relay.verdict, 'relays to loopback')
  const contacted = result.relay.attempts.filter((each) => each.contacted)
  assert.ok(contacted.length > 0 && contacted.every(({ answer }) => answer === 'no answer'))
  assert.equal(checkOf(result, 'S8008_OPEN_RELAY').sent.length, contacted.length)
})

/** Reads targets out of requests, and contacts them: one for each attempt that is not covered by a real proxy. */
for (const [what, pattern, shown] of [
  ['the path', /^GET \/http:\/\/(127\.0\.0\.1:\d+)/, 'GET /http://'],
  ['a cache path', /^GET \/\.cache\/http:\/\/(127\.0\.0\.1:\d+)/, 'GET /.cache/'],
  ['the query', /^GET \/\?url=http:\/\/(127\.0\.0\.1:\d+)/, 'GET /?url='],
  ['two slashes', /^GET \/\/(127\.0\.0\.1:\d+)/, 'GET //127'],
  ['encoded slashes', /^GET \/%2f%2f(127\.0\.0\.1:\d+)/, 'GET /%2f%2f'],
  ['backslashes', /^GET \\\\(127\.0\.0\.1:\d+)/, 'GET \\\\'],
  ['an at sign', /^GET @(127\.0\.0\.1:\d+)/, 'GET @'],
  ['userinfo', /^GET http:\/\/[^/]*@(127\.0\.0\.1:\d+)/, 'GET http://localhost:'],
  ['X-Forwarded-Host', /x-forwarded-host: (127\.0\.0\.1:\d+)/i, 'GET / HTTP/1.1, Host: localhost:'],
  ['an upgrade', /Host: (127\.0\.0\.1:\d+)\r\nConnection: Upgrade/, 'GET / HTTP/1.1, Host: 127.0.0.1'],
] as const) {
  test(`finds a relay that takes its target from ${what}`, async (t) => {
    const server = createTcp((socket) => {
      socket.on('error', () => {})
      socket.once('data', (head: Buffer) => {
        const [, target = ''] = pattern.exec(head.toString('latin1')) ?? []
        const answer = (): unknown => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
        if (target === '') return answer()
        return request(`http://${target}/`, answer).on('error', answer).end()
      })
    })
    const result = await verify(`localhost:${await listen(t, server)}`)
    assert.equal(result.relay.verdict, 'relays to loopback')
    const contacted = result.relay.attempts.filter((each) => each.contacted)
    assert.ok(
      contacted.some(({ sent }) => sent.startsWith(shown)),
      JSON.stringify(contacted),
    )
  })
}

for (const [what, pick] of [
  [':authority', (head: Record<string, string>) => (head[':method'] === 'GET' ? head[':authority'] : '')],
  [':path', (head: Record<string, string>) => /^\/?http:\/\/([^/]+)/.exec(head[':path'] ?? '')?.[1]],
  ['CONNECT', (head: Record<string, string>) => (head[':method'] === 'CONNECT' ? head[':authority'] : '')],
  ['extended CONNECT', (head: Record<string, string>) => (head[':protocol'] === undefined ? '' : head[':authority'])],
] as const) {
  test(`finds a relay over HTTP/2 by ${what}`, async (t) => {
    const server = createHttp2({ settings: { enableConnectProtocol: true } })
    server.on('stream', (stream, head) => {
      stream.on('error', () => {})
      const target = pick(head as Record<string, string>) ?? ''
      const answer = (): void => {
        if (!stream.destroyed && !stream.headersSent) stream.respond({ ':status': 404 }, { endStream: true })
      }
      if (!target.startsWith('127.0.0.1:')) return answer()
      request(`http://${target}/`, answer).on('error', answer).end()
    })
    const result = await verify(String(await listen(t, server)))
    assert.deepEqual(result.protocols, ['HTTP/2'])
    assert.equal(result.relay.verdict, 'relays to loopback')
  })
}

test('each fault fails its check, and no other', async (t) => {
  const key = '-----BEGIN RSA PRIVATE KEY-----\n'
  const serves = (files: Record<string, string>): RequestListener =>
    careful((incoming, response) => {
      const body = files[incoming.url ?? '']
      if (body === undefined) return void response.writeHead(404).end()
      response.end(body)
    })
  const cases: readonly (readonly [CheckCode, RequestListener])[] = [
    ['S8008_DOTFILES', serves({ '/.git/HEAD': 'ref: refs/heads/main\n' })],
    ['S8008_DOTFILES', serves({ '/.env': 'A=1\n' })],
    ['S8008_KEYS', serves({ '/server.key': key })],
    ['S8008_BACKUPS', serves({ '/index.html~': '<p>old' })],
    ['S8008_TRAVERSAL', serves({ [`/${'..%2f'.repeat(12)}etc/passwd`]: 'root:x:0:0:root:/root:/bin/sh\n' })],
    ['S8008_OUTSIDE', serves({ '/@fs/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n' })],
    [
      'S8008_EVENTS_ORIGIN',
      careful((incoming, response) => {
        const fields = { 'content-type': 'text/event-stream', 'access-control-allow-origin': '*' }
        if (incoming.url === '/__webpack_hmr') response.writeHead(200, fields).flushHeaders()
        else response.writeHead(404).end()
      }),
    ],
  ]
  for (const [code, listener] of cases) {
    const result = await verifyListener(t, listener)
    assert.deepEqual(failedOf(result), [code])
    const { fix, sent, why } = checkOf(result, code)
    assert.ok(fix !== undefined && sent.length > 0 && why !== '')
  }
})

for (const [why, fields] of [
  [
    'every origin, with credentials',
    { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' },
  ],
  ['any origin that asks', { 'access-control-allow-origin': 'http://evil.test' }],
  ['any origin that asks', { 'access-control-allow-origin': 'null' }],
  ['private network', { 'access-control-allow-private-network': 'true' }],
] as const) {
  test(`CORS fails for ${JSON.stringify(fields)}`, async (t) => {
    const result = await verifyListener(t, (incoming, response) => {
      for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
      careful()(incoming, response)
    })
    assert.deepEqual(failedOf(result), ['S8008_CORS'])
    assert.match(checkOf(result, 'S8008_CORS').why, new RegExp(why))
  })
}

test('CORS for every origin without credentials is told, and passes', async (t) => {
  const result = await verifyListener(t, (incoming, response) => {
    response.setHeader('access-control-allow-origin', '*')
    careful()(incoming, response)
  })
  assert.deepEqual(failedOf(result), [])
  assert.match(checkOf(result, 'S8008_CORS').why, /every site may read replies/)
})

test('a WebSocket that opens for any page fails, one that compares Origin passes', async (t) => {
  const answer = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'
  for (const isOpen of [true, false]) {
    const server = createHttp(careful())
    server.on('upgrade', ({ headers, url }, socket) => {
      socket.on('error', () => {})
      const isOwn = headers.origin === `http://${headers.host}` && headers.host?.startsWith('localhost')
      socket.end(url === '/ws' && (isOpen || isOwn) ? answer : 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
    })
    const result = await verify(String(await listen(t, server)))
    const { verdict } = checkOf(result, 'S8008_WEBSOCKET_ORIGIN')
    assert.equal(verdict, isOpen ? 'failed' : 'passed')
  }
})

test('names: a redirect to the own name passes, one to the name that was asked for fails', async (t) => {
  const redirect = (location: (host: string) => string): RequestListener => {
    const known = careful()
    return (incoming, response) => {
      const { host = '' } = incoming.headers
      if (host.startsWith('localhost:')) return known(incoming, response)
      return void response.writeHead(301, { location: location(host) }).end()
    }
  }
  assert.deepEqual(
    failedOf(
      await verifyListener(
        t,
        redirect(() => 'http://localhost/'),
      ),
    ),
    [],
  )
  assert.deepEqual(
    failedOf(
      await verifyListener(
        t,
        redirect((host) => `https://${host}/`),
      ),
    ),
    ['S8008_HOST'],
  )
})

test('a request without Host that is answered fails', async (t) => {
  const server = createHttp({ requireHostHeader: false }, (incoming, response) => {
    if (incoming.headers.host === undefined) return void response.end('x')
    careful()(incoming, response)
  })
  assert.deepEqual(failedOf(await verify(String(await listen(t, server)))), ['S8008_HOST_MISSING'])
})

test('a listing of a home folder fails, one without private names passes', async (t) => {
  for (const [names, code] of [
    [['.ssh/', 'id_rsa'], ['S8008_LISTING']],
    [['../', '.well-known/', 'a.txt'], []],
  ] as const) {
    const links = names.map((name) => `<a href="${name}">${name}</a>`).join('')
    const home = careful()
    const result = await verifyListener(t, (incoming, response) => {
      if (incoming.url !== '/' || incoming.headers.host?.startsWith('localhost:') !== true)
        return home(incoming, response)
      response.end(`<title>Index of /</title>${links}`)
    })
    assert.deepEqual(failedOf(result), code)
  }
})

test('a server that never answers is a finding', async (t) => {
  const sockets = new Set<{ destroy(): void }>()
  const server = createTcp((socket) => void sockets.add(socket.on('error', () => {})))
  t.after(() => sockets.forEach((socket) => socket.destroy()))
  const result = await verify(String(await listen(t, server)), { timeoutMs: 200 })
  assert.deepEqual(failedOf(result), ['S8008_ANSWER'])
  assert.match(checkOf(result, 'S8008_ANSWER').why, /does not answer/)
  assert.equal(result.relay.verdict, 'not tested')
})

test('a server that hangs on some requests passes no check that asked them', async (t) => {
  const server = createHttp(
    careful((incoming, response) => (/^\/[.%]/.test(incoming.url ?? '') ? undefined : response.end())),
  )
  const result = await verify(String(await listen(t, server)), { timeoutMs: 200 })
  const { verdict, why } = checkOf(result, 'S8008_DOTFILES')
  assert.equal(verdict, 'not tested')
  assert.match(why, /10 of 10 requests got no answer/)
  assert.equal(result.passed, false)
})

test('a server that hangs on all but ordinary requests does not hold the test, nor pass what was not tested', async (t) => {
  let hung = 0
  const sockets = new Set<{ destroy(): void }>()
  t.after(() => sockets.forEach((socket) => socket.destroy()))
  const server = createTcp((socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.once('data', (head: Buffer) => {
      const isOrdinary = /^GET \/ HTTP\/1\.1\r\nHost: localhost:\d+\r\nConnection: close\r\n\r\n$/.test(
        head.toString('latin1'),
      )
      if (isOrdinary) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhome')
      else hung += 1
    })
  })
  const [timeoutMs, totalMs] = [300, 1200]
  const result = await verify(String(await listen(t, server)), { timeoutMs, totalMs })
  // Two that find out what it speaks, and six at once, each for its whole time. Without a bound they are more than a hundred.
  assert.ok(hung <= 2 + 6 * (totalMs / timeoutMs + 1), `${hung} requests`)
  assert.equal(result.passed, false)
  assert.equal(result.relay.verdict, 'not tested')
  assert.deepEqual(
    result.checks.map(({ code, verdict }) => `${code} ${verdict}`),
    result.checks.map(({ code }) => `${code} ${code === 'S8008_ANSWER' ? 'passed' : 'not tested'}`),
  )
  assert.match(checkOf(result, 'S8008_TLS_NAMES').why, /time for the whole test was over/)
})

test('what was found before the time was over stays failed, and no check after it passes', async (t) => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const result = await verifyListener(
    t,
    careful((incoming, response) => {
      if (incoming.url !== '/.git/HEAD') return void response.writeHead(404).end()
      response.end('ref: refs/heads/main\n')
      now = 60_000
    }),
  )
  const verdicts = Object.fromEntries(result.checks.map(({ code, verdict }) => [code, verdict]))
  assert.equal(verdicts['S8008_HOST'], 'passed')
  assert.equal(verdicts['S8008_DOTFILES'], 'failed')
  assert.deepEqual(
    Object.values(verdicts)
      .slice(8)
      .every((each) => each === 'not tested'),
    true,
  )
})

test('without any time nothing is tested, and nothing is a fault', async (t) => {
  const result = await verify(String(await listen(t, createHttp(careful()))), { totalMs: 0 })
  assert.deepEqual([...new Set(result.checks.map(({ verdict }) => verdict))], ['not tested'])
  assert.equal(result.passed, false)
})

test('localhost is tested over both families where each is another server', { skip: withoutIpv6 }, async (t) => {
  const leaky = careful((incoming, response) => {
    if (incoming.url !== '/.env') return void response.writeHead(404).end()
    response.end('A=1\n')
  })
  const { port } = await listenBoth(t, [createHttp(careful()), createHttp(leaky)])
  const result = await verify(String(port))
  assert.deepEqual(result.addresses, ['127.0.0.1', '::1'])
  assert.deepEqual(failedOf(result), ['S8008_DOTFILES'])
  assert.equal(checkOf(result, 'S8008_DOTFILES').why, 'at ::1, /.env is served')
  assert.equal(result.passed, false)
  // Where they agree, they are one.
  assert.equal(checkOf(result, 'S8008_HOST').why, 'refuses 6 names that are not its own')
  assert.ok(result.relay.attempts.some(({ protocol }) => protocol === 'HTTP/1.1 at ::1'))
})

test('a relay at ::1 alone is found, and a server there that hangs does not take the time of the other', async (t) => {
  if (withoutIpv6 !== false) return t.skip(withoutIpv6)
  const relay = createTcp((socket) => {
    socket.on('error', () => {})
    socket.once('data', (head: Buffer) => {
      const [, port] = /^GET http:\/\/127\.0\.0\.1:(\d+)/.exec(head.toString()) ?? []
      const answer = (): unknown => socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
      if (port === undefined) return answer()
      return request({ host: '127.0.0.1', port }, answer).on('error', answer).end()
    })
  })
  const hung = createTcp((socket) => void socket.on('error', () => {}))
  const { port } = await listenBoth(t, [hung, relay])
  const result = await verify(String(port), { timeoutMs: 1000 })
  assert.equal(result.relay.verdict, 'relays to loopback')
  assert.deepEqual(failedOf(result), ['S8008_ANSWER', 'S8008_OPEN_RELAY'])
  assert.match(
    checkOf(result, 'S8008_ANSWER').why,
    /^at 127\.0\.0\.1, it accepts connections and then does not answer$/,
  )
})

test('an address of localhost at which nothing listens is named', async (t) => {
  const result = await verifyListener(t, careful())
  assert.deepEqual(result.addresses, ['127.0.0.1'])
  assert.equal(checkOf(result, 'S8008_ANSWER').why, 'speaks HTTP/1.1; nothing listens at ::1')
})

test('a server that speaks no HTTP is a finding', async (t) => {
  const server = createTcp((socket) => void socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n'))
  const result = await verify(String(await listen(t, server)))
  assert.deepEqual(failedOf(result), ['S8008_ANSWER'])
  assert.match(checkOf(result, 'S8008_ANSWER').why, /speaks no HTTP/)
})

test('TLS: names, dates and old versions', async (t) => {
  const pair = await makeCertificate('other.test')
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.2', ciphers: 'ALL:@SECLEVEL=0' } as const
  const server = createHttps({ ...pair, ...old }, careful())
  const result = await verify(`https://localhost:${await listen(t, server)}/`)
  assert.deepEqual(failedOf(result), ['S8008_TLS_VERSION', 'S8008_TLS_NAMES'])
  assert.match(checkOf(result, 'S8008_TLS_NAMES').why, /not for localhost \(self-signed/)
})

test('TLS: a server that speaks old versions alone is tested', async (t) => {
  const pair = await makeCertificateFor(['localhost'], [-1, 90])
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
  const result = await verify(`https://localhost:${await listen(t, createHttps({ ...pair, ...old }, careful()))}/`)
  assert.deepEqual(failedOf(result), ['S8008_TLS_VERSION'])
})

test('TLS: a server without it fails under https', async (t) => {
  const result = await verify(`https://localhost:${await listen(t, createHttp(careful()))}/`)
  assert.deepEqual(failedOf(result), ['S8008_ANSWER'])
})

for (const [what, days, verdict, why] of [
  ['expired yesterday', [-2, -1], 'failed', 'its certificate expired on DAY'],
  ['ends within a week', [-1, 6], 'failed', 'its certificate expires on DAY'],
  ['ends after a week', [-1, 8], 'passed', 'its certificate is valid until DAY'],
  ['begins tomorrow', [1, 300], 'failed', 'its certificate is valid from DAY on'],
] as const) {
  test(`TLS: a certificate that ${what} has ${verdict}`, async (t) => {
    const pair = await makeCertificateFor(['localhost'], days)
    const result = await verify(`https://localhost:${await listen(t, createHttps(pair, careful()))}/`)
    const check = checkOf(result, 'S8008_TLS_EXPIRY')
    const day = new Date(Date.now() + (days[0] > 0 ? days[0] : days[1]) * 86_400_000).toISOString().slice(0, 10)
    assert.deepEqual([check.verdict, check.why], [verdict, why.replace('DAY', day)])
    assert.deepEqual(failedOf(result), verdict === 'failed' ? ['S8008_TLS_EXPIRY'] : [])
  })
}

for (const [name, options] of [
  ['plain', {}],
  ['with a password', { auth: 'me:secret' }],
  ['as a single-page app', { single: true }],
  ['with CORS', { cors: true }],
  ['without live reload', { live: false }],
  ['under a base', { base: '/app/' }],
  ['over HTTP/2 without TLS', { h2c: true }],
] as const) {
  test(`our own server passes, ${name}`, async () => {
    await using started = await startServer({ 'index.html': '<p>x', '.env': 'A=1', id_rsa: 'x' }, options)
    const result = await verify(started.server.url ?? '')
    assert.deepEqual(
      result.checks.filter(({ verdict }) => verdict === 'failed'),
      [],
    )
    assert.equal(result.protocols.includes('HTTP/2'), 'h2c' in options)
  })
}

test('our own listing and its WebSocket are tested', async () => {
  await using started = await startServer({ 'a.txt': 'x', '.env': 'A=1' })
  const result = await verify(started.server.url ?? '')
  assert.equal(checkOf(result, 'S8008_LISTING').verdict, 'passed')
  assert.equal(checkOf(result, 'S8008_WEBSOCKET_ORIGIN').verdict, 'passed')
  await using open = await startServer({ 'a.txt': 'x', '.env': 'A=1' }, { dotfiles: true, serve: ['.env'] })
  assert.deepEqual(failedOf(await verify(open.server.url ?? '')), ['S8008_DOTFILES', 'S8008_LISTING'])
})

test('an address that is not this machine, and one where nothing listens, are errors', async () => {
  const codeOf = async (url: string, options = {}): Promise<string> =>
    verify(url, options).then(
      () => 'none',
      (error: unknown) => (isServeError(error) ? error.code : String(error)),
    )
  assert.equal(await codeOf('http://192.0.2.1:8008/'), 'E8008_NOT_LOCAL')
  assert.equal(await codeOf('http://[2001:db8::1]/'), 'E8008_NOT_LOCAL')
  assert.equal(await codeOf('http://localhost/', { address: '192.0.2.1' }), 'E8008_NOT_LOCAL')
  // `--host` is for exactly its name.
  assert.equal(await codeOf('http://192.0.2.1/', { host: '192.0.2.2' }), 'E8008_NOT_LOCAL')
  assert.equal(await codeOf('ftp://localhost/'), 'E8008_USAGE')
  assert.equal(await codeOf('what is this'), 'E8008_USAGE')
  const server = createServer({ port: 0, host: '127.0.0.1' })
  const { port } = await server.listen()
  await server.close()
  assert.equal(await codeOf(`http://127.0.0.1:${port}/`), 'E8008_NOT_RUNNING')
})
