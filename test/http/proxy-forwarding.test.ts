import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answering, startBackend, type BackendSocket } from '../support/backend.ts'
import { startFront } from '../support/proxy.ts'
import { RawClient, rawRequest } from '../support/raw.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** The lines of a header section. */
function lines(head: string): string[] {
  return head.slice(0, head.indexOf('\r\n\r\n')).split('\r\n')
}

function fieldsOf(head: string, name: string): string[] {
  return lines(head)
    .slice(1)
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim())
}

test('forwards a request with its fields in order, and the response', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET /a//b/%2e%2e/c?x=%20 HTTP/1.1\r\n${front.hostLine}\r\nX-One: 1\r\nx-ONE: 2\r\nAccept: */*\r\n\r\n`)
  const upstream = await backend.next()
  const head = await upstream.head()
  assert.equal(lines(head)[0], 'GET /a//b/%2e%2e/c?x=%20 HTTP/1.1')
  const kept = lines(head).filter((line) => /^(x-one|accept)/i.test(line))
  assert.deepEqual(kept, ['X-One: 1', 'x-ONE: 2', 'Accept: */*'])
  upstream.send(
    'HTTP/1.1 201 Made\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Odd: \xe9\r\nContent-Length: 5\r\n\r\nhello',
  )
  const reply = await client.reply()
  assert.equal(reply.status, 201)
  assert.equal(reply.body.toString(), 'hello')
  const own = reply.fields.filter(([name]) => name === 'set-cookie' || name === 'x-odd')
  assert.deepEqual(own, [
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['x-odd', '\xe9'],
  ])
})

test('reuses connections to the upstream', async () => {
  await using backend = await answering(ok)
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  for (let i = 0; i < 5; i++) {
    client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
    assert.equal((await client.reply()).body.toString(), 'ok')
  }
  assert.equal(backend.sockets.length, 1)
})

test('drops hop-by-hop fields, and those that Connection names', async () => {
  await using backend = await answering('')
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  const sent = [
    'Connection: X-Secret, keep-alive, X-Forwarded-For, Via',
    'X-Secret: 1',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Proxy-Authorization: Basic eA==',
    'Proxy: http://evil.test',
    'TE: gzip',
    'Trailer: X-End',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'X-Kept: yes',
  ]
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n${sent.join('\r\n')}\r\n\r\n`)
  const upstream = await backend.next()
  await upstream.sees('Via: ')
  const head = backend.sockets[0]?.text ?? ''
  for (const name of [
    'x-secret',
    'keep-alive',
    'proxy-connection',
    'proxy-authorization',
    'proxy',
    'te',
    'trailer',
    'http2-settings',
  ]) {
    assert.deepEqual(fieldsOf(head, name), [], name)
  }
  assert.deepEqual(fieldsOf(head, 'x-kept'), ['yes'])
  // Connection of the client cannot remove the fields that the proxy adds.
  assert.deepEqual(fieldsOf(head, 'x-forwarded-for'), ['127.0.0.1'])
  assert.equal(fieldsOf(head, 'via').length, 1)
})

test('drops hop-by-hop fields of a response too', async () => {
  await using backend = await answering(
    'HTTP/1.1 200 OK\r\nConnection: X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=77\r\nProxy-Authenticate: Basic\r\nX-Kept: 1\r\nContent-Length: 2\r\n\r\nok',
  )
  await using front = await startFront(backend.port)
  const reply = await rawRequest(front.port, `GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  assert.equal(reply.field('x-private'), '')
  assert.equal(reply.field('proxy-authenticate'), '')
  assert.notEqual(reply.field('keep-alive'), 'timeout=77')
  assert.equal(reply.field('x-kept'), '1')
})

test('replaces the forwarding fields of an untrusted client, in every spelling', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  const spoofed = [
    'X-Forwarded-For: 6.6.6.6',
    'X_Forwarded_For: 6.6.6.6',
    'Forwarded: for=6.6.6.6',
    'X-Real-IP: 6.6.6.6',
    'X-Forwarded-Prefix: /evil',
    'X-Forwarded_Host: evil.test',
    'X.Forwarded.For: 6.6.6.6',
    'X-Forwarded-Email: root@evil.test',
    'CF-Connecting-IP: 6.6.6.6',
    'Client-IP: 6.6.6.6',
  ]
  client.send(`GET / HTTP/1.1\r\nHost: [::1]:8008\r\n${spoofed.join('\r\n')}\r\n\r\n`)
  const head = await (await backend.next()).head()
  assert.doesNotMatch(head, /6\.6\.6\.6|evil/)
  assert.deepEqual(fieldsOf(head, 'x-forwarded-for'), ['127.0.0.1'])
  assert.deepEqual(fieldsOf(head, 'x-forwarded-host'), ['[::1]:8008'])
  assert.deepEqual(fieldsOf(head, 'x-forwarded-proto'), ['http'])
  assert.deepEqual(fieldsOf(head, 'x-forwarded-port'), ['8008'])
  assert.deepEqual(fieldsOf(head, 'forwarded'), ['for=127.0.0.1;host="[::1]:8008";proto=http'])
  assert.deepEqual(fieldsOf(head, 'host'), ['[::1]:8008'])
})

