import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrangeListing, type ListingEntry } from '../../../src/pages/arrange-listing.ts'
import { createPacer } from '../../../src/core/util/pacer.ts'
import { formatListingQuery, parseListingQuery } from '../../../src/pages/listing-query.ts'

function file(name: string, size = 1, modified = 0): ListingEntry {
  return { name, kind: 'file', size, modified }
}

function folder(name: string, modified = 0): ListingEntry {
  return { name, kind: 'folder', size: 4096, modified }
}

async function names(entries: readonly ListingEntry[], query: string, pageLength = 100): Promise<string[]> {
  const listing = { path: '/', entries, parent: false }
  const { entries: shown } = await arrangeListing(listing, parseListingQuery(query), pageLength, createPacer())
  return shown.map(({ name }) => name)
}

test('names are in natural order, folders first, without regard to case and accents', async () => {
  const sorted = ['10', 'b', '2.txt', 'A.txt', 'éclair', 'echo', 'file2', 'file10', 'File3', 'file007', 'zoo']
  const entries = sorted.map((name) => (name.length < 3 ? folder(name) : file(name))).reverse()
  const wanted = ['10', 'b', '2.txt', 'A.txt', 'echo', 'éclair', 'file2', 'File3', 'file007', 'file10', 'zoo']
  assert.deepEqual(await names(entries, ''), wanted)
  const turned = [...wanted.slice(0, 2).reverse(), ...wanted.slice(2).reverse()]
  assert.deepEqual(await names(entries, '?order=desc'), turned)
})

test('numbers of any length and with leading zeros keep their order', async () => {
  const wanted = ['v0', 'v00', 'v1', 'v02', 'v99999999', 'v123456789', 'v1234567890123456', 'v12345678901234567', 'va']
  assert.deepEqual(await names(wanted.map((name) => file(name)).reverse(), ''), wanted)
})

test('the largest and the newest come first, ties by name, and the order can be reversed', async () => {
  const entries = [file('c', 1, 30), file('b', 20, 20), file('a', 20, 10), folder('y', 1), folder('x', 2)]
  assert.deepEqual(await names(entries, '?sort=size'), ['x', 'y', 'a', 'b', 'c'])
  assert.deepEqual(await names(entries, '?sort=size&order=asc'), ['x', 'y', 'c', 'a', 'b'])
  assert.deepEqual(await names(entries, '?sort=modified'), ['x', 'y', 'c', 'b', 'a'])
  assert.deepEqual(await names(entries, '?sort=modified&order=asc'), ['y', 'x', 'a', 'b', 'c'])
})

test('the filter finds a part of a name in any case and either form of an accent', async () => {
  const entries = [file('Cafe\u0301.txt'), file('CAF\u00c9 2.txt'), file('tea.txt'), folder('café')]
  assert.deepEqual(await names(entries, `?filter=${encodeURIComponent('café')}`), [
    'café',
    'CAF\u00c9 2.txt',
    'Cafe\u0301.txt',
  ])
  assert.deepEqual(await names(entries, '?filter=[a-z]'), [])
})

test('pages cover every entry once, and a page beyond the last is the last', async () => {
  const entries = Array.from({ length: 25 }, (_, i) => file(`f${i}`))
  const all = (await Promise.all([1, 2, 3].map((page) => names(entries, `?page=${page}`, 10)))).flat()
  assert.deepEqual(
    all,
    entries.map(({ name }) => name),
  )
  assert.deepEqual(await names(entries, '?page=99', 10), ['f20', 'f21', 'f22', 'f23', 'f24'])
  const listing = { path: '/', entries, parent: false }
  const { page, pages, matches, folders, bytes } = await arrangeListing(
    listing,
    parseListingQuery('?page=99'),
    10,
    createPacer(),
  )
  assert.deepEqual({ page, pages, matches, folders, bytes }, { page: 3, pages: 3, matches: 25, folders: 0, bytes: 25 })
})

test('the given entries are left in their order', async () => {
  const entries = Object.freeze([file('b'), file('a')])
  await names(entries, '')
  assert.deepEqual(
    entries.map(({ name }) => name),
    ['b', 'a'],
  )
})

test('unknown values of a query are ignored', async () => {
  const plain = { sort: 'name', order: 'asc', filter: '', page: 1 }
  for (const query of [
    '',
    '?',
    '?sort=__proto__&order=up&page=0',
    '?page=-1',
    '?page=1e9',
    '?page=99999999999',
    '?%E0%A4%A=%',
  ]) {
    assert.deepEqual(parseListingQuery(query), plain, query)
  }
  assert.equal(parseListingQuery(`?filter=${'x'.repeat(5000)}`).filter.length, 255)
})

test('a formatted query parses to the same values, in its shortest form', async () => {
  for (const query of ['?sort=size', '?sort=modified&order=asc', '?order=desc&filter=a+%26%3D%23b&page=3', './']) {
    assert.equal(formatListingQuery(parseListingQuery(query === './' ? '' : query)), query)
  }
})
