import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { resolveConfig } from '../../../../src/config/resolve/resolve.ts'
import { problemOf, problemsOf } from '../problems-of.ts'

describe('cors', () => {
  test('is every origin, some, or none', () => {
    assert.equal(resolveConfig({ cors: true }).cors, '*')
    assert.equal(resolveConfig({ cors: '*' }).cors, '*')
    assert.equal(resolveConfig({ cors: ['*'] }).cors, '*')
    assert.equal(resolveConfig({ cors: false }).cors, undefined)
    assert.deepEqual(resolveConfig({ cors: ['HTTPS://A.test:443', 'https://a.test', 'http://[::1]:3000'] }).cors, [
      'https://a.test',
      'http://[::1]:3000',
    ])
  })

  test('names origins as browsers write them', () => {
    assert.match(problemOf({ cors: 'https://a.test/' }), /^cors: .* did you mean "https:\/\/a\.test"\?$/)
    assert.match(problemOf({ cors: 'https://u:p@a.test/x' }), /did you mean "https:\/\/a\.test"\?$/)
    assert.match(problemOf({ cors: 'localhost:3000' }), /did you mean "http:\/\/localhost:3000"\?$/)
    assert.match(problemOf({ cors: 'null' }), /any sandboxed page has the origin "null"/)
    assert.match(problemOf({ cors: ['https://a.test', '*'] }), /use "\*" alone/)
    for (const wrong of [
      '',
      'https://*.a.test',
      'ftp://a.test',
      'file:///x',
      'https:a.test',
      'https://a.test\\b',
      '/x',
    ]) {
      assert.match(problemOf({ cors: wrong }), /^cors: .* is not an origin/)
    }
    assert.match(problemOf({ cors: [1] }), /^cors: expected a string, got 1/)
  })
})

describe('allowHost', () => {
  test('holds names in the spelling of a parsed Host', () => {
    assert.deepEqual(
      resolveConfig({ allowHost: ['App.Test.', '.Example.TEST', '[0:0::1]', '192.0.2.1', 'bücher.test', 'app.test'] })
        .allowHosts,
      ['app.test', '.example.test', '::1', '192.0.2.1', 'xn--bcher-kva.test'],
    )
    assert.deepEqual(resolveConfig({ allowHost: 'one.test' }).allowHosts, ['one.test'])
  })

  test('never holds every name', () => {
    assert.match(problemOf({ allowHost: '*' }), /lets any web page read this server$/)
    assert.match(problemOf({ allowHost: '*.a.test' }), /did you mean "\.a\.test"\?$/)
  })

  test('holds neither schemes nor ports', () => {
    assert.match(problemOf({ allowHost: 'https://a.test:80/x' }), /did you mean "a\.test"\?$/)
    assert.match(problemOf({ allowHost: 'a.test:80' }), /did you mean "a\.test"\?$/)
    for (const wrong of ['', '.', '..a', '.::1', 'a,b', 'a b', 'a@b', 'fe80::%']) {
      assert.match(problemOf({ allowHost: wrong }), /^allowHost: .* is not a host name/, wrong)
    }
  })

  test('reports each wrong name', () => assert.equal(problemsOf({ allowHost: ['a b', 'ok', 'c d'] }).length, 2))
})

describe('auth', () => {
  test('is a user and a password, apart by the first colon', () => {
    assert.deepEqual(resolveConfig({ auth: 'me:pass:word' }).auth, { user: 'me', password: 'pass:word' })
    assert.deepEqual(resolveConfig({ auth: 'zoë:пароль' }).auth, { user: 'zoë', password: 'пароль' })
  })

  test('is refused without ever being repeated', () => {
    for (const wrong of ['hunter2', ':hunter2', 'hunter2:', 'hunter2:a\nb', 'a\x00:hunter2', 'hunter2:\x9b']) {
      const problem = problemOf({ auth: wrong })
      assert.match(problem, /^auth: /)
      assert.ok(!problem.includes('hunter2'), problem)
    }
    assert.ok(!problemOf({ auth: ['hunter2'] }).includes('hunter2'))
    assert.ok(!problemOf({ auth: 12345678 }).includes('12345678'))
  })

  test('takes one user or a file of them', () => {
    assert.equal(resolveConfig({ authFile: 'users' }, { cwd: '/w' }).authFile, resolve('/w/users'))
    assert.match(problemOf({ auth: 'a:b', authFile: 'users' }), /^authFile: cannot be combined with "auth"/)
    assert.match(problemOf({ authFile: '' }), /^authFile: "" is not a file/)
  })
})

