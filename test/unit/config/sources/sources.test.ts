import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { optionsFromEnvironment } from '../../../../src/config/sources/env.ts'
import { type FlagValues, optionsFromFlags } from '../../../../src/config/sources/source.ts'

function flagOf(flags: FlagValues): unknown {
  const { options, problems } = optionsFromFlags(flags)
  assert.deepEqual(problems, [])
  return Object.values(options)[0]
}

function faultOf(flags: FlagValues): string {
  const { options, problems } = optionsFromFlags(flags)
  assert.deepEqual(options, {})
  assert.equal(problems.length, 1)
  return problems[0]?.message ?? ''
}

describe('optionsFromFlags', () => {
  test('reads ports apart by commas; the last text counts', () => {
    assert.equal(flagOf({ port: '3000' }), 3000)
    assert.deepEqual(flagOf({ port: '8008, 3000' }), [8008, 3000])
    assert.equal(flagOf({ port: ['8008', '3000'] }), 3000)
    assert.deepEqual(flagOf({ port: ['8008', '3000,3001'] }), [3000, 3001])
    for (const wrong of ['abc', '80x', '-1', '1e3', '0x50', '3.0', ',', '８０']) {
      assert.match(faultOf({ port: wrong }), /^expected a port from 0 to 65535, got /)
    }
  })

  test('reads switches', () => {
    for (const yes of [true, '', 'true', 'YES', 'on', '1']) assert.equal(flagOf({ lan: yes }), true)
    for (const no of [false, 'false', 'no', 'OFF', '0']) assert.equal(flagOf({ lan: no }), false)
    assert.equal(faultOf({ lan: 'maybe' }), 'expected true or false, got "maybe"')
  })

  test('reads switches that may name something', () => {
    assert.equal(flagOf({ open: true }), true)
    assert.equal(flagOf({ open: '' }), true)
    assert.equal(flagOf({ open: '/docs' }), '/docs')
    assert.equal(flagOf({ open: 'false' }), false)
    assert.equal(flagOf({ single: 'app.html' }), 'app.html')
    assert.equal(flagOf({ cors: true }), true)
    assert.equal(flagOf({ cors: 'off' }), false)
    assert.deepEqual(flagOf({ cors: ['https://a.test', 'https://b.test'] }), ['https://a.test', 'https://b.test'])
    assert.deepEqual(flagOf({ cors: ['https://a.test', 'off', 'https://b.test'] }), ['https://b.test'])
    assert.equal(flagOf({ cors: ['https://a.test', 'off'] }), false)
    assert.deepEqual(flagOf({ cors: 'https://a.test, https://b.test' }), ['https://a.test', 'https://b.test'])
  })

  test('reads the cache as seconds before it reads it as a switch', () => {
    assert.deepEqual(
      ['0', '1', '-1', '60', 'off', 'on', 'no-store'].map((cache) => flagOf({ cache })),
      [0, 1, -1, 60, false, true, 'no-store'],
    )
    assert.equal(flagOf({ cache: true }), true)
    assert.equal(flagOf({ cache: false }), false)
  })

  test('reads pairs', () => {
    assert.deepEqual(flagOf({ headers: ['X-A: b:c', 'x-d:e'] }), { 'x-a': 'b:c', 'x-d': 'e' })
    assert.deepEqual(flagOf({ mounts: '/docs=./a=b' }), { '/docs': './a=b' })
    assert.deepEqual(flagOf({ limits: ['header-bytes=5,ranges=-1', 'idleMs=x'] }), {
      headerBytes: 5,
      ranges: -1,
      idleMs: 'x',
    })
    assert.deepEqual(flagOf({ limits: ['ranges=1', 'ranges=2'] }), { ranges: 2 })
    assert.match(faultOf({ headers: 'X-A' }), /^the value has no ":"$/)
    assert.match(faultOf({ mounts: '/a:./b' }), /^"\/a:.\/b" has no "="$/)
    assert.match(faultOf({ mounts: '=x' }), /has no name before "="$/)
    assert.match(faultOf({ headers: ['X-A: 1', 'x-a: 2'] }), /^"x-a" is given twice$/)
  })

  test('keeps a line break in a field value, so that it can be refused', () => {
    assert.deepEqual(flagOf({ headers: 'x-a: b\r\nset-cookie: c' }), { 'x-a': 'b\r\nset-cookie: c' })
  })

  test('reads a descriptor and lists of names', () => {
    assert.equal(flagOf({ fd: '3' }), 3)
    assert.match(faultOf({ fd: 'x' }), /^expected a whole number, got /)
    assert.deepEqual(flagOf({ allowHost: ['a.test,b.test', ' c.test '] }), ['a.test', 'b.test', 'c.test'])
  })

  test('asks for a value where one is needed', () => {
    for (const empty of [true, '', ' ', []] as const) assert.equal(faultOf({ host: empty }), 'a value is missing')
  })

  test('takes back what a weaker source said with --no-', () => {
    const { options } = optionsFromFlags({ auth: false, port: false })
    assert.deepEqual(Object.entries(options), [
      ['auth', undefined],
      ['port', undefined],
    ])
  })

  test('says where each option stands, and passes over what is no option', () => {
    const { options, origins } = optionsFromFlags({
      root: 'site',
      followSymlinks: true,
      headers: 'a:b',
      nonsense: 'x',
    } as FlagValues)
    assert.deepEqual(
      [...origins],
      [
        ['root', 'flag folder'],
        ['followSymlinks', 'flag --follow-symlinks'],
        ['headers', 'flag --header'],
      ],
    )
    assert.deepEqual(Object.keys(options), ['root', 'followSymlinks', 'headers'])
  })
})

