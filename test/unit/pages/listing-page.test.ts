import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { getField } from '../../../src/http/message/headers.ts'
import { processorTime } from '../../support/processor-time.ts'
import { syntheticExchange } from '../../../src/http/synthetic-exchange.ts'
import type { Reply } from '../../../src/http/message/reply.ts'
import { listingReply, type FolderListing, type ListingEntry } from '../../../src/pages/listing-page.ts'

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

function entry(name: string, kind: 'file' | 'folder' = 'file', size = 1234): ListingEntry {
  return { name, kind, size, modified: Date.UTC(2026, 2, 1, 13, 5) }
}

function reply(listing: Partial<FolderListing>, query = '', accept = browser): Promise<Reply> {
  const x = syntheticExchange({ method: 'GET', target: `/docs/${query}`, headers: ['Accept', accept] })
  return listingReply({ path: '/docs/', entries: [], parent: true, ...listing }, x)
}

async function textOf(made: Reply | Promise<Reply>): Promise<string> {
  return Buffer.from((await made).body as Uint8Array).toString()
}

function rowsOf(page: string): string[] {
  return page.slice(page.indexOf('<tbody>'), page.indexOf('</tbody>')).match(/<tr>.*<\/tr>/g) ?? []
}

test('each entry is a row with its link, size and time', async () => {
  const page = await textOf(reply({ entries: [entry('a b.txt'), entry('sub', 'folder')] }))
  const [folder = '', file = ''] = rowsOf(page)
  assert.match(folder, /<th scope="row"><a class="folder" href="\.\/sub\/">sub\/<\/a><\/th><td><\/td>/)
  assert.match(file, /<a href="\.\/a%20b\.txt">a b\.txt<\/a><\/th><td title="1,234 bytes">1\.2 kB<\/td>/)
  assert.match(file, /<time datetime="2026-03-01T13:05:00\.000Z"/)
  assert.match(page, /1 folder, 1 file, 1\.2 kB/)
})