test('extends the forwarding fields of a trusted peer', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port, { trust: ['127.0.0.0/8'] })
  using client = await RawClient.open(front.port)
  const said = [
    'X-Forwarded-For: 192.0.2.1',
    'X_Forwarded_For: 192.0.2.9',
    'Forwarded: for=192.0.2.1',
    'X-Forwarded-Proto: https',
    'X-Forwarded-User: ann',
  ]
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n${said.join('\r\n')}\r\n\r\n`)
  const head = await (await backend.next()).head()
  assert.deepEqual(fieldsOf(head, 'x-forwarded-for'), ['192.0.2.1, 127.0.0.1'])
  assert.match(fieldsOf(head, 'forwarded')[0] ?? '', /^for=192\.0\.2\.1, for=127\.0\.0\.1;/)
  assert.deepEqual(fieldsOf(head, 'x-forwarded-proto'), ['https'])
  assert.deepEqual(fieldsOf(head, 'x-forwarded-user'), ['ann'])
  assert.doesNotMatch(head, /192\.0\.2\.9/)
})

for (const [said, forwarded] of [
  [['X-Forwarded-For: 192.0.2.1'], 'for=192.0.2.1'],
  [['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-Proto: https'], 'for=192.0.2.1;proto=https'],
  [['X-Forwarded-Proto: https', 'X-Forwarded-Host: a.test:8443'], 'for=unknown;host="a.test:8443";proto=https'],
  [['Forwarded: for=6.6.6.6;host="', 'X-Forwarded-For: 192.0.2.1'], 'for=192.0.2.1'],
  [['Forwarded: for=6.6.6.6;for=192.0.2.1'], ''],
  [
    ['X-Forwarded-For: 2001:db8::1, 192.0.2.1:80', 'X-Forwarded-Proto: https, http'],
    'for="[2001:db8::1]";proto=https, for="192.0.2.1:80"',
  ],
  [['X-Forwarded-For: [2001:db8::1]:80'], 'for="[2001:db8::1]:80"'],
  [['X-Forwarded-For: a";by=b'], String.raw`for="a\";by=b"`],
  [['X-Forwarded-For: ,', 'X-Forwarded-Host:'], ''],
] as const) {
  test(`builds Forwarded from a trusted peer's ${said.join(', ')}`, async () => {
    await using backend = await startBackend()
    await using front = await startFront(backend.port, { trust: ['127.0.0.0/8'] })
    using client = await RawClient.open(front.port)
    client.send(`GET / HTTP/1.1\r\nHost: localhost\r\n${said.join('\r\n')}\r\n\r\n`)
    const own = 'for=127.0.0.1;host=localhost;proto=http'
    const head = await (await backend.next()).head()
    assert.deepEqual(fieldsOf(head, 'forwarded'), [forwarded === '' ? own : `${forwarded}, ${own}`])
  })
}

test("sends the upstream's own name with changeOrigin", async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port, { proxy: { changeOrigin: true } })
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const head = await (await backend.next()).head()
  assert.deepEqual(fieldsOf(head, 'host'), [`127.0.0.1:${backend.port}`])
  assert.deepEqual(fieldsOf(head, 'x-forwarded-host'), ['localhost'])
})

test('a route sets and removes fields of requests and responses', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port, {
    proxy: {
      requestFields: { set: ['X-Key', 'ours'], remove: ['cookie'] },
      replyFields: { set: ['X-By', 'us'], remove: ['server'] },
    },
  })
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nx-key: theirs\r\nCookie: a=1\r\n\r\n`)
  const upstream = await backend.next()
  const head = await upstream.head()
  assert.deepEqual(fieldsOf(head, 'x-key'), ['ours'])
  assert.deepEqual(fieldsOf(head, 'cookie'), [])
  upstream.send('HTTP/1.1 200 OK\r\nServer: x\r\nX-By: them\r\nContent-Length: 0\r\n\r\n')
  const reply = await client.reply()
  assert.equal(reply.field('server'), '')
  assert.equal(reply.field('x-by'), 'us')
})

test('removes the query parameter of live reload, and forwards the rest of the query unchanged', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  let upstream: BackendSocket | undefined
  for (const [asked, got] of [
    ['/a.css?serve8008=mx1abcdef0', '/a.css'],
    ['/a.css?v=%2F2&serve8008=mx1abcdef0', '/a.css?v=%2F2'],
    ['/?serve8008=no-live&&=', '/?serve8008=no-live&&='],
    ['/?my=serve8008=', '/?my=serve8008='],
  ] as const) {
    client.send(`GET ${asked} HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
    upstream ??= await backend.next()
    assert.equal(lines(await upstream.head())[0], `GET ${got} HTTP/1.1`)
    upstream.send(ok)
    await client.reply()
  }
})

