import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { ask, openSession, startHttp2 } from '../support/http2.ts'
import { rawGet, type RawReply } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

const script = 'export const answer = 42\n'
const wasm = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)

const started = await startServer({
  'main.ts': script,
  'view.tsx': script,
  'old.jsx': script,
  'segment.ts': Buffer.concat([Uint8Array.of(0x47, 0x40), Buffer.alloc(374)]),
  LICENSE: 'free as in speech. '.repeat(200),
  'legacy.html': Buffer.from('<!doctype html><meta charset=windows-1251><p>\xcf\xf0\xe8\xe2', 'latin1'),
  'raw.html': Buffer.from('<!doctype html><p>\xcf\xf0\xe8\xe2', 'latin1'),
  'icon.svgz': gzipSync('<svg xmlns="http://www.w3.org/2000/svg"/>'),
  'x.framework.js.br': brotliCompressSync(script),
  'x.loader.js.gz': gzipSync(script),
  'x.wasm.gz': gzipSync(wasm),
  'x.wasm.br': brotliCompressSync(wasm),
  'x.data.br': brotliCompressSync('data'),
  'x.data.gz': gzipSync('data'),
  'x.symbols.json.gz': gzipSync('{}'),
  'x.pck.gz': gzipSync('GDPC'),
  'x.data.unityweb': gzipSync('data'),
  'src.tar.gz': gzipSync('tar'),
  'src.tar.br': brotliCompressSync('tar'),
  'rows.csv.gz': gzipSync('a,b'),
  'api.json.gz': gzipSync('{}'),
  'data.gz': gzipSync('data'),
  'plain.js.gz': script,
  '404.html': '<h1>Nothing here</h1>',
})
after(() => started[Symbol.asyncDispose]())

const get = (target: string, ...lines: string[]): Promise<RawReply> => rawGet(started.port, target, lines)
const typed = async (target: string, ...lines: string[]): Promise<string> => {
  const reply = await get(target, ...lines)
  return `${reply.field('content-type')} ${reply.field('content-encoding')}`.trim()
}
const browser = 'Accept-Encoding: gzip, deflate, br, zstd'

