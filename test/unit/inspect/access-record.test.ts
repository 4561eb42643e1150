import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exchange } from '../../../src/http/message/exchange.ts'
import { RequestHeaders } from '../../../src/http/message/headers.ts'
import { emptyReply } from '../../../src/http/message/reply.ts'
import { parseRequestTarget } from '../../../src/http/message/request-target.ts'
import type { AccessRecord } from '../../../src/server/types.ts'
import { accessRecord, isAside } from '../../../src/inspect/access-record.ts'

interface Request {
  readonly method?: string
  readonly target?: string
  readonly headers?: readonly string[]
  readonly notes?: Exchange['notes']
  readonly address?: string
  readonly listener?: string
}

function recorded(request: Request, status = 200, sent = { bytes: 5, aborted: false }): AccessRecord {
  return accessRecord(exchange(request), emptyReply(status), sent)
}

function exchange(request: Request): Exchange {
  const method = request.method ?? 'GET'
  return {
    startedAt: performance.now() - 20,
    method,
    version: '1.1',
    target: parseRequestTarget(method, request.target ?? '/'),
    headers: new RequestHeaders(request.headers ?? []),
    peer: { address: request.address ?? '::ffff:192.0.2.7', listener: request.listener },
    notes: request.notes ?? {},
  } as unknown as Exchange
}

test('a record says who asked for what, and what came of it', () => {
  const before = Date.now()
  const entry = recorded(
    {
      target: '/a?b=c',
      headers: ['Host', 'localhost:8008', 'Referer', 'http://localhost:8008/', 'User-Agent', 'curl/8'],
      notes: { user: 'ann', refusal: 'E8008_METHOD', remark: 'why', site: 'docs.localhost' },
      listener: 'https:8448',
    },
    405,
    { bytes: 42, aborted: true },
  )
  const { time, ms, ...rest } = entry
  assert.deepEqual(rest, {
    address: '192.0.2.7',
    method: 'GET',
    target: '/a?b=c',
    version: '1.1',
    host: 'localhost:8008',
    status: 405,
    bytes: 42,
    aborted: true,
    referer: 'http://localhost:8008/',
    userAgent: 'curl/8',
    user: 'ann',
    refusal: 'E8008_METHOD',
    remark: 'why',
    route: '',
    upstream: '',
    reason: '',
    site: 'docs.localhost',
    listener: 'https:8448',
  })
  assert.ok(ms >= 20, String(ms))
  assert.ok(Number.isInteger(time) && time <= Date.now() && time >= before - ms - 100, String(time))
})

test('what is absent is empty', () => {
  const { host, referer, userAgent, user, refusal, remark, address, site, listener } = recorded({ address: '' })
  assert.deepEqual(new Set([host, referer, userAgent, user, refusal, remark, address, site, listener]), new Set(['']))
})

test('no secret of the request reaches the record', () => {
  const secret = 's3cret'
  const headers = [
    ...['Authorization', `Bearer ${secret}`, 'Cookie', `sid=${secret}`, 'Proxy-Authorization', secret],
    ...['Referer', `http://u:${secret}@a.test/?token=${secret}`, 'Host', `u:${secret}@localhost`],
  ]
  const targets = [`/?access_token=${secret}`, `http://u:${secret}@a.test/?key=${secret}`]
  for (const target of targets) assert.ok(!JSON.stringify(recorded({ target, headers })).includes(secret), target)
  const connect = recorded({ method: 'CONNECT', target: `u:${secret}@a.test:443` })
  assert.equal(connect.target, '…@a.test:443')
})

test('what live reload adds to an address is in no log', () => {
  const stamp = 'serve8008=mx1abcdef0'
  for (const [target, logged] of [
    [`/style.css?${stamp}`, '/style.css'],
    [`/style.css?v=2&${stamp}`, '/style.css?v=2'],
    [`/style.css?${stamp}&v=2`, '/style.css?v=2'],
    [`http://localhost/style.css?${stamp}`, 'http://localhost/style.css'],
    ['/?serve8008=no-live', '/?serve8008=no-live'],
    [`/?my${stamp}`, `/?my${stamp}`],
    [`/${stamp}`, `/${stamp}`],
  ] as const) {
    assert.equal(recorded({ target }).target, logged)
    assert.equal(parseRequestTarget('GET', target).raw, target)
  }
  assert.equal(recorded({ headers: ['Referer', `http://localhost/a.css?${stamp}`] }).referer, 'http://localhost/a.css')
})

test('tells what a browser asks for by itself from what a page or a person asks for', () => {
  const host = ['Host', 'localhost:8008']
  const image = [...host, 'Sec-Fetch-Dest', 'image']
  const from = (path: string): string[] => ['Referer', `http://localhost:8008${path}`]
  const devtools = '/.well-known/appspecific/com.chrome.devtools.json'
  for (const [target, headers, status, aside] of [
    ['/favicon.ico', [...image, ...from('/')], 404, true],
    ['/favicon.ico', [...image, ...from('/')], 200, false],
    ['/favicon.ico', host, 404, false],
    ['/favicon.ico', [...host, 'Sec-Fetch-Dest', 'document'], 404, false],
    ['/docs/favicon.ico', image, 404, false],
    [devtools, [...host, 'Sec-Fetch-Dest', 'empty'], 404, true],
    [devtools, host, 404, false],
    ['/logo.png', [...image, ...from('/')], 404, false],
    // An opened picture or text is shown within a page of the same address.
    ['/logo.png', [...image, ...from('/logo.png')], 200, true],
    ['/logo.png', [...image, ...from('/logo.png')], 404, false],
    ['/a.txt?serve8008=no-live', [...host, 'Sec-Fetch-Dest', 'iframe', ...from('/a.txt')], 200, true],
    ['/a.txt?b&serve8008=no-live', [...host, 'Sec-Fetch-Dest', 'iframe', ...from('/a.txt?b')], 304, true],
    ['/a.txt?serve8008=no-live', [...host, 'Sec-Fetch-Dest', 'document'], 200, false],
    ['/a.txt?serve8008=no-live', [...host, 'Sec-Fetch-Dest', 'iframe', ...from('/frames.html')], 200, false],
  ] as const) {
    assert.equal(
      isAside(exchange({ target, headers }), emptyReply(status)),
      aside,
      `${target} ${headers.join(' ')} ${status}`,
    )
  }
  const routed = exchange({ target: '/favicon.ico', headers: image, notes: { route: '/' } })
  assert.equal(isAside(routed, emptyReply(404)), false)
  const missing = { route: 'docs.localhost', refusal: 'E8008_NOT_FOUND' } as const
  assert.equal(isAside(exchange({ target: '/favicon.ico', headers: image, notes: missing }), emptyReply(404)), true)
})

test('a scheme of authentication in User-Agent is not recorded', () => {
  assert.equal(recorded({ headers: ['User-Agent', 'Bearer s3cret'] }).userAgent, '…')
})