test('replaces a prefix in the bytes as received', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port, { match: { path: '/api' }, upstream: { prefix: '/v1' } })
  using client = await RawClient.open(front.port)
  let upstream: BackendSocket | undefined
  for (const [asked, got] of [
    ['/api', '/v1'],
    ['/api/', '/v1/'],
    ['/api/a%2fb//c?q', '/v1/a%2fb//c?q'],
    ['/%61pi/x', '/v1/x'],
  ] as const) {
    client.send(`GET ${asked} HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
    upstream ??= await backend.next()
    const head = await upstream.head()
    assert.equal(lines(head)[0], `GET ${got} HTTP/1.1`)
    assert.deepEqual(fieldsOf(head, 'x-forwarded-prefix'), ['/api'])
    upstream.send(ok)
    await client.reply()
  }
})

test('rejects a request that passed this server before', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
  const upstream = await backend.next()
  const [via = ''] = fieldsOf(await upstream.head(), 'via')
  assert.match(via, /^1\.1 serve8008-\w+$/)
  upstream.send(ok)
  await client.reply()
  const looped = await client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nVia: 1.0 a, ${via}\r\n\r\n`).reply()
  assert.equal(looped.status, 508)
  const many = Array.from({ length: 20 }, (_, i) => `1.1 hop-${i}`).join(', ')
  assert.equal((await client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\nVia: ${many}\r\n\r\n`).reply()).status, 508)
  assert.equal(backend.sockets.length, 1)
})

test('answers OPTIONS when Max-Forwards is 0', async () => {
  await using backend = await startBackend()
  await using front = await startFront(backend.port)
  using client = await RawClient.open(front.port)
  for (const none of ['0', '00']) {
    const ours = await client.send(`OPTIONS /x HTTP/1.1\r\n${front.hostLine}\r\nMax-Forwards: ${none}\r\n\r\n`).reply()
    assert.equal(ours.status, 204)
    assert.notEqual(ours.field('allow'), '')
  }
  client.send(`OPTIONS /x HTTP/1.1\r\n${front.hostLine}\r\nMax-Forwards: 3\r\n\r\n`)
  assert.deepEqual(fieldsOf(await (await backend.next()).head(), 'max-forwards'), ['2'])
})

test('forwards a request to upgrade to h2c without its upgrade', async () => {
  await using backend = await answering(ok)
  await using front = await startFront(backend.port)
  const reply = await rawRequest(
    front.port,
    `GET / HTTP/1.1\r\n${front.hostLine}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
  )
  assert.equal(reply.body.toString(), 'ok')
})

for (const method of ['HEAD', 'GET', 'DELETE', 'PURGE', 'PROPFIND', 'MKCOL']) {
  test(`${method} is forwarded without content and framing fields`, async () => {
    await using backend = await startBackend()
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    client.send(`${method} /x HTTP/1.1\r\n${front.hostLine}\r\n\r\n`)
    const upstream = await backend.next()
    const head = await upstream.head()
    assert.equal(lines(head)[0], `${method} /x HTTP/1.1`)
    assert.deepEqual(fieldsOf(head, 'transfer-encoding'), [])
    assert.ok(['', '0'].includes(fieldsOf(head, 'content-length')[0] ?? ''))
    upstream.send(method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n' : ok)
    const reply = await client.reply(method)
    assert.equal(reply.field('content-length'), method === 'HEAD' ? '12' : '2')
  })
}

test('adds no Content-Length to a response to HEAD', async () => {
  await using backend = await answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
  await using front = await startFront(backend.port)
  const reply = await rawRequest(front.port, `HEAD / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`, 'HEAD')
  assert.equal(reply.status, 200)
  assert.equal(reply.field('content-length'), '')
})

for (const [status, field, value] of [
  [204, 'content-length', ''],
  [304, 'content-length', '99'],
] as const) {
  test(`a ${status} response ends with its header section`, async () => {
    await using backend = await answering(
      `HTTP/1.1 ${status} X\r\nETag: "a"\r\nContent-Length: ${status === 304 ? 99 : 0}\r\n\r\n`,
    )
    await using front = await startFront(backend.port)
    using client = await RawClient.open(front.port)
    for (let i = 0; i < 2; i++) {
      const reply = await client.send(`GET / HTTP/1.1\r\n${front.hostLine}\r\n\r\n`).reply()
      assert.equal(reply.status, status)
      assert.equal(reply.field('etag'), '"a"')
      const stated = reply.fields.filter(([name]) => name === field).map(([, text]) => text)
      assert.deepEqual(stated, value === '' ? [] : [value])
    }
  })
}