describe('a TypeScript file', () => {
  for (const name of ['/main.ts', '/view.tsx', '/old.jsx']) {
    test(`${name} is a script for a page that imports it, and text for other requests`, async () => {
      for (const destination of ['script', 'worker', 'sharedworker', 'serviceworker', 'audioworklet', 'paintworklet']) {
        assert.equal(await typed(name, `Sec-Fetch-Dest: ${destination}`), 'text/javascript; charset=utf-8')
      }
      for (const line of ['Sec-Fetch-Dest: iframe', 'Sec-Fetch-Dest: empty', 'X-Nothing: 1']) {
        assert.equal(await typed(name, line), 'text/plain; charset=utf-8')
      }
    })
  }

  // Fetch Metadata section 2: browsers send none towards plain HTTP of other names than localhost. What they send then
  // was recorded from Chromium and Firefox, for a module, a worker and a navigation.
  for (const [accept, type] of [
    ['*/*', 'text/javascript; charset=utf-8'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/plain; charset=utf-8'],
    ['text/plain', 'text/plain; charset=utf-8'],
    ['image/avif,image/webp,*/*;q=0.8', 'text/plain; charset=utf-8'],
  ] as const) {
    test(`is ${type} if the browser sends no destination and accepts ${accept}`, async () => {
      for (const name of ['/main.ts', '/view.tsx', '/old.jsx']) {
        assert.equal(await typed(name, `Accept: ${accept}`), type)
      }
      // Where it says a destination, that decides.
      assert.equal(await typed('/main.ts', `Accept: ${accept}`, 'Sec-Fetch-Dest: empty'), 'text/plain; charset=utf-8')
      assert.equal(await typed('/segment.ts', `Accept: ${accept}`), 'video/mp2t')
      assert.equal(await typed('/LICENSE', `Accept: ${accept}`), 'text/plain; charset=utf-8')
    })
  }

  test('has a Vary with the fields that decide', async () => {
    assert.match((await get('/main.ts', 'Sec-Fetch-Dest: script')).field('vary'), /^Sec-Fetch-Dest, Accept-Encoding$/)
    assert.match((await get('/main.ts', 'Accept: */*')).field('vary'), /^Sec-Fetch-Dest, Accept, Accept-Encoding$/)
    // As text it may get a page around it, which X-Serve8008 forbids.
    for (const line of ['Accept: text/html', 'X-Nothing: 1']) {
      const vary = (await get('/main.ts', line)).field('vary')
      assert.match(vary, /^Sec-Fetch-Dest, Accept, X-Serve8008, Accept-Encoding$/)
    }
    assert.doesNotMatch((await get('/segment.ts')).field('vary'), /Sec-Fetch-Dest/)
  })

  test('cached as a script gets no 304 as text, nor the other way round (RFC 9110 section 8.8.3.3)', async () => {
    const asScript = await get('/main.ts', 'Sec-Fetch-Dest: script')
    const asText = await get('/main.ts')
    assert.notEqual(asScript.field('etag'), asText.field('etag'))
    const statusOf = async (tag: string, ...lines: string[]): Promise<number> =>
      (await get('/main.ts', `If-None-Match: ${tag}`, ...lines)).status
    assert.equal(await statusOf(asScript.field('etag'), 'Sec-Fetch-Dest: script'), 304)
    assert.equal(await statusOf(asText.field('etag'), 'Sec-Fetch-Dest: script'), 200)
    assert.equal(await statusOf(asText.field('etag')), 304)
    assert.equal(await statusOf(asScript.field('etag')), 200)
    const coded = (await get('/x.loader.js.gz', browser)).field('etag')
    assert.notEqual(coded, (await get('/x.loader.js.gz', 'Accept-Encoding: identity')).field('etag'))
  })

  test('that is a transport stream has the same type for every client', async () => {
    assert.equal(await typed('/segment.ts', 'Sec-Fetch-Dest: script'), 'video/mp2t')
  })
})

test('files that users open to read are text, and compressed', async () => {
  assert.equal(await typed('/LICENSE', browser), 'text/plain; charset=utf-8 br')
})

describe('an encoding', () => {
  test('of two bytes each is kept in the page with live reload', async () => {
    const text = '\ufeff<!doctype html><title>x</title><p>\u017c'
    await started.folder.write({ 'wide.html': Buffer.from(text, 'utf16le') })
    const reply = await get('/wide.html', 'Sec-Fetch-Dest: document')
    assert.equal(reply.field('content-type'), 'text/html; charset=utf-16le')
    assert.match(
      reply.body.toString('utf16le'),
      /^\ufeff<!doctype html>.*<script src="[^"]+" async=""><\/script>.*\u017c$/,
    )
  })

  test('is the one that a page declares, also in the page with live reload', async () => {
    const reply = await get('/legacy.html', 'Sec-Fetch-Dest: document')
    assert.equal(reply.field('content-type'), 'text/html; charset=windows-1251')
    assert.match(reply.body.toString('latin1'), /<script src="[^"]+" async=""><\/script>.*\xcf\xf0\xe8\xe2$/)
  })

  test('is not sent for other bytes', async () => {
    const reply = await get('/raw.html', 'Sec-Fetch-Dest: document')
    assert.equal(reply.field('content-type'), 'text/html')
    assert.match(reply.body.toString('latin1'), /<script src=.*\xcf\xf0\xe8\xe2$/)
  })

  test('is detected again after an edit', async () => {
    await started.folder.write({ 'page.html': '<p>\u017c' })
    assert.equal(await typed('/page.html'), 'text/html; charset=utf-8')
    await started.folder.write({ 'page.html': Buffer.from('<p>\xbf', 'latin1') })
    assert.equal(await typed('/page.html'), 'text/html')
  })
})

test('types are the same over HTTP/2 and in an embedding program', async () => {
  const files = {
    'main.ts': script,
    'raw.html': Buffer.from('<p>\xcf', 'latin1'),
    'x.wasm.br': brotliCompressSync(wasm),
    'prod.env': 'A=1',
    'enc.key': Buffer.alloc(16, 0xee),
    '404.html': '<h1>Nothing',
  }
  await using front = await startHttp2(files)
  using session = openSession(front.port)
  await using plain = await startServer(files)
  const headersOf = async (path: string, headers: Record<string, string>): Promise<string[][]> => {
    const reply = await ask(session, { ':path': path, ...headers })
    const response = await plain.server.fetch(`http://localhost${path}`, { headers })
    const names = ['content-type', 'content-encoding', 'vary']
    return [
      [String(reply.status), ...names.map((name) => String(reply.headers[name] ?? ''))],
      [String(response.status), ...names.map((name) => response.headers.get(name) ?? '')],
    ]
  }
  for (const [path, headers, ...start] of [
    ['/main.ts', { 'sec-fetch-dest': 'script' }, '200', 'text/javascript; charset=utf-8'],
    ['/raw.html', { accept: 'text/plain' }, '200', 'text/html'],
    ['/x.wasm.br', { 'accept-encoding': 'br' }, '200', 'application/wasm', 'br'],
    ['/prod.env', { accept: 'application/json' }, '404', 'application/problem+json'],
    ['/missing', { accept: 'text/html' }, '404', 'text/html; charset=utf-8'],
    ['/enc.key', {}, '200'],
  ] as const) {
    const [over2, embedded] = await headersOf(path, headers)
    assert.deepEqual(over2, embedded, path)
    assert.deepEqual(over2?.slice(0, start.length), start, path)
  }
})

