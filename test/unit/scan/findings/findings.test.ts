import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type RequestListener, type ServerResponse } from 'node:http'
import { readFileSync } from 'node:fs'
import { connect, createServer as createPlainServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { homedir } from 'node:os'
import { test, type TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:https'
import { generate } from 'selfsigned'
import { findingsOf, knownProducts, leaks, type Examined } from '../../../../src/scan/findings/findings.ts'
import { applications } from '../../../../src/scan/identify/applications.ts'
import { commands } from '../../../../src/scan/identify/commands.ts'
import { development } from '../../../../src/scan/identify/development.ts'
import { greetings } from '../../../../src/scan/identify/greetings.ts'
import { servers } from '../../../../src/scan/identify/servers.ts'

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

function rowOf(
  port: number,
  facts: Partial<Examined> & { readonly product?: string; readonly tls?: boolean } = {},
): Examined {
  const { product, tls = false, ...more } = facts
  return {
    port,
    addresses: ['127.0.0.1'],
    families: ['ipv4'],
    reach: 'machine',
    pid: 7,
    uid: 1000,
    clients: 0,
    process: undefined,
    identity: {
      protocol: { name: undefined, tls, alpn: undefined, http: '1.1' },
      product,
      version: undefined,
      evidence: [],
    },
    ...more,
  }
}

/** Codes and severities of the findings of a server that answers so. */
async function found(
  t: TestContext,
  answer: RequestListener,
  facts: Parameters<typeof rowOf>[1] = {},
): Promise<string[]> {
  const server = createServer(answer)
  t.after(() => server.closeAllConnections())
  const row = rowOf(await listen(t, server), facts)
  return (await findingsOf(row, [row], '127.0.0.1')).map(({ code, severity }) => `${code} ${severity}`)
}

/** A server that has some texts, and answers anything else as given. */
function having(files: Readonly<Record<string, string>>, status = 404): RequestListener {
  return ({ url = '' }, response) => {
    const text = files[url]
    response.writeHead(text === undefined ? status : 200, { 'content-type': 'text/plain' }).end(text ?? '<p>page</p>')
  }
}

const leaking: readonly (readonly [string, Readonly<Record<string, string>>, string, string, string])[] = [
  ['a branch', { '/.git/HEAD': 'ref: refs/heads/main\n' }, 'nginx', 'S8008_GIT warning', 'S8008_GIT danger'],
  ['a commit', { '/.git/HEAD': `${'a1'.repeat(20)}\n` }, '', 'S8008_GIT warning', 'S8008_GIT danger'],
  ['secrets', { '/.env': '# keys\nAPI_KEY=1\n' }, 'Express', 'S8008_ENV warning', 'S8008_ENV danger'],
  [
    'any file',
    { '/@fs/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n' },
    'Vite',
    'S8008_FILES danger',
    'S8008_FILES danger',
  ],
  [
    'any file through a query',
    { '/@fs/etc/passwd?import&raw??': 'export default "root:x:0:0:root"' },
    'Vite',
    'S8008_FILES danger',
    'S8008_FILES danger',
  ],
  [
    'a console',
    { '/console': '<title>Console // Werkzeug Debugger</title> EVALEX = true' },
    'Werkzeug (Flask)',
    'S8008_CONSOLE warning',
    'S8008_CONSOLE danger',
  ],
  [
    'settings',
    { '/actuator/env': '{"propertySources":[]}' },
    'Spring Boot',
    'S8008_ACTUATOR warning',
    'S8008_ACTUATOR danger',
  ],
  ['phpinfo', { '/phpinfo.php': '<title>phpinfo()</title>' }, 'PHP', 'S8008_PHPINFO warning', 'S8008_PHPINFO danger'],
]
for (const [what, files, product, onMachine, beyond] of leaking) {
  test(`finds ${what} that is readable, and calls it worse where others reach it`, async (t) => {
    assert.deepEqual(await found(t, having(files), { product }), [onMachine])
    assert.deepEqual(await found(t, having(files), { product, reach: 'lan', addresses: ['0.0.0.0'] }), [
      'S8008_EXPOSED warning',
      beyond,
    ])
  })
}

test('accuses no server that answers every path with its page, or a fixed text', async (t) => {
  for (const product of ['Vite', 'Werkzeug (Flask)', 'Spring Boot', 'PHP', 'nginx']) {
    assert.deepEqual(await found(t, having({}, 200), { product }), [], product)
    const echo: RequestListener = ({ url }, response) => void response.end(`You requested ${url}`)
    assert.deepEqual(await found(t, echo, { product }), [], product)
  }
})

test('a server that others reach is exposed unless it asks for a password', async (t) => {
  const lan = { reach: 'lan', addresses: ['192.168.1.5'] } as const
  assert.deepEqual(await found(t, having({}, 200), lan), ['S8008_EXPOSED warning'])
  for (const status of [401, 403, 421]) assert.deepEqual(await found(t, having({}, status), lan), [], String(status))
})

test('finds CORS for any origin with credentials, and no other CORS', async (t) => {
  const cors =
    (origin: string | undefined, credentials: string): RequestListener =>
    ({ headers }, response) =>
      void response
        .writeHead(200, {
          'access-control-allow-origin': origin ?? headers.origin ?? '',
          'access-control-allow-credentials': credentials,
        })
        .end()
  assert.deepEqual(await found(t, cors(undefined, 'true')), ['S8008_CORS warning'])
  assert.deepEqual(await found(t, cors(undefined, 'false')), [])
  assert.deepEqual(await found(t, cors('*', 'true')), [])
})

test('finds a listing of the home folder', async (t) => {
  const process = { cwd: homedir() } as Examined['process']
  const listing = having({ '/': '<title>Directory listing for /</title>' })
  assert.deepEqual(await found(t, listing, { process }), ['S8008_HOME warning'])
  assert.deepEqual(await found(t, listing, { process: { cwd: '/elsewhere' } as Examined['process'] }), [])
})

/** Fetches what a request names, and answers by what came back. */
function forward(url: string, response: ServerResponse): void {
  get(url, (answer) => void answer.pipe(response)).on('error', () => response.writeHead(502).end())
}

/** A proxy by the form of the request that it follows. */
const relaying: Readonly<Record<string, RequestListener>> = {
  'the absolute form': ({ url = '' }, response) =>
    url.startsWith('http://') ? forward(url, response) : response.writeHead(400).end(),
  Host: ({ url = '', headers }, response) =>
    headers.host?.startsWith('127.') && url.startsWith('/')
      ? forward(`http://${headers.host}${url}`, response)
      : response.end('page'),
}
for (const [form, answer] of Object.entries(relaying)) {
  test(`finds a server that forwards to the target of ${form}`, async (t) => {
    assert.deepEqual(await found(t, answer), ['S8008_OPEN_RELAY danger'])
  })
}

test('finds a server that forwards over TLS', async (t) => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec' })
  const server = createTlsServer({ cert, key }, relaying['the absolute form'])
  t.after(() => server.closeAllConnections())
  const row = rowOf(await listen(t, server), { tls: true })
  assert.ok((await findingsOf(row, [row], '127.0.0.1')).some(({ code }) => code === 'S8008_OPEN_RELAY'))
})

test('finds a server that opens tunnels to any target', async (t) => {
  const server = createServer(having({}))
  t.after(() => server.closeAllConnections())
  server.on('connect', ({ url = '' }, socket: Socket) => {
    const [host, port] = url.split(':')
    const target = connect(Number(port), host, () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'))
    for (const end of [socket, target]) end.on('error', () => {})
    socket.pipe(target).pipe(socket)
  })
  const row = rowOf(await listen(t, server))
  const [finding] = await findingsOf(row, [row], '127.0.0.1')
  assert.equal(finding?.code, 'S8008_OPEN_RELAY')
  assert.match(finding.why, /: it forwarded CONNECT 127\.0\.0\.1:\d+\.$/)
})

test('accuses no server that repeats the request, and none for the connection of another program', async (t) => {
  const echo: RequestListener = ({ url, headers }, response) => void response.end(`${url} ${headers.host}`)
  assert.deepEqual(await found(t, echo), [])
  // Another scan finds the listener of the test, and asks it what it is.
  const scanner: RequestListener = ({ headers: { host = '' } }, response) =>
    host.startsWith('127.') ? forward(`http://${host}/`, response) : response.end()
  assert.deepEqual(await found(t, scanner), [])
})

test('a process that is stopped is a finding, with the command that continues it', async () => {
  const row = rowOf(9, { process: { pid: 4242, stopped: true } as Examined['process'] })
  const quiet = { ...row.identity, protocol: { ...row.identity.protocol, http: undefined } }
  const [finding, ...more] = await findingsOf({ ...row, identity: quiet }, [], '127.0.0.1')
  assert.deepEqual(more, [])
  assert.deepEqual([finding?.code, finding?.fix], ['S8008_STOPPED', 'kill -CONT 4242'])
})

test('two owners of a port are one finding, whose fix ends one of them', async () => {
  const [first, second] = [rowOf(9, { pid: 1 }), rowOf(9, { pid: 2, addresses: ['::1'] })].map((row) => ({
    ...row,
    identity: { ...row.identity, protocol: { ...row.identity.protocol, http: undefined } },
  })) as [Examined, Examined]
  const [finding] = await findingsOf(first, [first, second], '127.0.0.1')
  assert.equal(finding?.code, 'S8008_TWO_OWNERS')
  assert.match(finding.why, /^localhost:9 is two programs: .*\(pid 1\) on \S+, .*\(pid 2\) on \S+\.$/)
  assert.equal(finding.fix, 'serve8008 free 9 --pid 2')
  assert.deepEqual(await findingsOf(second, [first, second], '127.0.0.1'), [])
})

const silent = {
  protocol: { name: undefined, tls: false, alpn: undefined, http: undefined },
  version: undefined,
  evidence: [],
}
for (const [product, onMachine, beyond] of [
  ['Node.js inspector', [], ['S8008_DEBUGGER danger']],
  ['Docker API', ['S8008_DOCKER warning'], ['S8008_DOCKER danger']],
  ['Redis', [], ['S8008_DATABASE warning']],
  ['Caddy admin', [], ['S8008_ADMIN danger']],
  ['SSH', [], []],
] as const) {
  test(`${product} is worth a finding beyond this machine: ${beyond.join() || 'none'}`, async () => {
    for (const [reach, expected] of [
      ['machine', onMachine],
      ['lan', beyond],
      ['everyone', beyond],
    ] as const) {
      const row = rowOf(9, { reach, identity: { ...silent, product } })
      const findings = await findingsOf(row, [row], '127.0.0.1')
      assert.deepEqual(
        findings.map(({ code, severity }) => `${code} ${severity}`),
        expected,
      )
      for (const { fix } of findings) assert.ok(fix.length > 0)
    }
  })
}

test('findings name products as they are identified', () => {
  const rules = [applications, commands, development, greetings, servers].flat()
  const identified = new Set(rules.map(({ product }) => product))
  const named = [...knownProducts, ...leaks].flatMap(({ products = [] }) => products)
  assert.deepEqual(
    named.filter((product) => !identified.has(product)),
    [],
  )
})

test('a server that never answers, or not in HTTP, costs a second and no more', async (t) => {
  const startedAt = performance.now()
  for (const answer of ['', 'garbage\r\n\r\n', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`]) {
    const server = createPlainServer((socket) => void socket.on('error', () => {}).write(answer))
    const sockets = new Set<{ destroy(): unknown }>()
    server.on('connection', (socket) => sockets.add(socket))
    const row = rowOf(await listen(t, server), { product: 'Vite' })
    assert.deepEqual(await findingsOf(row, [row], '127.0.0.1'), [])
    for (const socket of sockets) socket.destroy()
  }
  assert.ok(performance.now() - startedAt < 20_000)
})

const dayMs = 86_400_000
test('a certificate that ends soon is noted, one that has ended is a warning', async (t) => {
  for (const [days, expected] of [
    [-1, ['S8008_TLS_EXPIRY warning']],
    [3, ['S8008_TLS_EXPIRY note']],
    [100, []],
  ] as const) {
    const dates = {
      notBeforeDate: new Date(Date.now() - 10 * dayMs),
      notAfterDate: new Date(Date.now() + days * dayMs),
    }
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      ...dates,
    })
    const server = createTlsServer({ cert, key }, having({}))
    const row = rowOf(await listen(t, server), { tls: true })
    const codes = (await findingsOf(row, [row], '127.0.0.1')).map(({ code, severity }) => `${code} ${severity}`)
    assert.deepEqual(codes, expected, String(days))
  }
})

test('the guide names every finding', () => {
  const root = new URL('../../../../', import.meta.url)
  const codes = new Set(readFileSync(new URL('src/scan/findings/findings.ts', root), 'utf8').match(/S8008_[A-Z_]+/g))
  const guide = readFileSync(new URL('docs/guide/ports.md', root), 'utf8')
  assert.ok(codes.size > 10)
  assert.deepEqual(
    [...codes].filter((code) => !guide.includes(code)),
    [],
  )
})
