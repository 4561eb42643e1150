import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as nodeRequest, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import { createServerFrom } from '../../src/server/create.ts'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import type { Server8008, ServeOptions } from '../../src/index.ts'
import { planted, type Planted } from '../support/planted.ts'
import { RawClient, rawGet, rawRequest } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'

const token = 'owner-token-1'

/** A server of a user, as the command starts it. */
async function serveOwned(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  options: ServeOptions = {},
): Promise<{ readonly server: Server8008; readonly port: number }> {
  const folder = await new TempFolder().write(files)
  const config = resolveConfig({ root: folder.path, port: 0, host: '127.0.0.1', ...options })
  const server = createServerFrom(config, {}, resolveConfig, { owner: { token } })
  const { port } = await server.listen()
  t.after(async () => {
    await server.close()
    folder[Symbol.dispose]()
  })
  return { server, port }
}

/** Follows a server. The first line says that it records. */
async function follow(
  t: TestContext,
  port: number,
  query = '',
): Promise<{
  next(): Promise<Record<string, unknown> | undefined>
  readonly response: IncomingMessage
}> {
  const headers = { Host: `localhost:${port}`, 'X-Serve8008-Token': token }
  const request = nodeRequest({
    port,
    host: '127.0.0.1',
    path: `/__serve8008/exchanges${query}`,
    headers,
    agent: false,
  })
  t.after(() => request.destroy())
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.on('error', () => {})
  assert.equal(response.statusCode, 200)
  const lines = createInterface({ input: response })[Symbol.asyncIterator]()
  const next = async (): Promise<Record<string, unknown> | undefined> => {
    const { value, done } = (await lines.next()) as { value?: string; done?: boolean }
    return done === true ? undefined : (JSON.parse(value as string) as Record<string, unknown>)
  }
  assert.deepEqual(await next(), { recording: true })
  return { next, response }
}

test('streams each exchange that ends, without our own', async (t) => {
  const { port } = await serveOwned(t, { 'a.txt': 'alpha' })
  const { next, response } = await follow(t, port)
  assert.equal(response.headers['content-type'], 'application/x-ndjson')
  assert.equal(response.headers['cache-control'], 'no-store, no-transform')
  const other = await follow(t, port)
  other.response.destroy()
  await rawGet(port, '/__serve8008/session', ['X-Serve8008: live'])
  await rawGet(port, '/a.txt?token=abc', ['User-Agent: test'])
  const { requestHeaders, headers, ...line } = (await next()) as Record<string, unknown>
  assert.deepEqual(
    { ...line, time: '', ms: 0, firstByteMs: 0, id: 0, port: 0, requestHeadBytes: 0, target: '' },
    {
      ...{ id: 0, time: '', address: '127.0.0.1', port: 0, localAddress: '127.0.0.1', tls: false, method: 'GET' },
      ...{ target: '', version: '1.1', host: `localhost:${port}`, status: 200, bytes: 5, ms: 0, firstByteMs: 0 },
      ...{ aborted: false, type: 'text/plain; charset=utf-8', referer: '', userAgent: 'test', user: '', refusal: '' },
      ...{ remark: '', route: '', upstream: '', reason: '', site: '', listener: 'http:0', requestBytes: 0 },
      ...{ requestHeadBytes: 0, requestTrailers: [], trailers: [], forwarded: [] },
    },
  )
  assert.match(line['target'] as string, /^\/a\.txt\?token=\[redacted:[0-9a-f]{4}\]$/)
  assert.deepEqual((requestHeaders as string[][])[0], ['Host', `localhost:${port}`])
  assert.ok((headers as string[][]).some(([name, value]) => name === 'Content-Length' && value === '5'))
})

test('streams what the filter lets pass', async (t) => {
  const { port } = await serveOwned(t, { 'a.txt': 'alpha', 'b.txt': 'beta' })
  const { next } = await follow(t, port, `?filter=${encodeURIComponent('body:beta or status:4xx')}`)
  for (const path of ['/a.txt', '/b.txt', '/c.txt']) await rawGet(port, path)
  assert.deepEqual([(await next())?.['target'], (await next())?.['target']], ['/b.txt', '/c.txt'])
})

