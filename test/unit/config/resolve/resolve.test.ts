import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import { isPlainObject } from '../../../../src/config/plain-object.ts'
import { errorOf, problemOf, problemsOf } from '../problems-of.ts'

describe('resolveConfig', () => {
  test('completes no options with every default', () => {
    const config = resolveConfig({}, { cwd: '/somewhere' })
    assert.deepEqual(config, {
      root: resolve('/somewhere'),
      ports: [8008, 591, 8080, 8000],
      fallback: true,
      host: 'localhost',
      lan: false,
      wildcard: true,
      advertise: undefined,
      sites: [],
      defaultSite: true,
      listeners: [
        {
          name: 'http:8008',
          host: 'localhost',
          lan: false,
          ports: [8008, 591, 8080, 8000],
          fallback: true,
          socket: undefined,
          fd: undefined,
          tls: false,
          certificates: [],
        },
      ],
      socket: undefined,
      fd: undefined,
      tls: undefined,
      redirect: undefined,
      h2c: false,
      h2cFollows: true,
      handler: undefined,
      open: undefined,
      single: undefined,
      cors: undefined,
      listing: true,
      cleanUrls: true,
      trailingSlash: 'auto',
      dotfiles: false,
      serve: [],
      followSymlinks: false,
      headers: [],
      cacheControl: 'no-cache',
      compress: true,
      isolate: false,
      allow: undefined,
      allowHosts: [],
      auth: undefined,
      authFile: undefined,
      origin: undefined,
      passAuthorization: false,
      base: '/',
      routes: [],
      trust: [],
      timeoutMs: 0,
      log: 'none',
      plugins: [],
      limits: {
        headerBytes: 16384,
        headerCount: 128,
        targetBytes: 8192,
        bodyBytes: 1024 ** 3,
        headerMs: 15_000,
        requestMs: 300_000,
        idleMs: 10_000,
        drainBytes: 16 * 1024 * 1024,
        drainMs: 200,
        lingerBytes: 64 * 1024 ** 2,
        writeMs: 60_000,
        upstreamConnections: 1024,
        upstreamShare: 98,
        queuedRequests: 1024,
        queueMs: 60_000,
        waitingReplies: 512,
        passwordGuesses: 10,
        clientGuesses: 100,
        guessMs: 60_000,
        guessedUsers: 10_000,
        waitingBytes: 128 * 1024 ** 2,
        openFiles: 256,
        connections: 2048,
        closeMs: 5000,
        halfClosedMs: 10_000,
        cacheBytes: 64 * 1024 ** 2,
        ranges: 32,
        replyHeaderBytes: 256 * 1024,
        livePages: 256,
        recordedContentBytes: 65_536,
        recordedExchanges: 1000,
        recordedBytes: 67_108_864,
        pageBytes: 32 * 1024 ** 2,
        rewriteBytes: 1024 ** 2,
      },
      live: { watch: [], ignore: [], reload: 'page', toast: false, console: false, poll: false },
      secretFiles: [],
    })
  })

  test('takes relative paths from the working directory when none is named', () => {
    assert.equal(resolveConfig({ root: 'site' }).root, resolve('site'))
  })

  test('treats undefined as not given', () => {
    const config = resolveConfig({ port: undefined, limits: { ranges: undefined } } as never)
    assert.deepEqual(config.ports, [8008, 591, 8080, 8000])
    assert.equal(config.limits.ranges, 32)
  })

  test('freezes the result to the bottom, and leaves what it was given alone', () => {
    const secretFiles = ['/x']
    const options = { port: [1, 2], headers: { '/a': { b: 'c' } }, cors: ['https://a.test'] }
    const config = resolveConfig(options, { secretFiles })
    assert.throws(() => (config.ports as number[]).push(3), TypeError)
    assert.throws(() => (config.headers.at(0)?.headers as string[] | undefined)?.push('x'), TypeError)
    assert.throws(() => Object.assign(config.limits, { ranges: 1 }), TypeError)
    secretFiles.push('/y')
    options.port.push(3)
    options.cors.push('https://b.test')
    assert.deepEqual(config.secretFiles, ['/x'])
  })

  test('keeps the config file and the password file secret', () => {
    const config = resolveConfig({ authFile: 'users' }, { cwd: '/etc', secretFiles: ['/etc/serve8008.config.js'] })
    assert.deepEqual(config.secretFiles, ['/etc/serve8008.config.js', resolve('/etc/users')])
  })

  test('lists every problem at once: names, types and meanings', () => {
    const error = errorOf({ prot: 3000, port: 70_000, single: '../x', log: 'prety', cache: -1 })
    assert.equal(error.hint, 'did you mean "port"?')
    assert.equal(error.exitCode, 2)
    assert.deepEqual(error.problems, [
      'prot: unknown option; did you mean "port"?',
      'port: expected a port from 0 to 65535, got 70000; use a whole number from 0 to 65535, or a list of them',
      'log: expected a log format, got "prety"; did you mean "pretty"?',
      'single: "../x" is not a page inside the folder; use a relative path with slashes, such as app.html',
      'cache: -1 is not a number of seconds; use off: browsers then revalidate on every use (no-cache)',
    ])
    assert.equal(error.message, ['The configuration has 5 problems:', ...error.problems].join('\n  - '))
  })

  test('says one problem as the sentence of the error, and shows at most 20', () => {
    assert.equal(errorOf({ lan: 'yes' }).message, 'lan: expected true or false, got "yes"')
    const several = errorOf({ allowHost: Array.from({ length: 30 }, (_, i) => `${i} `) })
    assert.equal(several.problems.length, 30)
    assert.deepEqual(several.message.split('\n').slice(-2), [`  - ${several.problems[19]}`, '  - and 10 more'])
  })

  test('names options as the context does, inner keys included', () => {
    const keyNames = new Map([
      ['port', 'SERVE8008_PORT'],
      ['limits', '--limit'],
      ['limits.ranges', '--limit ranges'],
    ])
    const error = errorOf({ port: -1, limits: { ranges: 0, nonsense: 1 } }, { keyNames })
    assert.deepEqual(
      error.problems.map((problem) => problem.split(':')[0]),
      ['--limit', 'SERVE8008_PORT', '--limit ranges'],
    )
  })

  test('reports problems that were found while reading', () => {
    const problems = [{ path: ['port'], message: 'it is odd', hint: 'make it even', name: 'PORT' }]
    assert.deepEqual(errorOf({}, { problems }).problems, ['PORT: it is odd; make it even'])
  })

  test('refuses options that are no object', () => {
    assert.equal(problemOf(null), 'expected an object of options, got null; use an object')
    assert.equal(problemOf([]), 'expected an object of options, got an empty list; use an object')
    assert.equal(
      problemOf(Promise.resolve({})),
      'expected an object of options, got an object of the class Promise; use an object',
    )
  })

  test('is not misled by names that every object has', () => {
    const options: unknown = JSON.parse('{"__proto__":{"lan":true},"constructor":1,"toString":2}')
    assert.equal(problemsOf(options).length, 3)
    assert.match(problemsOf(options)[1] ?? '', /^constructor: unknown option/)
  })

  test('refuses a list where an object of names belongs', () => {
    assert.match(problemOf({ headers: ['a: b'] }), /^headers: expected an object, got a list/)
    assert.match(problemOf({ mounts: ['/a=b'] }), /^mounts: expected an object, got a list/)
    assert.match(problemOf({ limits: [1] }), /^limits: /)
    assert.match(
      problemOf({ headers: { '/a': ['x'] } }),
      /^headers\.\/a: expected a string or an object of fields, got a list/,
    )
    assert.match(
      problemOf({ mounts: new Map([['/a', 'b']]) }),
      /^mounts: expected an object, got an object of the class Map/,
    )
  })

  test('checks values under names that every object has', () => {
    assert.match(problemOf({ headers: { '/a': { constructor: 5 } } }), /^headers\.\/a: expected a string, got 5/)
    assert.match(problemOf({ mounts: { constructor: 5 } }), /^mounts\.constructor: expected a string, got 5/)
    assert.match(
      problemOf(JSON.parse('{"headers":{"__proto__":5}}')),
      /^headers\.__proto__: expected a string or an object of fields, got 5/,
    )
    const { headers } = resolveConfig(JSON.parse('{"headers":{"__proto__":"x"}}') as never)
    assert.deepEqual(headers, [{ path: '/', headers: ['__proto__', 'x'] }])
  })

  test('refuses an empty folder and one with a NUL', () => {
    assert.match(problemOf({ root: '' }), /^root: "" is not a folder/)
    assert.match(problemOf({ root: 'a\0b' }), /^root: "a\\u0000b" is not a folder/)
  })
})

