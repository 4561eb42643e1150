import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { harWriter } from '../../src/inspect/har/har.ts'
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
