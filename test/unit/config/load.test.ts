import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import 'tsx'
import { loadConfig, type LoadedConfig, type LoadOptions } from '../../../src/config/load.ts'
import { isServeError, type ServeError } from '../../../src/core/serve-error.ts'

// own process: with a loader, for Node 20 reads no config files in TypeScript by itself

const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A new folder with these files. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'serve8008-config-')))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

function load(files: Readonly<Record<string, string>>, more: Partial<LoadOptions> = {}): Promise<LoadedConfig> {
  return loadConfig({ cwd: folderWith(files), ...more })
}

async function failure(files: Readonly<Record<string, string>>, more: Partial<LoadOptions> = {}): Promise<ServeError> {
  try {
    await load(files, more)
  } catch (error) {
    assert.ok(isServeError(error), String(error))
    return error
  }
  assert.fail('it was loaded')
}

describe('loadConfig', () => {
  test('quotes the name of a file for the shell that it is to be tried in', async () => {
    const { hint } = await failure({ 'my conf.mjs': "throw new Error('boom')" }, { config: 'my conf.mjs' })
    assert.equal(hint, 'run it alone to see more: node "my conf.mjs"')
  })

  test('needs nothing, and then logs for people', async () => {
    const { config, origins, file, options } = await load({})
    assert.equal(config.log, 'pretty')
    assert.equal(file, undefined)
    assert.deepEqual(options, { log: 'pretty' })
    assert.deepEqual(new Set(Object.values(origins)), new Set(['default']))
    assert.equal(origins['limits.headerBytes'], 'default')
  })

  test('lets flags beat the environment, which beats the file, which beats the defaults', async () => {
    const { config, origins } = await load(
      { 'serve8008.config.json': '{"port":1,"host":"file.test","base":"/file","listing":false}' },
      { env: { SERVE8008_HOST: 'env.test', SERVE8008_BASE: '/env' }, flags: { base: '/flag' } },
    )
    assert.deepEqual([config.base, config.host, config.ports, config.listing], ['/flag/', 'env.test', [1], false])
    assert.deepEqual(
      [origins['base'], origins['host'], origins['port'], origins['lan']],
      ['flag --base', 'env SERVE8008_HOST', 'file serve8008.config.json', 'default'],
    )
  })

  test('merges headers, mounts and limits by their inner keys', async () => {
    const { config, origins, file } = await load(
      {
        'serve8008.config.json': JSON.stringify({
          headers: { 'X-A': 'file', 'x-b': 'file', '/p': { c: 'file' } },
          mounts: { '/docs': 'file', '/api/': 'file' },
          limits: { ranges: 1, idleMs: 100 },
        }),
      },
      {
        env: { SERVE8008_LIMIT_IDLE_MS: '200', SERVE8008_LIMIT_WRITE_MS: '200' },
        flags: { headers: 'x-a: flag', mounts: ['/docs/=flag'], limits: 'write-ms=300' },
      },
    )
    const folder = dirname(file ?? '')
    assert.deepEqual(config.headers, [
      { path: '/', headers: ['x-b', 'file', 'x-a', 'flag'] },
      { path: '/p', headers: ['c', 'file'] },
    ])
    assert.deepEqual(
      config.routes.map(({ id, action }) => [id, action]),
      [
        ['/api', { kind: 'folder', root: join(folder, 'file') }],
        ['/docs', { kind: 'folder', root: join(folder, 'flag') }],
      ],
    )
    assert.deepEqual([config.limits.ranges, config.limits.idleMs, config.limits.writeMs], [1, 200, 300])
    assert.equal(origins['limits.idleMs'], 'env SERVE8008_LIMIT_IDLE_MS')
    assert.equal(origins['limits.writeMs'], 'flag --limit')
    assert.equal(origins['headers.x-a'], 'flag --header')
    assert.equal(origins['headers.X-A'], undefined)
  })

  test('names the place of each problem', async () => {
    const error = await failure(
      { 'serve8008.config.json': '{"colour":1,"base":"//","limits":{"idleMs":0}}' },
      { env: { SERVE8008_PORT: 'abc', SERVE8008_LIMIT_RANGES: '0' }, flags: { limits: 'write-ms=x', host: 'a b' } },
    )
    assert.deepEqual(error.problems.map((problem) => problem.replace(/; .*/, '')).toSorted(), [
      '--host: "a b" is not a host',
      '--limit writeMs: expected a number, got "x"',
      'SERVE8008_LIMIT_RANGES: 0 is below the minimum of 1',
      'SERVE8008_PORT: expected a port from 0 to 65535, got "abc"',
      'serve8008.config.json: base: "//" is not a path prefix',
      'serve8008.config.json: colour: unknown option',
      'serve8008.config.json: limits.idleMs: 0 is below the minimum of 10',
    ])
  })

  test('does not mind a wrong value that a stronger source replaces', async () => {
    const { config } = await load(
      {},
      { env: { PORT: 'abc', HOST: 'not a host' }, flags: { port: '1', host: 'a.test' } },
    )
    assert.deepEqual([config.ports, config.host], [[1], 'a.test'])
    const error = await failure({}, { env: { PORT: 'abc' }, flags: { port: 'def' } })
    assert.deepEqual(error.problems, [
      '--port: expected a port from 0 to 65535, got "def"; use a whole number from 0 to 65535',
    ])
  })

  test('lets a stronger choice replace its rival, and reports rivals within one source', async () => {
    const byFlag = await load(
      { 'serve8008.config.json': '{"port":1,"auth":"a:b","host":"localhost"}' },
      {
        flags: { socket: '/run/x', authFile: '/users', lan: true },
      },
    )
    const certificate = await load(
      { 'serve8008.config.json': '{"cert":"a.crt","key":"a.key"}' },
      { flags: { pfx: '/b.p12' } },
    )
    assert.deepEqual(certificate.config.tls?.certificates, [{ pfx: resolve('/b.p12') }])
    assert.deepEqual(
      [byFlag.config.socket, byFlag.config.auth, byFlag.config.lan],
      [resolve('/run/x'), undefined, true],
    )
    assert.deepEqual([byFlag.origins['port'], byFlag.origins['host']], ['default', 'default'])
    const narrowed = await load({ 'serve8008.config.json': '{"lan":true}' }, { flags: { host: '127.0.0.1' } })
    assert.equal(narrowed.config.lan, false)
    const kept = await load({ 'serve8008.config.json': '{"host":"a.test"}' }, { flags: { lan: false } })
    assert.equal(kept.config.host, 'a.test')
    const error = await failure({ 'serve8008.config.json': '{"port":1,"socket":"x"}' })
    assert.match(error.message, /^serve8008\.config\.json: socket: cannot be combined with "port"/)
  })

  test('lets --no-x take back what the file says', async () => {
    const { config, options } = await load(
      { 'serve8008.config.json': '{"auth":"a:b","limits":{"ranges":1}}' },
      {
        flags: { auth: false, limits: false },
      },
    )
    assert.equal(config.auth, undefined)
    assert.equal(config.limits.ranges, 32)
    assert.deepEqual(options, { log: 'pretty' })
  })
})