describe('a missing file', () => {
  test('is JSON for a program that accepts it, and a page with links for browsers', async () => {
    const problem = await get('/api/users/7', 'Accept: application/json')
    assert.deepEqual([problem.status, problem.field('content-type')], [404, 'application/problem+json'])
    assert.equal(JSON.parse(problem.body.toString()).code, 'E8008_NOT_FOUND')
    const page = await get('/users/7', 'Accept: text/html,*/*;q=0.8')
    assert.deepEqual([page.status, page.field('content-type')], [404, 'text/html; charset=utf-8'])
    for (const reply of [problem, page])
      assert.match(reply.fields.filter(([name]) => name === 'vary').join(), /Accept\b.*Sec-Fetch-Dest/)
  })

  test('is a line of text for a script, a style sheet or an image', async () => {
    for (const destination of ['script', 'style', 'image']) {
      assert.equal(
        await typed('/missing', `Sec-Fetch-Dest: ${destination}`, 'Accept: */*'),
        'text/plain; charset=utf-8',
      )
    }
  })
})

describe('a name with a coding', () => {
  for (const [target, expected] of [
    ['/icon.svgz', 'image/svg+xml gzip'],
    ['/x.framework.js.br', 'text/javascript br'],
    ['/x.loader.js.gz', 'text/javascript gzip'],
    ['/x.wasm.gz', 'application/wasm gzip'],
    ['/x.wasm.br', 'application/wasm br'],
    ['/x.data.br', 'application/octet-stream br'],
    ['/x.data.gz', 'application/octet-stream gzip'],
    ['/x.symbols.json.gz', 'application/json gzip'],
    ['/x.pck.gz', 'application/octet-stream gzip'],
  ] as const) {
    test(`${target} is sent as ${expected}`, async () => {
      assert.equal(await typed(target, browser), expected)
      assert.match((await get(target, browser)).field('vary'), /Accept-Encoding/)
    })
  }

  for (const [target, expected] of [
    ['/src.tar.gz', 'application/gzip'],
    ['/rows.csv.gz', 'application/gzip'],
    ['/api.json.gz', 'application/gzip'],
    ['/data.gz', 'application/gzip'],
    ['/src.tar.br', 'application/octet-stream'],
    ['/x.data.unityweb', 'application/vnd.unity'],
    ['/plain.js.gz', 'application/gzip'],
  ] as const) {
    test(`${target} is a download`, async () => assert.equal(await typed(target, browser), expected))
  }

  test('is sent as a download to a client that refuses the coding', async () => {
    const remarks: string[] = []
    started.server.on('reply', ({ remark }) => remarks.push(remark))
    for (const [target, accept, expected] of [
      ['/x.loader.js.gz', 'identity', 'application/gzip'],
      ['/x.loader.js.gz', 'gzip;q=0, br', 'application/gzip'],
      ['/x.framework.js.br', 'gzip, deflate', 'application/octet-stream'],
      ['/icon.svgz', 'identity', 'application/gzip'],
    ] as const) {
      const reply = await get(target, `Accept-Encoding: ${accept}`)
      assert.equal(`${reply.field('content-type')} ${reply.field('content-encoding')}`.trim(), expected)
      assert.match(reply.field('vary'), /Accept-Encoding/)
      assert.deepEqual(reply.body, (await get(target)).body)
    }
    // Browsers leave brotli out towards plain http of other machines.
    assert.ok(remarks.includes('br not accepted here (--tls)'))
  })

  test('is sent with its coding without Accept-Encoding (RFC 9110 section 12.5.3)', async () => {
    assert.equal(await typed('/x.wasm.br'), 'application/wasm br')
  })
})
