import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRequestPath, matchedPrefix } from '../../../../src/proxy/request/path.ts'
import { matchOf } from '../../../support/proxy.ts'
import { upstreamAt } from '../../../support/upstream.ts'

type Row = readonly [
  kind: 'prefix' | 'exact' | 'pattern',
  path: string,
  prefix: string | undefined,
  asked: string,
  got: string,
]

const rows: readonly Row[] = [
  ['prefix', '/api', undefined, '/api/x', '/api/x'],
  ['prefix', '/api', '', '/api', '/'],
  ['prefix', '/api', '', '/api/', '/'],
  ['prefix', '/api', '', '/api//x', '//x'],
  ['prefix', '/api', '/v1', '/api', '/v1'],
  ['prefix', '/api', '/v1', '/api/x%2Fy', '/v1/x%2Fy'],
  ['prefix', '/api/b', '/v1', '/api//b/x', '/v1/x'],
  ['prefix', '/api', '/v1', '//api//x', '/v1//x'],
  ['prefix', '/api', '/v1', '/./api/x', '/v1/x'],
  ['prefix', '/', '/v1', '/x', '/v1/x'],
  ['exact', '/old', '/new', '/old', '/new'],
  ['exact', '/old', '', '/old', '/'],
  ['pattern', '/files/**', '/store', '/files/a/b', '/store/a/b'],
  ['pattern', '/users/*/avatar', '', '/users/7/avatar', '/7/avatar'],
  ['pattern', '/users', '/v1', '/users', '/v1'],
]

for (const [kind, path, prefix, asked, got] of rows) {
  test(`${asked} of the ${kind} ${path} becomes ${got} below ${prefix ?? 'no path'}`, () => {
    const requestPath = createRequestPath(matchOf({ kind, path }), upstreamAt(80, { prefix }))
    assert.equal(requestPath(asked), got)
  })
}

for (const asked of ['/x/../api/y', '/%2e%2E/api', '/.%2e/api']) {
  test(`rejects ${asked}, which leaves its prefix`, () => {
    const requestPath = createRequestPath(matchOf({ path: '/api' }), upstreamAt(80, { prefix: '/v1' }))
    assert.throws(() => requestPath(asked), { code: 'E8008_PATH_INVALID' })
  })
}

for (const [kind, path, prefix] of [
  ['prefix', '/', ''],
  ['prefix', '/api', '/api'],
  ['exact', '/old', '/old'],
  ['exact', '/old/', '/old/'],
  ['exact', '/', ''],
  ['pattern', '/files/**', '/files'],
  ['pattern', '/*/x', ''],
  ['pattern', '/users', '/users'],
] as const) {
  test(`the prefix of the ${kind} ${path} is "${prefix}"`, () => {
    assert.equal(matchedPrefix({ kind, path }), prefix)
  })
}