test('content is sent when it is asked for, up to the bytes that are', async (t) => {
  const { port } = await serveOwned(t, { 'a.txt': 'alphabet', 'a.json': '{"password":"x"}', 'a.gz': 'raw' })
  const { next } = await follow(t, port, '?content=5')
  const whole = await follow(t, port, '?content=1000')
  for (const path of ['/a.txt', '/a.json', '/a.gz']) await rawGet(port, path)
  // The recorder keeps what the most demanding reader wants.
  assert.deepEqual((await next())?.['content'], { text: 'alphabet' })
  const [text, json, packed] = [await whole.next(), await whole.next(), await whole.next()]
  assert.deepEqual(text?.['content'], { text: 'alphabet' })
  assert.deepEqual(text?.['requestContent'], { text: '' })
  assert.match((json as { content: { text: string } }).content.text, /^\{"password":"\[redacted:[0-9a-f]{4}\]"\}$/)
  assert.deepEqual(packed?.['content'], { withheld: 'binary content' })
})

test('nothing is recorded without a reader, and nothing after the last one', async (t) => {
  const { server, port } = await serveOwned(t, { 'a.txt': 'alpha' })
  const followed: boolean[] = []
  server.use((before) => (x) => {
    followed.push(x.observer !== undefined)
    return before(x)
  })
  await rawGet(port, '/a.txt')
  const one = await follow(t, port)
  await rawGet(port, '/a.txt')
  await one.next()
  const closed = new Promise<void>((resolve) => {
    server.on('request', (x) => void (x.target.path === '/last' && resolve()))
  })
  one.response.destroy()
  // The end of the reader arrives on another connection, so it is asked for until it has.
  for (let i = 0; i < 500 && followed.at(-1) !== false; i++) await rawGet(port, '/a.txt')
  await rawGet(port, '/last')
  await closed
  assert.deepEqual([followed[0], followed[1], followed.at(-1)], [false, true, false])
})

test('a reader that is sent nothing is missed when it leaves', async (t) => {
  const { server, port } = await serveOwned(t, { 'a.txt': 'alpha' })
  let isFollowed = true
  server.use((before) => (x) => {
    isFollowed = x.observer !== undefined
    return before(x)
  })
  const { response } = await follow(t, port, '?filter=status:599')
  response.destroy()
  for (let i = 0; i < 500 && isFollowed; i++) await rawGet(port, '/a.txt')
  assert.equal(isFollowed, false)
})

test('a reader that does not read loses exchanges, is told how many, and holds nothing up', async (t) => {
  const { port } = await serveOwned(t, { 'a.txt': 'alpha' }, { limits: { recordedExchanges: 10 } })
  const { next, response } = await follow(t, port)
  response.pause()
  const long = 'x'.repeat(7000)
  const count = 1500
  for (let i = 0; i < count; i++) assert.equal((await rawGet(port, `/a.txt?${i}-${long}`)).status, 200)
  response.resume()
  let seen = 0
  let missed = 0
  let last = ''
  while (!last.startsWith(`/a.txt?${count - 1}-`)) {
    const line = (await next()) as Record<string, unknown>
    if ('missed' in line) missed += line['missed'] as number
    else {
      seen++
      last = line['target'] as string
    }
  }
  assert.ok(missed > 0, 'the buffers of the system took everything')
  assert.equal(seen + missed, count)
})

test('ends with the server', async (t) => {
  const { server, port } = await serveOwned(t, { 'a.txt': 'alpha' })
  const { next } = await follow(t, port)
  const before = performance.now()
  await server.close()
  assert.equal(await next(), undefined)
  assert.ok(performance.now() - before < 5000)
})