test('names are inert: markup is escaped, links stay below the folder, control characters are visible', async () => {
  const names = [
    '<img src=x onerror=alert(1)>.txt',
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    'javascript:alert(1)',
    'a:b',
    '#hash?query%41&amp;',
    'line\nbreak\r\u0000',
    'photo_\u202egpj.exe',
    'lone\ud800surrogate',
    '{{rows}}{{{rows}}}',
    '</table></style></script>',
    '\\\\host\\share',
  ]
  const page = await textOf(reply({ entries: names.map((name) => entry(name)) }))
  const rows = rowsOf(page)
  assert.equal(rows.length, names.length)
  for (const row of rows) {
    const tags = row.replace(/<(?:\/?(?:tr|td|th|a|time|span))(?: (?:scope|href|title|datetime)="[^"<>]*")*>/g, '')
    assert.doesNotMatch(tags, /[<>"']/, row)
    const [, href = ''] = / href="([^"]*)"/.exec(row) ?? []
    assert.match(href, /^\.\/[\w.!~*()%-]+$/)
    const url = new URL(href, 'http://localhost/docs/')
    assert.ok(url.href.startsWith('http://localhost/docs/'), href)
    assert.equal(url.search + url.hash, '')
    assert.ok(names.includes(decodeURIComponent(url.pathname.slice('/docs/'.length)).replace('\ufffd', '\ud800')), href)
    assert.doesNotMatch(row, /[\u0000-\u001f\u202e\ud800](?![\udc00-\udfff])/)
  }
  assert.match(page, /line␊break␍␀/)
})

test('path and filter are escaped', async () => {
  const hostile = `"><script>alert(1)</script>\u202e`
  const page = await textOf(reply({ path: `/${hostile}/x/` }, `?filter=${encodeURIComponent(hostile)}`))
  assert.equal(page.match(/<script/g)?.length, 1)
  assert.match(page, /<title>Index of \/&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;⟨U\+202E⟩\/x\/<\/title>/)
  assert.match(page, /name="filter" value="&quot;&gt;&lt;script&gt;/)
  assert.match(page, /Nothing with “&quot;&gt;&lt;script&gt;/)
})

test('the policy allows exactly the style and script of the page', async () => {
  const made = await reply({ entries: [entry('a')] })
  const page = await textOf(made)
  const hash = (pattern: RegExp): string => {
    const [, content = ''] = pattern.exec(page) ?? []
    assert.ok(content.length > 100)
    return createHash('sha256').update(content).digest('base64')
  }
  assert.equal(
    getField(made.headers, 'content-security-policy'),
    `default-src 'none'; style-src 'sha256-${hash(/<style>([^]*?)<\/style>/)}'; ` +
      `script-src 'sha256-${hash(/<script type="module">([^]*?)<\/script>/)}'; img-src data:; ` +
      `form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  )
  assert.doesNotMatch(page, / style="| on\w+="/)
})

test('both formats have fields against sniffing, framing, use by other origins and stale caches', async () => {
  for (const accept of [browser, 'application/json']) {
    const { status, headers } = await reply({}, '', accept)
    assert.equal(status, 200)
    assert.equal(getField(headers, 'x-content-type-options'), 'nosniff')
    assert.equal(getField(headers, 'x-frame-options'), 'DENY')
    assert.equal(getField(headers, 'cross-origin-resource-policy'), 'same-origin')
    assert.equal(getField(headers, 'cache-control'), 'no-cache')
    assert.equal(getField(headers, 'vary'), 'Accept')
  }
})

test('breadcrumbs link to every folder above, relative and so independent of a prefix', async () => {
  const page = await textOf(reply({ path: '/a b/<c>/d/' }))
  assert.match(
    page,
    /<ol class="crumbs"><li><a href="..\/..\/..\/">\/<\/a><\/li><li><a href="..\/..\/">a b\/<\/a><\/li><li><a href="..\/">&lt;c&gt;\/<\/a><\/li><li><span aria-current="page">d\/<\/span><\/li><\/ol>/,
  )
  assert.match(page, /<a class="up" href="\.\.\/" rel="up">/)
})

test('the top folder has no link to a folder above', async () => {
  const page = await textOf(reply({ path: '/', parent: false }))
  assert.match(page, /<ol class="crumbs"><li><span aria-current="page">\/<\/span><\/li><\/ol>/)
  assert.doesNotMatch(page, /href="\.\.\//)
  const mounted = await textOf(reply({ path: '/base/', parent: false }))
  assert.match(mounted, /<li>\/<\/li><li><span aria-current="page">base\/<\/span><\/li>/)
})

test('columns have sort links, and their order for screen readers', async () => {
  const page = await textOf(reply({ entries: [entry('a')] }, '?sort=size&filter=a%26b&page=4'))
  assert.match(page, /<th scope="col"><a href="\?filter=a%26b">Name<\/a><\/th>/)
  assert.match(page, /aria-sort="descending"><a href="\?sort=size&amp;order=asc&amp;filter=a%26b">Size<\/a>/)
  assert.match(page, /<th scope="col"><a href="\?sort=modified&amp;filter=a%26b">Modified<\/a><\/th>/)
  assert.match(page, /<input type="hidden" name="sort" value="size"><input type="hidden" name="order" value="desc">/)
  assert.match(await textOf(reply({})), /aria-sort="ascending"><a href="\?order=desc">Name<\/a>/)
})

test('an empty folder and a filter without a match have a message', async () => {
  assert.match(await textOf(reply({})), /This folder is empty\./)
  const none = await textOf(reply({ entries: [entry('a'), entry('b')] }, '?filter=zzz&sort=size'))
  assert.match(none, /Nothing with “zzz” in the name\. <a href="\?sort=size">Show all 2<\/a>/)
  assert.match(
    await textOf(reply({ entries: [entry('a'), entry('b')] }, '?filter=a')),
    /<a href="\.\/">Show all 2<\/a>/,
  )
})

test('only a page with the whole folder is marked as complete', async () => {
  const entries = Array.from({ length: 1001 }, (_, i) => entry(`f${i}`))
  const claims = async (listing: Partial<FolderListing>, query = ''): Promise<boolean> =>
    (await textOf(reply(listing, query))).includes('data-complete="true"')
  assert.equal(await claims({ entries: entries.slice(1) }), true)
  assert.equal(await claims({ entries }), false)
  assert.equal(await claims({ entries: entries.slice(1) }, '?filter=f7'), false)
})

test('a large folder has pages that link to each other and keep the order', async () => {
  const entries = Array.from({ length: 12_000 }, (_, i) => entry(`f${i}`))
  const page = await textOf(reply({ entries }, '?page=6&order=desc'))
  assert.equal(rowsOf(page).length, 1000)
  assert.match(page, /<a rel="prev" href="\?order=desc&amp;page=5">/)
  assert.match(page, /<a rel="next" href="\?order=desc&amp;page=7">/)
  assert.match(page, /<a href="\?order=desc">1<\/a><span>…<\/span><a href="[^"]*page=4">4<\/a>/)
  assert.match(page, /<span aria-current="page">6<\/span>.*page=8">8<\/a><span>…<\/span><a [^>]*page=12">12<\/a>/)
  assert.doesNotMatch(await textOf(reply({ entries }, '?page=12')), /rel="next"/)
  assert.doesNotMatch(await textOf(reply({ entries }, '?page=1')), /rel="prev"/)
})

test('fifty thousand entries give a page of bounded size, made without blocking the server', async () => {
  const entries = Array.from({ length: 50_000 }, (_, i) => entry(`asset-${(i * 7919) % 50_000}-chunk.js`, 'file', i))
  await reply({ entries })
  // Processor time does not depend on the load of the machine.
  const start = processorTime()
  const page = await textOf(reply({ entries }, '?page=50'))
  const ms = processorTime() - start
  assert.match(page, /asset-49999-chunk\.js/)
  assert.ok(page.length < 600_000)
  // About 0.1 s; Intl.Collator takes several times that.
  assert.ok(ms < 1000, `${ms} ms`)
})

test('a program gets every match as data', async () => {
  const entries = Array.from({ length: 2500 }, (_, i) => entry(`f${i}.txt`))
  const odd: ListingEntry = { name: 'a\ud800 "b"\n', kind: 'file', size: 0, modified: Infinity }
  const made = await reply({ entries: [...entries, entry('sub', 'folder'), odd] }, '?page=2', 'application/json')
  assert.equal(getField(made.headers, 'content-type'), 'application/json')
  const data = JSON.parse(await textOf(made)) as { path: string; parent: boolean; total: number; entries: object[] }
  assert.deepEqual([data.path, data.parent, data.total, data.entries.length], ['/docs/', true, 2502, 2502])
  assert.deepEqual(data.entries.slice(0, 3), [
    { name: 'sub', kind: 'folder', href: './sub/', modified: '2026-03-01T13:05:00.000Z' },
    { name: 'a\ud800 "b"\n', kind: 'file', href: './a%EF%BF%BD%20%22b%22%0A', size: 0 },
    { name: 'f0.txt', kind: 'file', href: './f0.txt', size: 1234, modified: '2026-03-01T13:05:00.000Z' },
  ])
  const found = JSON.parse(
    await textOf(reply({ entries }, '?filter=f249&order=desc', 'application/json')),
  ) as typeof data
  assert.equal(found.total, 2500)
  assert.deepEqual(found.entries.length, 11)
})

test('a tool that accepts anything gets the page with its links', async () => {
  assert.equal(getField((await reply({}, '', '*/*')).headers, 'content-type'), 'text/html; charset=utf-8')
})

test('an entry with a time outside the range of dates has none in the listing', async () => {
  const page = await textOf(reply({ entries: [{ ...entry('old'), modified: 9e15 }] }))
  assert.match(rowsOf(page)[0] ?? '', /<td><\/td><\/tr>$/)
})