describe('the config file', () => {
  const kinds = {
    'serve8008.config.js': 'export default { port: 1 }',
    'serve8008.config.mjs': 'export default { port: 1 }',
    'serve8008.config.cjs': 'module.exports = { port: 1 }',
    'serve8008.config.mts': 'const port: number = 1\nexport default { port }',
    'serve8008.config.cts': 'const port: number = 1\nmodule.exports = { port }',
    'serve8008.config.ts': 'const port: number = 1\nexport default { port }',
    'serve8008.config.json': '{ "$schema": "x", "port": 1 }',
    'package.json': '{ "type": "module", "serve8008": { "port": 1 } }',
  }
  for (const [name, text] of Object.entries(kinds)) {
    test(`is ${name}, and is never served`, async () => {
      const loaded = await load(
        /\.[jt]s$/.test(name) ? { [name]: text, 'package.json': '{"type":"module"}' } : { [name]: text },
      )
      assert.deepEqual(loaded.config.ports, [1])
      assert.equal(loaded.origins['port'], `file ${name}`)
      assert.ok(loaded.file?.endsWith(name))
      assert.deepEqual(loaded.config.secretFiles, [loaded.file])
    })
  }

  test('is found with every ending, and two of them are an error that names both', async () => {
    const error = await failure({ 'serve8008.config.cjs': '', 'serve8008.config.mts': '' })
    assert.equal(error.code, 'E8008_CONFIG_INVALID')
    assert.equal(error.message, 'There are two configurations here: serve8008.config.cjs and serve8008.config.mts.')
  })

  test('may be a function, also an asynchronous one', async () => {
    const sync = await load({ 'serve8008.config.cjs': 'module.exports = () => ({ port: 1 })' })
    assert.deepEqual(sync.config.ports, [1])
    assert.equal(sync.origins['port'], 'file serve8008.config.cjs')
    const made = await load({ 'serve8008.config.mjs': 'export default async () => ({ port: 2 })' })
    assert.deepEqual(made.config.ports, [2])
    const promised = await load({ 'serve8008.config.mjs': 'export default Promise.resolve({ port: 3 })' })
    assert.deepEqual(promised.config.ports, [3])
    const nothing = await failure({ 'serve8008.config.mjs': 'export default () => {}' })
    assert.equal(nothing.message, 'serve8008.config.mjs holds undefined, not options.')
  })

  test('is looked up in the working directory, never in the folder that is served', async () => {
    const { config, file } = await load(
      { 'site/serve8008.config.mjs': 'throw new Error("it ran")', 'site/package.json': '{"serve8008":{"port":1}}' },
      { flags: { root: 'site' } },
    )
    assert.equal(file, undefined)
    assert.deepEqual(config.ports, [8008, 591, 8080, 8000])
  })

  test('is left alone with false', async () => {
    assert.equal((await load({ 'serve8008.config.json': '{"port":1}' }, { config: false })).file, undefined)
  })

  test('is one, not two', async () => {
    const error = await failure({ 'serve8008.config.json': '{}', 'package.json': '{"serve8008":{}}' })
    assert.equal(error.code, 'E8008_CONFIG_INVALID')
    assert.match(error.message, /serve8008\.config\.json and package\.json/)
    assert.equal(error.hint, 'keep one of them, or choose: --config serve8008.config.json')
  })

  test('has relative paths that belong to its folder, and flags have theirs', async () => {
    const { config, file } = await load(
      {
        'conf/my.json':
          '{"root":"../site","authFile":"users","socket":"s","mounts":{"/a":"a"},"routes":[{"match":{"path":"/c","header":{"root":"x"}},"root":"c"}],"cert":"a.crt","key":"a.key","certificates":[{"pfx":"b.p12"}]}',
      },
      { config: 'conf/my.json', flags: { mounts: '/b=b' } },
    )
    const conf = dirname(file ?? '')
    assert.equal(config.root, join(conf, '..', 'site'))
    assert.equal(config.authFile, join(conf, 'users'))
    assert.equal(config.socket, join(conf, 's'))
    assert.deepEqual(
      config.routes.map(({ match, action }) => [match.headers, action.kind === 'folder' && action.root]),
      [
        [[['root', 'x']], join(conf, 'c')],
        [[], join(conf, 'a')],
        [[], join(conf, '..', 'b')],
      ],
    )
    const certificates = ['a.crt', 'a.key', 'b.p12'].map((name) => join(conf, name))
    assert.deepEqual(config.secretFiles, [file, join(conf, 'users'), ...certificates])
  })

  test('is named in full when it is not there', async () => {
    const error = await failure({ 'conf/serve8008.config.json': '{}' }, { config: 'conf/serve8008.conf.json' })
    assert.equal(error.code, 'E8008_CONFIG_NOT_FOUND')
    assert.equal(error.hint, `did you mean ${join('conf', 'serve8008.config.json')}?`)
    assert.match((await failure({}, { config: 'no/where.json' })).hint ?? '', /check the path/)
  })

  test('is a file of a known kind', async () => {
    assert.match((await failure({ 'conf/x': '' }, { config: 'conf' })).message, /conf is a folder/)
    assert.match((await failure({ 'a.yaml': '' }, { config: 'a.yaml' })).message, /not a kind of config file/)
    assert.match(
      (await failure({ 'package.json': '{}' }, { config: 'package.json' })).message,
      /has no "serve8008" key/,
    )
  })

  test('is not waited for when it is no file at all', async () => {
    assert.match((await failure({}, { config: 'a\0b.json' })).message, /cannot be read: .*null bytes/)
    if (process.platform === 'win32') return
    const error = await failure({}, { config: '/dev/null' })
    assert.equal(error.message, '/dev/null is not a file.')
  })

  test('may leave an option undefined', async () => {
    const { config, origins } = await load({
      'serve8008.config.mjs': 'export default { root: undefined, port: undefined }',
    })
    assert.deepEqual(config.ports, [8008, 591, 8080, 8000])
    assert.equal(origins['port'], 'default')
  })

  test('that is JSON may hold comments', async () => {
    const loaded = await load({ 'serve8008.config.json': '// the port of the team\n{ "port": 1 /* fixed */ }' })
    assert.deepEqual(loaded.config.ports, [1])
  })

  test('that is broken JSON says where', async () => {
    const error = await failure({ 'serve8008.config.json': '{\n  "port": 1,\n}' })
    assert.equal(error.code, 'E8008_CONFIG_UNREADABLE')
    assert.equal(error.message, 'serve8008.config.json is not valid JSON at line 3, column 1.')
    assert.equal(error.hint, 'remove the comma before it')
  })

  test('that is JSON has at most 1 MB', async () => {
    const text = (length: number): string => `{"root":"${'a'.repeat(length - '{"root":""}'.length)}"}`
    assert.notEqual((await load({ 'serve8008.config.json': text(1_000_000) })).file, undefined)
    for (const length of [1_000_001, 9_000_000]) {
      const error = await failure({ 'serve8008.config.json': text(length) })
      assert.equal(error.code, 'E8008_CONFIG_UNREADABLE')
      assert.match(error.message, /larger than 1 MB/)
    }
  })

  for (const name of ['serve8008.config.json', 'serve8008.config.mjs', 'package.json']) {
    const failureOf = async (make: (path: string) => void): Promise<string> => {
      const cwd = folderWith({})
      make(join(cwd, name))
      const error = await loadConfig({ cwd }).then(
        () => assert.fail('it was loaded'),
        (thrown: unknown) => thrown,
      )
      assert.ok(isServeError(error), String(error))
      assert.equal(error.code, 'E8008_CONFIG_UNREADABLE')
      return error.message
    }

    test(`that has the name ${name} and is no file is not read`, { skip: process.platform === 'win32' }, async () => {
      const pipe = (path: string): void => void execFileSync('mkfifo', [path])
      assert.equal(await failureOf(pipe), `${name} is not a file.`)
      assert.equal(await failureOf((path) => symlinkSync('/dev/zero', path)), `${name} is not a file.`)
    })

    test(`that has the name ${name} and is too large is not read`, async () => {
      const sparse = (path: string): void => {
        writeFileSync(path, '')
        truncateSync(path, 3e9)
      }
      assert.match(await failureOf(sparse), /larger than (?:1|16) MB/)
    })
  }

  test('may stand beside a package.json that is broken but not about us', async () => {
    assert.equal((await load({ 'package.json': '{' })).file, undefined)
    assert.equal((await load({ 'package.json': '{"devDependencies":{"serve8008":"1"}}' })).file, undefined)
    assert.match((await failure({ 'package.json': '{"serve8008":' })).message, /^package\.json is not valid JSON/)
  })

  test('holds options', async () => {
    assert.match((await failure({ 'serve8008.config.json': '[]' })).message, /holds an empty list, not options/)
    assert.match((await failure({ 'serve8008.config.mjs': 'export default 5' })).message, /holds 5, not options/)
    assert.match((await failure({ 'serve8008.config.mjs': 'export const a = 1' })).message, /has no default export/)
    assert.match(
      (await failure({ 'serve8008.config.json': '{"root":5}' })).message,
      /root: expected the path of a folder, or false, got 5/,
    )
  })

  test('that throws is reported with its own words', async () => {
    const error = await failure({ 'serve8008.config.mjs': 'throw new Error("no luck.\\nmore")' })
    assert.equal(error.code, 'E8008_CONFIG_UNREADABLE')
    assert.equal(error.message, 'serve8008.config.mjs cannot be loaded: no luck.')
    assert.ok(error.cause instanceof Error)
    assert.match(
      (await failure({ 'serve8008.config.mjs': 'export default () => { throw 5 }' })).message,
      /loaded: 5\.$/,
    )
  })

  test('in TypeScript says what it needs where Node does not run it', async () => {
    const refusal = Object.assign(new TypeError('Unknown file extension ".ts"'), { code: 'ERR_UNKNOWN_FILE_EXTENSION' })
    const error = await failure({ 'serve8008.config.ts': '' }, { importModule: () => Promise.reject(refusal) })
    assert.match(error.hint ?? '', /use Node 22\.18 or newer, or write JavaScript in serve8008\.config\.mjs/)
  })

  test('that is taken for CommonJS is to be renamed', async () => {
    for (const [name, fault, renamed] of [
      ['serve8008.config.js', 'Cannot use import statement outside a module', 'serve8008.config.mjs'],
      ['serve8008.config.cjs', "Unexpected token 'export'", 'serve8008.config.mjs'],
      ['serve8008.config.ts', 'Cannot use import statement outside a module', 'serve8008.config.mts'],
    ] as const) {
      const error = await failure({ [name]: '' }, { importModule: () => Promise.reject(new SyntaxError(fault)) })
      assert.equal(error.hint, `rename it to ${renamed}`)
    }
  })

  test('that imports us where we are not installed says what to do', async () => {
    const refusal = Object.assign(new Error("Cannot find package 'serve8008' imported from /x"), {
      code: 'ERR_MODULE_NOT_FOUND',
    })
    const error = await failure({ 'serve8008.config.mjs': '' }, { importModule: () => Promise.reject(refusal) })
    assert.match(error.hint ?? '', /npm install --save-dev serve8008/)
  })

  test('that cannot be read says so', async () => {
    const error = await failure({ 'package.json/x': '' })
    assert.equal(error.code, 'E8008_CONFIG_UNREADABLE')
    assert.match(error.message, /^package\.json is a folder/)
  })
})