describe('serve', () => {
  test('is one pattern or several, of names and paths', () => {
    assert.deepEqual(resolveConfig({ serve: '*.key' }).serve, ['*.key'])
    assert.deepEqual(resolveConfig({ serve: ['video/**', '.git/config', '[a].bak'] }).serve, [
      'video/**',
      '.git/config',
      '[a].bak',
    ])
  })

  test('is refused where it can mean nothing below the folder', () => {
    for (const serve of ['', '/', '.', '../x', 'a/../b', 'a\\b', '!*.key', 'a\0b']) {
      assert.match(
        problemOf({ serve }),
        /is not a pattern; use a name such as \*\.key or a path/,
        JSON.stringify(serve),
      )
    }
  })
})

describe('allow', () => {
  test('holds addresses, networks and names of networks', () => {
    assert.equal(resolveConfig({}).allow, undefined)
    assert.deepEqual(resolveConfig({ allow: 'loopback' }).allow, ['loopback'])
    const list = ['private', '10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1', 'private']
    assert.deepEqual(resolveConfig({ allow: list }).allow, list.slice(0, -1))
  })

  test('is refused where it names no address', () => {
    for (const allow of ['', 'localhost', '10.0.0.0/33', '10.0.0', '*', 'fe80::1%eth0', '10.0.0.0/8,::1']) {
      assert.match(problemOf({ allow }), /^allow: .* is neither an address nor a network; use loopback, private, or/)
    }
    assert.match(problemOf({ allow: [] }), /^allow: the list is empty; use addresses, or leave it out$/)
  })
})

describe('origin', () => {
  test('holds same and origins, and is empty for none', () => {
    assert.equal(resolveConfig({}).origin, undefined)
    assert.deepEqual(resolveConfig({ origin: 'none' }).origin, [])
    const origin = [
      'same',
      'HTTPS://App.test:443',
      'chrome-extension://AbC',
      'package:com.example',
      'http://[::1]:3000',
    ]
    assert.deepEqual(resolveConfig({ origin }).origin, [
      'same',
      'https://app.test',
      'chrome-extension://abc',
      'package:com.example',
      'http://[::1]:3000',
    ])
  })

  test('is refused where it names none, or one that every file and sandboxed page has', () => {
    for (const origin of [
      '',
      '*',
      'null',
      'file://',
      'file:///x',
      'https://a.test/',
      'https:a.test',
      'a.test',
      'http://u@a.test',
      'localhost:3000',
      'ws://a.test',
    ]) {
      assert.match(problemOf({ origin }), /^origin: .* is not an origin; /, origin)
    }
    assert.match(problemOf({ origin: ['none', 'same'] }), /^origin: "none" stands alone; remove it$/)
    assert.match(problemOf({ origin: [] }), /^origin: the list is empty; use same, none, or origins$/)
  })
})

describe('who may use a route', () => {
  const accessOf = (access: object): unknown =>
    resolveConfig({ routes: [{ match: { path: '/x' }, reply: {}, ...access }] }, { cwd: '/home' }).routes[0]?.access

  test('is absent, or what the route sets', () => {
    assert.equal(accessOf({}), undefined)
    assert.deepEqual(accessOf({ auth: false, passAuthorization: true }), { auth: false, passAuthorization: true })
    assert.deepEqual(accessOf({ auth: 'ann:a:b', allow: 'loopback', origin: 'none' }), {
      auth: { user: 'ann', password: 'a:b' },
      allow: ['loopback'],
      origin: [],
    })
    assert.deepEqual(accessOf({ authFile: 'users' }), { authFile: resolve('/home/users') })
  })

  test('never repeats a password in a problem', () => {
    const problem = (access: object): string => problemOf({ routes: [{ match: { path: '/x' }, reply: {}, ...access }] })
    for (const auth of ['hunter2', ':hunter2', 'ann:', ['ann:hunter2'], 'ann:hunter2\0']) {
      const text = problem({ auth })
      assert.match(text, /^routes\.0\.auth: /)
      assert.doesNotMatch(text, /hunter2/)
    }
    assert.match(problem({ auth: 'a:b', authFile: 'users' }), /^routes\.0\.authFile: cannot be combined with "auth"/)
    assert.match(problem({ allow: 'x' }), /^routes\.0\.allow: "x" is neither/)
    assert.match(problem({ alow: 'loopback' }), /^routes\.0\.alow: unknown key; did you mean "allow"\?$/)
  })

  test('keeps its password file out of what is served', () => {
    const { secretFiles } = resolveConfig({ routes: [{ match: {}, reply: {}, authFile: '/etc/users' }] }, { cwd: '/' })
    assert.deepEqual(secretFiles, [resolve('/etc/users')])
  })

  test('holds for sites too, whose clients are those of the server by default', () => {
    const sites = [{ host: 'a.localhost' }, { host: 'b.localhost', allow: 'private', origin: 'same' }]
    const config = resolveConfig({ allow: 'loopback', origin: 'none', sites })
    assert.deepEqual(
      config.sites.map(({ config: { allow, origin } }) => [allow, origin]),
      [
        [['loopback'], undefined],
        [['private'], ['same']],
      ],
    )
  })
})
