import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { call } from '../../../../src/scan/identify/exchange.ts'
import { identify } from '../../../../src/scan/scan.ts'
import { startBackend } from '../../../support/backend.ts'

/** A server that speaks first. */
const speakers: readonly [
  product: string,
  version: string | undefined,
  protocol: string,
  source: string,
  bytes: string,
][] = [
  [
    'Dropbear SSH',
    '2022.83',
    'ssh',
    'recorded from dropbear 2022.83',
    'SSH-2.0-dropbear_2022.83\r\n\0\0\x01\xfc\x07\x14',
  ],
  ['OpenSSH', '9.2p1', 'ssh', 'written by hand, not recorded', 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n'],
  [
    'MariaDB',
    '10.11.19',
    'mysql',
    'recorded from mariadbd 10.11.19',
    "d\0\0\0\x0a5.5.5-10.11.19-MariaDB-0+deb12u1\0\x04\0\0\0'u;dgYgy\0",
  ],
  ['MySQL', '8.4.2', 'mysql', 'written by hand, not recorded', 'I\0\0\0\x0a8.4.2\0\x08\0\0\0abcdefgh\0'],
  ['vsftpd', '3.0.3', 'ftp', 'recorded from vsftpd 3.0.3', '220 (vsFTPd 3.0.3)\r\n'],
  [
    'Exim',
    '4.96',
    'smtp',
    'written by hand, not recorded',
    '220 box ESMTP Exim 4.96 Mon, 30 Nov 2026 19:00:00 +0000\r\n',
  ],
  ['Postfix', undefined, 'smtp', 'written by hand, not recorded', '220 box.example ESMTP Postfix (Debian/GNU)\r\n'],
  [
    'Dovecot',
    undefined,
    'imap',
    'written by hand, not recorded',
    '* OK [CAPABILITY IMAP4rev1 LITERAL+] Dovecot (Debian) ready.\r\n',
  ],
  ['VNC server', '003.008', 'vnc', 'written from RFC 6143', 'RFB 003.008\n'],
  ['rsync', '31.0', 'rsync', 'written by hand, not recorded', '@RSYNCD: 31.0 sha512 sha256\n'],
]

describe('names servers that speak first', () => {
  for (const [product, version, protocol, source, bytes] of speakers) {
    test(`${product}, ${source}`, async () => {
      await using server = await startBackend((connection) => connection.send(bytes))
      const identity = await identify({ address: '127.0.0.1', port: server.port })
      assert.equal(identity.product, product)
      assert.equal(identity.version, version)
      assert.deepEqual(identity.protocol, { name: protocol, tls: false, alpn: undefined, http: undefined })
      assert.equal(server.sockets.length, 1)
    })
  }
})

test('sends nothing to a server that speaks first', async () => {
  await using server = await startBackend((connection) => connection.send('SSH-2.0-x\r\n'))
  const place = { address: '127.0.0.1', port: server.port, signal: new AbortController().signal }
  const heard = await call(place, { send: 'GET / HTTP/1.1\r\n\r\n', patienceMs: 60_000, timeMs: 60_000 })
  assert.equal(heard.bytes.toString(), 'SSH-2.0-x\r\n')
  await server.quiet()
  assert.equal(server.sockets[0]?.length, 0)
})

/** A server that closes the connection on everything but these requests, as Redis and PostgreSQL do on HTTP. */
const answers: readonly [
  product: string,
  version: string | undefined,
  source: string,
  replies: readonly [RegExp, string][],
][] = [
  [
    'Redis',
    '7.0.15',
    'recorded from redis-server 7.0.15',
    [[/^INFO server\r\n/, '$590\r\n# Server\r\nredis_version:7.0.15\r\nredis_git_sha1:00000000\r\n']],
  ],
  [
    'Redis (asks for a password)',
    undefined,
    'recorded from redis-server 7.0.15',
    [[/^INFO server\r\n/, '-NOAUTH Authentication required.\r\n']],
  ],
  [
    'Valkey',
    '8.0.1',
    'written by hand, not recorded',
    [[/^INFO server\r\n/, '$90\r\n# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n']],
  ],
  [
    'memcached',
    '1.6.18',
    'recorded from memcached 1.6.18',
    [
      [/^version\r\n/, 'VERSION 1.6.18\r\n'],
      [/^INFO/, 'ERROR\r\n'],
    ],
  ],
  ['PostgreSQL', undefined, 'recorded from postgres 15', [[/^\0\0\0\x08\x04\xd2\x16\x2f/, 'N']]],
]

describe('names servers that wait for their own protocol', () => {
  for (const [product, version, source, replies] of answers) {
    test(`${product}, ${source}`, async () => {
      await using server = await startBackend(async (connection) => {
        await connection.until(() => connection.length > 0)
        const reply = replies.find(([request]) => request.test(connection.text))?.[1]
        if (reply === undefined) connection.socket.end()
        else connection.send(reply)
      })
      const identity = await identify({ address: '127.0.0.1', port: server.port })
      assert.deepEqual({ product: identity.product, version: identity.version }, { product, version })
      assert.equal(identity.protocol.http, undefined)
    })
  }
})

test('names what is not known as not HTTP, with its bytes escaped', async () => {
  await using server = await startBackend((connection) => connection.send('\x01\x02\x1b[31mhello'))
  const { protocol, product, evidence } = await identify({ address: '127.0.0.1', port: server.port })
  assert.equal(protocol.http, undefined)
  assert.equal(product, undefined)
  assert.deepEqual(evidence, [String.raw`not HTTP: \x01\x02\x1b[31mhello`])
})

test('names a server that hangs by the command of its process', async () => {
  await using server = await startBackend()
  const target = { address: '127.0.0.1', port: server.port, command: 'next-server (v15.1.0)' }
  const { protocol, product, version, evidence } = await identify(target, { deadlineMs: 900 })
  assert.equal(protocol.name, undefined)
  assert.deepEqual({ product, version }, { product: 'Next.js', version: '15.1.0' })
  assert.deepEqual(evidence, ['accepts connections and does not answer', 'process: next-server (v15.1.0)'])
})

test('says that nothing listens', async () => {
  const server = await startBackend()
  const { port } = server
  await server[Symbol.asyncDispose]()
  const { product, evidence } = await identify({ address: '127.0.0.1', port })
  assert.equal(product, undefined)
  assert.deepEqual(evidence, ['no connection: ECONNREFUSED'])
})

test('ends with what is known when it is aborted', async () => {
  await using server = await startBackend()
  const ending = new AbortController()
  const identity = identify({ address: '127.0.0.1', port: server.port }, { signal: ending.signal, deadlineMs: 60_000 })
  await server.next()
  ending.abort()
  assert.deepEqual((await identity).product, undefined)
  await server.quiet()
})