describe('limits', () => {
  test('have floors below which ordinary requests would fail', () => {
    assert.equal(
      problemOf({ limits: { headerBytes: 10 } }),
      'limits.headerBytes: 10 is below the minimum of 512; use a whole number from 512 to 1048576 (bytes)',
    )
    assert.equal(resolveConfig({ limits: { headerBytes: 512 } }).limits.headerBytes, 512)
    for (const [name, floor] of Object.entries({ headerCount: 16, targetBytes: 128, headerMs: 100, writeMs: 100 })) {
      assert.match(problemOf({ limits: { [name]: floor - 1 } }), new RegExp(` is below the minimum of ${floor};`))
    }
  })

  test('are whole numbers within bounds', () => {
    assert.equal(
      problemOf({ limits: { headerMs: 2 ** 31 } }),
      'limits.headerMs: 2147483648 is above the maximum of 2147483647; use a whole number from 100 to 2147483647 (milliseconds)',
    )
    for (const wrong of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5']) {
      assert.match(problemOf({ limits: { ranges: wrong } }), /^limits\.ranges: .* use a whole number from 1 to 1000/)
    }
    assert.match(problemOf({ limits: { headerCount: 1001 } }), /^limits\.headerCount/)
  })

  test('may be nothing where nothing makes sense', () => {
    const { limits } = resolveConfig({ limits: { bodyBytes: 0, cacheBytes: 0, closeMs: 0 } })
    assert.deepEqual([limits.bodyBytes, limits.cacheBytes, limits.closeMs], [0, 0, 0])
  })

  test('name the nearest one', () => {
    assert.equal(
      problemOf({ limits: { 'header-byte': 1 } }),
      'limits.header-byte: unknown limit; did you mean "headerBytes"?',
    )
    assert.match(problemOf({ limits: { body: 1 } }), /unknown limit; did you mean "bodyBytes"\?$/)
    assert.match(problemOf({ limits: { headers: 1 } }), /unknown limit; use one of headerBytes, headerCount, headerMs$/)
    assert.match(problemOf({ limits: { qqqqqqqq: 1 } }), /use one of headerBytes, headerCount, /)
  })

  test('give the header section no more time than the request', () => {
    assert.equal(resolveConfig({ limits: { requestMs: 1000 } }).limits.headerMs, 1000)
    assert.equal(resolveConfig({ limits: { headerMs: 400_000 } }).limits.requestMs, 400_000)
    assert.match(
      problemOf({ limits: { headerMs: 200, requestMs: 100 } }),
      /^limits\.headerMs: 200 is longer than requestMs/,
    )
  })
})

describe('isPlainObject', () => {
  test('takes literals, objects without a prototype and module namespaces', async () => {
    for (const yes of [{}, Object.create(null), await import('../problems-of.ts')])
      assert.equal(isPlainObject(yes), true)
  })
  test('takes nothing else', () => {
    for (const no of [null, undefined, [], new Map(), new Date(), () => 0, 'x']) assert.equal(isPlainObject(no), false)
  })
})
