import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { prefixMatch } from '../../src/config/match.ts'
import { resolveConfig } from '../../src/config/resolve/resolve.ts'
import { isServeError } from '../../src/core/serve-error.ts'
import { createRequestPath } from '../../src/proxy/request/path.ts'
import { createTable, type TableRequest } from '../../src/routes/table.ts'
import { upstreamAt } from '../support/upstream.ts'

const pieces = [
  ...['/', '/', '/', 'api', 'api', 'v1', 'x', '%61pi', 'ap%69', '..', '.', '...', '%2e', '%2E', '%2f', '%5C', '\\'],
  ...[';', ';a=b', '%3b', '%00', '%25', '%', '%c3%a9', '%E9', '//', '/../', '/./', '*'],
] as const
const paths = fc
  .tuple(fc.constantFrom('/', '/api/', '/api/v1/', '/x/'), fc.array(fc.constantFrom(...pieces), { maxLength: 12 }))
  .map(([start, rest]) => start + rest.join(''))

const { routes } = resolveConfig({ proxy: { '/api': '3000/inner/part', '/api/v1': '3001/inner/part' } })
const table = createTable<(typeof routes)[number] | undefined>([
  { id: '/', match: prefixMatch('/'), item: undefined, isForwarded: false, isFolder: true },
  ...routes.map((route) => ({ id: route.id, match: route.match, item: route, isForwarded: true, isFolder: false })),
])

function find(path: string): (typeof routes)[number] | undefined {
  const request: TableRequest = {
    method: 'GET',
    listener: undefined,
    hostname: 'localhost',
    path,
    query: '',
    header: () => undefined,
  }
  return unlessRefused(path, () => table.find(request))
}

function unlessRefused<Value>(path: string, act: () => Value): Value | undefined {
  try {
    return act()
  } catch (error) {
    assert.ok(isServeError(error) && error.status === 400, `${path}: ${String(error)}`)
    return undefined
  }
}

/** How different backends read one path. */
const readings: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => posix.normalize(path),
  (path) => posix.normalize(decode(path)),
  (path) => posix.normalize(decode(path).replaceAll('\\', '/')),
  (path) => posix.normalize(decode(path).replace(/;[^/]*/g, '')),
  (path) => posix.normalize(path.replace(/;[^/]*/g, '').replaceAll('\\', '/')),
  (path) => new URL(path.replace(/^\/+/, '/'), 'http://localhost').pathname,
]

function decode(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

test('a forwarded path stays below the path of its upstream in every reading', () => {
  fc.assert(
    fc.property(paths, (path) => {
      const route = find(path)
      if (route === undefined) return
      const pathOf = createRequestPath(route.match, upstreamAt(3000, { prefix: '/inner/part' }))
      const sent = unlessRefused(path, () => pathOf(path))
      if (sent === undefined) return
      for (const read of readings) {
        const seen = decode(read(sent)).replace(/^\/+/, '/')
        assert.ok(isBelow(seen, '/inner/part'), `${path} is sent as ${sent} and seen as ${seen}`)
      }
    }),
    { numRuns: 20_000, examples: [['/api/%61pi%5C*\\../../']] },
  )
})

test('a plain path selects the route that is its prefix', () => {
  const plain = fc.array(fc.constantFrom('api', 'v1', 'x', 'api2'), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(plain, (names) => {
      const path = `/${names.join('/')}`
      const expected = ['/api/v1', '/api'].find((prefix) => isBelow(path, prefix))
      assert.equal(find(path)?.id, expected)
    }),
  )
})