describe('optionsFromEnvironment', () => {
  test('reads every kind', () => {
    const { options, origins, problems } = optionsFromEnvironment({
      SERVE8008_PORT: '3000,3001',
      SERVE8008_LISTING: 'off',
      SERVE8008_HEADER: 'X-A: 1\nX-B: 2\r\n',
      SERVE8008_MOUNT: '/a=./x\n/b=./y',
      SERVE8008_ALLOW_HOST: 'a.test,b.test',
      SERVE8008_LIMIT_HEADER_BYTES: '4096',
      SERVE8008_OPEN: '1',
      SERVE8008_AUTH: '',
      PATH: '/bin',
    })
    assert.deepEqual(problems, [])
    assert.deepEqual(options, {
      port: [3000, 3001],
      listing: false,
      headers: { 'x-a': '1', 'x-b': '2' },
      mounts: { '/a': './x', '/b': './y' },
      allowHost: ['a.test', 'b.test'],
      limits: { headerBytes: 4096 },
      open: true,
    })
    assert.equal(origins.get('port'), 'env SERVE8008_PORT')
    assert.equal(origins.get('limits.headerBytes'), 'env SERVE8008_LIMIT_HEADER_BYTES')
  })

  test('reads PORT and HOST, which its own variables beat', () => {
    assert.deepEqual(optionsFromEnvironment({ PORT: '1', HOST: 'a' }).options, { port: 1, host: 'a' })
    const own = optionsFromEnvironment({ PORT: '1', HOST: 'a', SERVE8008_PORT: '2', SERVE8008_HOST: 'b' })
    assert.deepEqual(own.options, { port: 2, host: 'b' })
    assert.deepEqual(optionsFromEnvironment({ PORT: '1', SERVE8008_SOCKET: '/s' }).options, { socket: '/s' })
    assert.deepEqual(optionsFromEnvironment({ PORT: '1', SERVE8008_FD: '3' }).options, { fd: 3 })
    assert.deepEqual(optionsFromEnvironment({ HOST: 'a', SERVE8008_LAN: 'on' }).options, { lan: true })
  })

  test('reports what it cannot read', () => {
    const { options, problems } = optionsFromEnvironment({ SERVE8008_PORT: 'abc', SERVE8008_LIMIT_RANGES: 'many' })
    assert.deepEqual(options, {})
    assert.deepEqual(
      problems.map(({ path, message }) => [path.join('.'), message]),
      [
        ['port', 'expected a port from 0 to 65535, got "abc"'],
        ['limits.ranges', 'expected a whole number, got "many"'],
      ],
    )
  })

  test('tells a misspelt variable from those that Kubernetes sets', () => {
    const { options, problems } = optionsFromEnvironment({
      SERVE8008_PROT: '1',
      SERVE8008_PORT: 'tcp://10.0.0.1:8008',
      SERVE8008_SERVICE_HOST: '10.0.0.1',
      SERVE8008_SERVICE_PORT: '8008',
      SERVE8008_PORT_8008_TCP: 'tcp://10.0.0.1:8008',
      SERVE8008_PORT_8008_TCP_ADDR: '10.0.0.1',
      SERVE8008_PORT_8008_TCP_PROTO: 'tcp',
      SERVE8008_PORT_8008_TCP_PORT: '8008',
    })
    assert.deepEqual(options, {})
    assert.deepEqual(problems, [
      { path: ['SERVE8008_PROT'], message: 'unknown variable', hint: 'did you mean SERVE8008_PORT?' },
    ])
  })
})

test('a proxy without a match gets the one that was probably meant', () => {
  for (const [text, meant] of [
    ['/api:3000', '/api=3000'],
    ['/api:http://localhost:3000', '/api=http://localhost:3000'],
    ['app.localhost:3000', 'app.localhost=3000'],
    ['http://localhost:3000', '/=http://localhost:3000'],
    ['http://localhost:3000/?a=b', '/=http://localhost:3000/?a=b'],
    ['3000', '/=3000'],
    ['localhost:3000/v1', '/=localhost:3000/v1'],
  ] as const) {
    const [problem] = optionsFromFlags({ proxy: [text] }).problems
    assert.equal(problem?.hint, `did you mean "${meant}"?`, text)
  }
  for (const text of ['/api', '/api=', '=3000']) {
    assert.match(optionsFromFlags({ proxy: [text] }).problems[0]?.hint ?? '', /^write /, text)
  }
})
