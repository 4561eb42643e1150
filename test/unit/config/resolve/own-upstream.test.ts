import assert from 'node:assert/strict'
import { hostname, networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { findOwnUpstream } from '../../../../src/config/resolve/own-upstream.ts'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import type { ServeOptions } from '../../../../src/index.ts'
import { problemOf } from '../problems-of.ts'

const isItself = (addresses: readonly string[], to: string): boolean =>
  findOwnUpstream(resolveConfig({ proxy: { '/a': to }, port: 0 }).routes, {
    ports: [3000],
    addresses,
    socket: '/run/a.sock',
  }) !== undefined

describe('a target that is the server itself', () => {
  const both = ['127.0.0.1', '::1']
  const outer = Object.values(networkInterfaces()).flatMap((list) => list?.filter((each) => !each.internal) ?? [])[0]
    ?.address
  for (const [to, addresses, expected] of [
    ['http://localhost:3000', both, true],
    ['3000/v1', both, true],
    ['ws://[::1]:3000', both, true],
    ['h2c://127.0.0.1:3000', both, true],
    ['https://app.localhost:3000', both, true],
    ['http://localhost:3000', ['127.0.0.1'], true],
    ['http://127.0.0.1:3000', ['localhost'], true],
    ['http://127.0.0.1:3000', ['::'], true],
    ['http://0.0.0.0:3000', ['0.0.0.0'], true],
    ['http://0.0.0.0:3000', both, true],
    ['http://0.0.0.0:3000', ['localhost'], true],
    ['http://[::]:3000', both, true],
    ['http://[::]:3000', ['localhost'], true],
    ['http://[::]:3000', ['::'], true],
    ['http://[::]:3000', ['127.0.0.1'], false],
    ['http://0.0.0.0:3000', ['192.0.2.7'], false],
    ['http://app.test:3000', ['app.test'], true],
    [`http://${hostname()}:3000`, ['::'], true],
    [`http://${hostname().split('.')[0] ?? ''}.local:3000`, ['0.0.0.0'], true],
    [`http://${hostname()}:3000`, both, true],
    [`http://${hostname()}:3000`, ['127.0.0.1'], true],
    [`http://${hostname()}:3000`, ['localhost'], true],
    [`http://${hostname()}:3000`, ['192.0.2.7'], false],
    ['http://[::ffff:127.0.0.1]:3000', both, true],
    ['http://[::ffff:7f00:1]:3000', ['localhost'], true],
    ['http://[::ffff:0.0.0.0]:3000', both, true],
    ['http://[::ffff:127.0.0.1]:3000', ['0.0.0.0'], true],
    ['http://[::ffff:192.0.2.7]:3000', ['192.0.2.7'], true],
    ['http://[::ffff:127.0.0.2]:3000', ['127.0.0.1'], false],
    ['unix:/run/a.sock', both, true],
    ['http://localhost:3001', both, false],
    ['http://127.0.0.2:3000', both, false],
    ['http://127.0.0.2:3000', ['localhost'], false],
    ['http://[::1]:3000', ['127.0.0.1'], false],
    ['http://localhost:3000', ['192.0.2.7'], false],
    ['http://192.0.2.7:3000', ['192.0.2.7'], true],
    ['http://192.0.2.7:3000', ['::'], false],
    ['http://example.test:3000', ['::'], false],
    ['unix:/run/b.sock', both, false],
    ...(outer === undefined || outer.includes(':') ? [] : ([[`http://${outer}:3000`, ['0.0.0.0'], true]] as const)),
  ] as const) {
    test(`${to} ${expected ? 'is' : 'is not'} a server at ${addresses.join(' and ')}`, () => {
      assert.equal(isItself(addresses, to), expected)
    })
  }

  for (const options of [
    { port: 3000, proxy: { '/api': 3000 } },
    { port: 3000, lan: true, proxy: { '/api': 'http://127.0.0.1:3000' } },
    { port: 3000, proxy: { '/api': 'http://0.0.0.0:3000' } },
    { port: 3000, proxy: { '/api': 'http://[::]:3000' } },
    { port: 3000, proxy: { '/api': 'http://[::ffff:127.0.0.1]:3000' } },
    { port: 3000, proxy: { '/api': `http://${hostname()}:3000` } },
    { port: 3000, lan: true, proxy: { '/api': `http://${hostname()}:3000` } },
    { port: 3000, host: '127.0.0.1', proxy: { '/api': ['http://localhost:4000', 'http://localhost:3000/v1'] } },
    { tlsPort: 3000, proxy: { '/api': 'https://localhost:3000' } },
    { socket: '/run/a.sock', proxy: { '/api': 'unix:/run/a.sock' } },
  ] as const satisfies readonly ServeOptions[]) {
    const isSkipped = 'socket' in options && resolve('/') !== '/'
    test(`${JSON.stringify(options)} is a problem of the route`, { skip: isSkipped }, () => {
      assert.match(
        problemOf(options),
        /^proxy\.\/api: the upstream \S+ is this server itself; correct the port of the upstream, or serve on another port$/,
      )
    })
  }

  test('is named by its route, where that is one of a list', () => {
    const routes = [{ id: 'api', match: { path: '/v1' }, proxy: 3000 }]
    assert.match(
      problemOf({ port: 3000, routes }),
      /^routes: the upstream localhost:3000 of "api" is this server itself;/,
    )
  })

  test('is no problem where another port is taken: a list leaves out the ports of the servers behind', () => {
    assert.deepEqual(resolveConfig({ proxy: { '/api': 8008, '/b': 'http://[::1]:8080' } }).ports, [591, 8000])
    assert.deepEqual(resolveConfig({ port: [3000, 3001], proxy: { '/api': 3000 } }).ports, [3001])
    assert.deepEqual(
      resolveConfig({ tls: true, proxy: { '/api': 'https://localhost:8443' } }).tls?.ports,
      [8444, 9443, 10_443],
    )
    assert.deepEqual(resolveConfig({ proxy: { '/api': 'http://example.test:8008' } }).ports, [8008, 591, 8080, 8000])
    assert.deepEqual(resolveConfig({ port: 0, proxy: { '/api': 3000 } }).ports, [0])
    // On an address of its own a server may have the port of one that listens on the loopback.
    assert.equal(resolveConfig({ host: '192.0.2.7', proxy: { '/api': 8008 } }).ports[0], 8008)
    assert.equal(resolveConfig({ host: '192.0.2.7', port: 3000, proxy: { '/api': 3000 } }).ports[0], 3000)
  })
})