test('only a program with the token of the owner, on this machine and not on behalf of a page, gets in', async (t) => {
  const { server, port } = await serveOwned(t, { 'a.txt': 'alpha' })
  const ask = async (lines: readonly string[], method = 'GET', query = ''): Promise<number> => {
    const head = [
      `${method} /__serve8008/exchanges${query} HTTP/1.1`,
      `Host: localhost:${port}`,
      'Connection: close',
      ...lines,
    ]
    return (await rawRequest(port, `${head.join('\r\n')}\r\n\r\n`, method)).status
  }
  const field = `X-Serve8008-Token: ${token}`
  assert.equal(await ask([]), 403)
  assert.equal(await ask(['X-Serve8008-Token: ']), 403)
  assert.equal(await ask([`X-Serve8008-Token: ${server.token}`]), 403)
  assert.equal(await ask([], 'GET', `?token=${token}`), 403)
  assert.equal(await ask([field, 'Origin: http://evil.test']), 403)
  assert.equal(await ask([field, 'Origin: null']), 403)
  assert.equal(await ask([field, 'Sec-Fetch-Site: cross-site']), 403)
  assert.equal(await ask([field], 'POST'), 405)
  assert.equal(await ask([field], 'GET', '?filter=stauts:500'), 400)
  assert.equal(
    (
      await rawRequest(
        port,
        `GET /__serve8008/exchanges HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n${field}\r\n\r\n`,
      )
    ).status,
    421,
  )
})

test('a server that a program made has no such address', async (t) => {
  const folder = await new TempFolder().write({ 'a.txt': 'alpha' })
  const config = resolveConfig({ root: folder.path, port: 0, host: '127.0.0.1', live: false })
  const server = createServerFrom(config, {}, resolveConfig)
  const { port } = await server.listen()
  t.after(() => server.close())
  assert.equal((await rawGet(port, '/__serve8008/exchanges', ['X-Serve8008-Token: '])).status, 404)
})

test('no planted secret is in the stream', async (t) => {
  const { server, port } = await serveOwned(t, {})
  server.use(() => async (x) => {
    const { facts } = planted[Number(x.headers.get('x-case'))] as Planted
    for await (const _ of x.body.stream()) void _
    const { status = 200, headers = [], content = '' } = facts
    return { status: status === false ? 200 : status, headers, body: Buffer.from(content) }
  })
  const { next } = await follow(t, port, '?content=100000')
  let seen = 0
  for (const [i, { place, secret, facts }] of planted.entries()) {
    const { requestHeaders = [], requestContent = '', method = 'POST', target = '/' } = facts
    if (target.startsWith('http:') || requestHeaders.includes('Host')) continue
    const content = Buffer.from(requestContent)
    const fields = requestHeaders.flatMap((value, at) => (at % 2 === 0 ? [] : [`${requestHeaders[at - 1]}: ${value}`]))
    const head = [
      `${method} ${target} HTTP/1.1`,
      `Host: localhost:${port}`,
      'Connection: close',
      `X-Case: ${i}`,
      ...fields,
    ]
    const message = `${[...head, `Content-Length: ${content.length}`].join('\r\n')}\r\n\r\n${content.toString('latin1')}`
    using client = await RawClient.open(port)
    await client.send(Buffer.from(message, 'latin1')).reply(method)
    const line = JSON.stringify(await next())
    assert.ok(!line.includes(secret), `${place}: ${line}`)
    seen++
  }
  assert.ok(seen >= 40)
})

test('the readers are few: another one is told so, and has room when one goes', async (t) => {
  const { port } = await serveOwned(t, { 'a.txt': 'alpha' })
  const readers = await Promise.all(Array.from({ length: 32 }, () => follow(t, port)))
  const lines = [`X-Serve8008-Token: ${token}`]
  const { status, body } = await rawGet(port, '/__serve8008/exchanges', lines)
  assert.equal(status, 503)
  assert.match(String(body), /32 programs and pages/)
  readers[0]?.response.destroy()
  // The server learns of the end when its connection does.
  const headers = { Host: `localhost:${port}`, 'X-Serve8008-Token': token }
  for (let found = 0; found !== 200;) {
    const request = nodeRequest({ port, host: '127.0.0.1', path: '/__serve8008/exchanges', headers, agent: false })
    t.after(() => request.destroy())
    const [response] = (await once(request.end(), 'response')) as [IncomingMessage]
    response.on('error', () => {}).resume()
    found = response.statusCode ?? 0
  }
})
