import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { createServer, defineConfig, isServeError, type Plugin } from '../../../src/index.ts'
import { loadConfig, type LoadedConfig } from '../../../src/config/load.ts'
import type { ServeOptions } from '../../../src/config/types.ts'
import { TempFolder } from '../../support/server.ts'
import { problemOf } from './problems-of.ts'

/** Loads a config file that is given as its options. */
async function load(
  options: ServeOptions,
  more: Parameters<typeof loadConfig>[0] | object = {},
): Promise<LoadedConfig> {
  using folder = await new TempFolder().write({ 'serve8008.config.mjs': '' })
  return await loadConfig({
    cwd: folder.path,
    importModule: () => Promise.resolve({ default: options }),
    ...more,
  })
}

/** The message and the hint that a call ends in. */
async function failure(call: () => unknown): Promise<readonly [message: string, hint: string | undefined]> {
  try {
    await call()
  } catch (error) {
    assert.ok(isServeError(error), String(error))
    assert.equal(error.code, 'E8008_PLUGIN')
    assert.equal(error.exitCode, 2)
    return [error.message, error.hint]
  }
  assert.fail('it did not fail')
}

describe('the option plugins', () => {
  test('takes objects with a name, and leaves out falsy values', () => {
    const { config } = createServer({ plugins: [{ name: 'one' }, false, null, undefined, { name: 'two' }] })
    assert.deepEqual(config.plugins, ['one', 'two'])
  })

  test('refuses what is no plugin', () => {
    assert.equal(
      problemOf({ plugins: [(): Plugin => ({ name: 'x' })] }),
      'plugins: expected a plugin, got a function; call it: plugins: [plugin()]',
    )
    const usual = 'use a list of objects with a name and hooks, for example [{ name, configureServer(server) {} }]'
    assert.equal(problemOf({ plugins: [{}] }), `plugins: expected a plugin, got an object; ${usual}`)
    assert.equal(
      problemOf({ plugins: [{ name: 'x', change: 5 }] }),
      `plugins: expected a plugin, got an object; ${usual}`,
    )
    assert.equal(
      problemOf({ plugins: [Promise.resolve()] }),
      'plugins: expected a plugin, got an object of the class Promise; await it: plugins: [await plugin()]',
    )
    assert.equal(
      problemOf({ plugins: { name: 'x' } }).replace(/;.*/, ''),
      'plugins: expected a list of plugins, got an object',
    )
  })

  test('is shown by name, with its origin', async () => {
    const { settingsOf } = await import('../../../src/cli/commands/settings.ts')
    const loaded = await load({ plugins: [{ name: 'one' }] })
    const shown = settingsOf(loaded).find(({ key }) => key === 'plugins')
    assert.deepEqual(shown, { key: 'plugins', value: ['one'], origin: 'file serve8008.config.mjs' })
  })
})

describe('the hook options', () => {
  test('changes options in order, each plugin seeing what earlier ones returned', () => {
    const seen: unknown[] = []
    const { config } = createServer({
      mounts: { '/a': 'docs' },
      plugins: [
        {
          name: 'one',
          options(options) {
            seen.push(options)
            return { cors: true, mounts: { '/b': resolve('test') } }
          },
        },
        { name: 'two', options: (options) => void seen.push(options) },
      ],
    })
    assert.deepEqual(seen, [
      { mounts: { '/a': 'docs' } },
      { mounts: { '/a': 'docs', '/b': resolve('test') }, cors: true },
    ])
    assert.deepEqual([config.cors, config.routes.map(({ id }) => id)], ['*', ['/a', '/b']])
  })

  test('is stronger than the config file, and weaker than environment and flags', async () => {
    const plugins: Plugin[] = [
      { name: 'one', options: async ({ port }) => ({ cors: port === '7', port: 1, listing: false, cache: '1h' }) },
    ]
    const { config, origins } = await load(
      { plugins, cors: false, listing: true },
      { flags: { port: '7' }, env: { SERVE8008_CACHE: '2h' } },
    )
    assert.deepEqual([config.ports, config.listing, config.cacheControl], [[7], false, 'max-age=7200'])
    assert.deepEqual(
      [origins['port'], origins['listing'], origins['cache']],
      ['flag --port', 'plugin one', 'env SERVE8008_CACHE'],
    )
  })

  test('resolves relative paths against the folder of the config file', async () => {
    using folder = await new TempFolder().write({ 'conf/serve8008.config.mjs': '' })
    const { config } = await loadConfig({
      cwd: folder.path,
      config: 'conf/serve8008.config.mjs',
      importModule: () =>
        Promise.resolve({ default: { plugins: [{ name: 'one', options: () => ({ root: 'site' }) }] } }),
    })
    assert.equal(config.root, folder.join('conf', 'site'))
  })

  test('names the plugin in problems of what it returned', async () => {
    const plugins = [{ name: 'one', options: () => ({ port: -1 }) }]
    assert.throws(() => createServer({ plugins }), { code: 'E8008_CONFIG_INVALID', message: /^plugin one: port: / })
    await assert.rejects(load({ plugins }), { code: 'E8008_CONFIG_INVALID', message: /^plugin one: port: / })
  })

  test('names the plugin in its errors', async () => {
    const thrown = new Error('boom')
    const fails = (options: Plugin['options']): ServeOptions => ({ plugins: [{ name: 'one', options }] })
    const broken = fails(() => {
      throw thrown
    })
    const expected = [
      'options() of the plugin "one" failed: Error: boom',
      'correct the plugin, or remove it from the option plugins',
    ]
    assert.deepEqual(await failure(() => createServer(broken)), expected)
    assert.deepEqual(await failure(() => load(broken)), expected)
    assert.deepEqual(await failure(() => load(fails(() => Promise.reject(thrown)))), expected)
    assert.deepEqual(await failure(() => createServer(fails(() => 5 as never))), [
      'options() of the plugin "one" returned 5.',
      'use an object of options, or return nothing',
    ])
    assert.deepEqual(await failure(() => createServer(fails(() => ({ plugins: [] }) as never))), [
      'options() of the plugin "one" returned plugins.',
      'list every plugin in the option plugins',
    ])
  })

  test('says how to change options for a plugin that writes into them', async () => {
    const writes: Plugin = {
      name: 'one',
      options(options) {
        options.port = 1
      },
    }
    const [, hint] = await failure(() => createServer({ port: 0, plugins: [writes] }))
    assert.equal(hint, 'return the options to change: options() { return { … } }')
    const given = { mounts: { '/a': 'docs' } }
    createServer({ ...given, plugins: [{ name: 'one', options: () => undefined }] })
    assert.ok(!Object.isFrozen(given.mounts))
  })

  test('may be a promise in a config file only', async () => {
    const { config } = await load(defineConfig({ plugins: [{ name: 'one', options: async () => ({ cors: true }) }] }))
    assert.equal(config.cors, '*')
    assert.deepEqual(await failure(() => createServer({ plugins: [{ name: 'one', options: async () => ({}) }] })), [
      'options() of the plugin "one" returned a promise.',
      'await in the program, before createServer(), which does not wait',
    ])
  })
})
