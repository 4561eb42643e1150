import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { rewriteLocation } from '../../src/proxy/response/location.ts'
import { checkDestination, rewriteDestination } from '../../src/proxy/request/destination-header.ts'
import type { UrlMapping } from '../../src/proxy/url-rewrite.ts'

const segment = fc.string({
  unit: fc.constantFrom('a', 'b', '1', '-', '.', '_', '~', '%20', '=', ';'),
  minLength: 1,
  maxLength: 6,
})
const prefix = fc.array(segment, { maxLength: 2 }).map((parts) => parts.map((part) => `/p${part}`).join(''))
const rest = fc.tuple(
  fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.map((part) => `/x${part}`).join('')),
  fc.constantFrom('', '?q=/x', '#f', '?a#b'),
)

function mapping(client: string, upstream: string): UrlMapping {
  return {
    client: { scheme: 'http', authority: 'localhost:8008', prefix: client },
    upstream: { scheme: 'https', authority: 'app.test', prefix: upstream },
    aliases: ['10.0.0.1:3000'],
  }
}

test('mapping a URL of the route to the upstream and back keeps it', () => {
  fc.assert(
    fc.property(prefix, prefix, rest, (client, upstream, [path, query]) => {
      const map = mapping(`/c${client}`, upstream === '' ? '' : `/u${upstream}`)
      const url = `http://localhost:8008/c${client}${path}${query}`
      const [, there = ''] = rewriteDestination(['Destination', url], map, true)
      assert.ok(there.startsWith('https://app.test/'), there)
      assert.equal(rewriteLocation(302, ['Location', there], map)[1], url)
    }),
  )
})

test('a path never becomes another host', () => {
  const slashes = fc.string({ unit: fc.constantFrom('/', '\\', 'u', 'c', 'e', '.', '%2f', '?'), maxLength: 10 })
  fc.assert(
    fc.property(slashes, fc.constantFrom('', '/c'), fc.constantFrom('', '/u'), (path, client, upstream) => {
      const map = mapping(client, upstream)
      const given = `/${path}`
      const origin = 'http://localhost:8008'
      const [, mapped = ''] = rewriteLocation(302, ['Location', given], map)
      // URLs of the backend to other hosts stay unchanged.
      if (!URL.canParse(given, origin) || new URL(given, origin).origin !== origin) return
      assert.equal(new URL(mapped, origin).origin, origin, mapped)
    }),
  )
})

test('a Destination that is forwarded stays within the route in every reading', () => {
  const pieces = [
    '/',
    '..',
    '.',
    '%2e',
    '%2E',
    '%2f',
    '%5C',
    '\\',
    ';',
    '%3b',
    '%25',
    '%00',
    '\t',
    'a',
    'c',
    'u',
    '?',
    '#',
  ]
  const hostile = fc.string({ unit: fc.constantFrom(...pieces), maxLength: 12 })
  const start = fc.constantFrom(
    '',
    'http://localhost:8008',
    'HTTPS://app.test',
    'http://10.0.0.1:3000',
    '//localhost:8008',
  )
  fc.assert(
    fc.property(start, fc.constantFrom('/c', '/u', ''), hostile, (origin, prefix, path) => {
      const fields = ['Destination', `${origin}${prefix}${path}`]
      try {
        checkDestination(fields, mapping('/c', '/u'))
      } catch {
        return
      }
      const [, there = ''] = rewriteDestination(fields, mapping('/c', '/u'), true)
      const url = new URL(there, 'https://app.test')
      assert.equal(url.origin, 'https://app.test')
      const octets = url.pathname.replaceAll(/%2e/gi, '.').replaceAll(/%2f|%5c/gi, '/')
      for (const reading of [url.pathname, octets, octets.replaceAll(/;[^/]*|%3b[^/]*/gi, '')])
        assert.match(posix.normalize(reading), /^\/u(?:\/|$)/, there)
    }),
    { numRuns: 2000 },
  )
})

test('maps a URL of a known authority, and no other', () => {
  const host = fc.string({
    unit: fc.constantFrom('a', 'p', '.', 'test', ':', '@', '3000', '0', '[', ']', '%', '-'),
    maxLength: 8,
  })
  const known = ['app.test', 'app.test:443', 'app.test:3000', 'localhost:8008', '127.0.0.1:8008', '10.0.0.1:3000']
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...known), host), fc.constantFrom('', 'x', '.'), (authority, tail) => {
      const from = `https://${authority}${tail}/u/x`
      const [, to = ''] = rewriteLocation(302, ['Location', from], mapping('/c', '/u'))
      if (to === from) return
      assert.ok(known.includes(new URL(from).host.replace(/\.(?=:|$)/, '')), from)
      assert.equal(to, 'http://localhost:8008/c/x')
    }),
  )
})

test('maps or keeps any text, and never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.webUrl(), fc.string()), (text) => {
      const [, mapped] = rewriteLocation(302, ['Location', text], mapping('/c', '/u'))
      assert.equal(mapped, text)
    }),
  )
})
