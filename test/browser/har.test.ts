import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { harWriter, readHar } from '../../src/inspect/har/har.ts'
import { createRedactor, redactExchange } from '../../src/inspect/redact/redact.ts'
import { recorded, type RecordedFacts } from '../support/recorded.ts'
import { TempFolder } from '../support/server.ts'
import { launchChromium, skip } from './support/chromium.ts'

const json = ['Content-Type', 'application/json']
const exchanges: readonly RecordedFacts[] = [
  {
    headers: [
      'Content-Type',
      'text/html; charset=utf-8',
      'Content-Encoding',
      'gzip',
      'Set-Cookie',
      'sid=s3cret; Path=/',
    ],
    content: gzipSync('<!doctype html><link rel="icon" href="data:,"><title>Grüße</title><img src="/a.png">'),
  },
  {
    target: '/a.png',
    headers: ['Content-Type', 'image/gif'],
    content: Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64'),
  },
  {
    target: '/api',
    method: 'POST',
    requestHeaders: json,
    requestContent: '{"query":"one"}',
    headers: json,
    content: '1',
  },
  {
    target: '/api',
    method: 'POST',
    requestHeaders: json,
    requestContent: '{"query":"two"}',
    headers: json,
    content: '2',
  },
  { target: '/old', status: 302, headers: ['Location', '/new'] },
  { target: '/new', content: 'moved' },
]

test('the reader of Playwright replays a file, by the content of requests too', { skip }, async () => {
  using folder = new TempFolder()
  const file = folder.join('a.har')
  const writer = harWriter('0.0.0')
  for (const [i, facts] of exchanges.entries()) {
    writer.add(redactExchange(recorded({ authority: 'replay.test', id: i, ...facts }), createRedactor()))
  }
  writeFileSync(file, writer.end())
  await using browser = await launchChromium()
  const context = await browser.newContext()
  await context.routeFromHAR(file, { notFound: 'abort' })
  const page = await context.newPage()
  await page.goto('http://replay.test/')
  assert.equal(await page.title(), 'Grüße')
  assert.equal(await page.evaluate('document.images[0].naturalWidth'), 1)
  const ask = `async (query) => (await fetch('/api', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ query }),
  })).text()`
  assert.deepEqual(await page.evaluate(`Promise.all(['two', 'one'].map(${ask}))`), ['2', '1'])
  assert.equal(await page.evaluate(`fetch('/old').then((reply) => reply.text())`), 'moved')
})

/** What the developer tools say of a file, and the file that they write themselves. */
interface Imported {
  readonly requests: readonly {
    readonly url: string
    readonly status: number
    readonly type: string
    readonly ms: number
    readonly failed: boolean
    readonly content: string
    readonly form: string
    readonly frames: readonly [type: string, text: string][]
  }[]
  readonly written: string
}

/** Runs in the developer tools of Chromium, whose parts are modules. */
const importHar = `async (text) => {
  const HAR = await import('devtools://devtools/bundled/models/har/har.js')
  const { log } = new HAR.HARFormat.HARRoot(JSON.parse(text))
  const all = HAR.Importer.Importer.requestsFromHARLog(log)
  const requests = await Promise.all(all.map(async (request) => ({
    url: request.url(),
    status: request.statusCode,
    type: request.resourceType().name(),
    ms: request.duration * 1000,
    failed: request.failed,
    content: await request.requestContentData().then((data) => (data.isTextContent ? data.text : data.base64) ?? ''),
    form: (await request.requestFormData()) ?? '',
    frames: request.frames().map(({ type, text }) => [type, text]),
  })))
  return { requests, written: JSON.stringify({ log: await HAR.Log.Log.build(all, { sanitize: false }) }) }
}`

test('the developer tools of Chromium import a file, and what they export is read', { skip }, async () => {
  const writer = harWriter('0.0.0')
  const socket: RecordedFacts = {
    target: '/socket',
    status: 101,
    headers: [],
    requestHeaders: ['Upgrade', 'websocket'],
  }
  const facts: readonly RecordedFacts[] = [
    ...exchanges,
    { target: '/left', status: false, aborted: true, firstByteMs: undefined, endMs: 7 },
    socket,
  ]
  for (const [i, each] of facts.entries()) {
    const exchange = redactExchange(recorded({ authority: 'replay.test', id: i, ...each }), createRedactor())
    const messages =
      each === socket ? [{ isSent: true, time: exchange.time, opcode: 1, data: Buffer.from('hi') }] : undefined
    writer.add({ ...exchange, messages })
  }
  await using browser = await launchChromium()
  const page = await browser.newPage()
  await page.goto('devtools://devtools/bundled/devtools_app.html')
  const { requests, written } = await page.evaluate<Imported>(`(${importHar})(${JSON.stringify(writer.end())})`)
  assert.deepEqual(
    requests.map(({ url, status }) => [url.replace('http://replay.test', ''), status]),
    [
      ['/', 200],
      ['/a.png', 200],
      ['/api', 200],
      ['/api', 200],
      ['/old', 302],
      ['/new', 200],
      ['/left', 0],
      ['ws://replay.test/socket', 101],
    ],
  )
  const [home, , first] = requests
  assert.match(home?.content ?? '', /<title>Grüße</)
  assert.ok(Math.abs((home?.ms ?? 0) - 2) < 0.01, String(home?.ms))
  assert.deepEqual([first?.form, first?.content], ['{"query":"one"}', '1'])
  assert.equal(requests.at(-1)?.type, 'websocket')
  assert.deepEqual(requests.at(-1)?.frames, [['send', 'hi']])
  const again = readHar(written)
  assert.deepEqual(
    again.map(({ target }) => target),
    ['/', '/a.png', '/api', '/api', '/old', '/new', '/left', '/socket'],
  )
  assert.equal(Buffer.from(again[2]?.request.content ?? []).toString(), '{"query":"one"}')
  assert.equal(Buffer.from(again.at(-1)?.messages?.[0]?.data ?? []).toString(), 'hi')
})
