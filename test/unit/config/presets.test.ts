import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fromRoot } from '../../../scripts/paths.ts'
import { loadConfig, type LoadedConfig, type LoadOptions } from '../../../src/config/load.ts'
import { publicConfig } from '../../../src/config/public-config.ts'
import { presetNames, presetText, readPreset } from '../../../src/config/presets.ts'
import { overriddenPreset } from '../../../src/config/overridden-preset.ts'
import { createServer, isServeError, type ServeOptions } from '../../../src/index.ts'
import { TempFolder } from '../../support/server.ts'

/** Loads the configuration of a folder with a config file, if there is one. */
async function load(file: ServeOptions | string | undefined, more: Partial<LoadOptions> = {}): Promise<LoadedConfig> {
  using folder = await new TempFolder().write({ 'index.html': '' })
  const text = typeof file === 'string' ? file : JSON.stringify(file)
  if (text !== undefined) await folder.write({ 'serve8008.config.json': text })
  return await loadConfig({ cwd: folder.path, ...more })
}

/** The message and the hint of the error that it ends in. */
async function failure(...given: Parameters<typeof load>): Promise<string> {
  try {
    await load(...given)
  } catch (error) {
    if (isServeError(error)) return `${error.message}; ${error.hint}`
    throw error
  }
  assert.fail('it was loaded')
}

/** The first port of each listener. */
function portsOf({ config }: LoadedConfig): (number | undefined)[] {
  return config.listeners.map(({ ports }) => ports[0])
}

/** What presets without an upstream of their own get here. */
const example = 'http://localhost:4000'

for (const name of presetNames()) {
  describe(`the preset ${name}`, () => {
    const preset = readPreset(name)
    const isOpen = preset.takesUpstream && preset.upstream === undefined
    const flags = { preset: name, ...(isOpen ? { upstream: example } : {}) }

    test('has a description in one sentence, and a page', () => {
      assert.match(preset.description, /^[A-Z].{20,110}\.$/)
      assert.equal(preset.guide, `docs/guide/systems/${name}.md`)
      assert.ok(existsSync(fromRoot(preset.guide)), preset.guide)
      assert.match(readFileSync(fromRoot(preset.guide), 'utf8'), new RegExp(`--preset ${name}\\b`))
    })

    test('says how to start an upstream, if it has one', () => {
      assert.equal(preset.start !== undefined, preset.takesUpstream)
      assert.ok(preset.takesUpstream || preset.upstream === undefined)
      // Neither the port nor the brackets around what another port needs are left.
      for (const upstream of [undefined, ...(preset.takesUpstream ? [example] : [])])
        assert.doesNotMatch(presetText(preset, upstream), /\/\/ Start: .*(?:[[\]{}]|undefined)/)
      assert.equal(preset.example !== undefined, isOpen)
      const page = readFileSync(fromRoot(preset.guide), 'utf8')
      if (isOpen) assert.ok(page.includes(`--upstream ${preset.example}`), 'the page has the example')
    })

    test('is the same in a config file as init writes it', async () => {
      const { config, origins } = await load(undefined, { flags })
      const written = await load(presetText(preset, isOpen ? example : undefined))
      const shown = ({ preset: _preset, upstream: _upstream, ...rest }: Record<string, unknown>): unknown =>
        JSON.parse(JSON.stringify(rest).replaceAll(/serve8008-[\w-]+/g, 'folder'))
      assert.deepEqual(shown({ ...publicConfig(written.config) }), shown({ ...publicConfig(config) }))
      const set = Object.entries(written.origins).filter(([, origin]) => origin.startsWith('file '))
      assert.ok(set.length > 0)
      for (const [key] of set) assert.equal(origins[key], `preset ${name}`, key)
    })

    test('explains each of its options', () => {
      const keys = preset.text.split('\n').filter((line) => /^ {2}"/.test(line)).length
      const comments = preset.text.split('\n').filter((line) => /^ {2}\/\//.test(line)).length
      assert.ok(comments >= keys, `${comments} comments for ${keys} options`)
    })
  })
}

describe('the option preset', () => {
  test('is stronger than defaults, and weaker than file, environment and flags', async () => {
    const flags = { preset: 'spa-api', upstream: '3000' }
    const { config, origins } = await load({ listing: true }, { flags, env: { SERVE8008_SINGLE: 'app.html' } })
    assert.equal(config.single, 'app.html')
    assert.equal(config.listing, true)
    assert.equal(origins['single'], 'env SERVE8008_SINGLE')
    assert.equal(origins['listing'], 'file serve8008.config.json')
    assert.equal(origins['proxy./api'], 'preset spa-api')
    assert.equal(origins['preset'], 'flag --preset')
    assert.equal(origins['cors'], 'default')
    const off = await load(undefined, { flags: { ...flags, single: false } })
    assert.equal(off.config.single, undefined)
  })

  test('comes from file and environment too, and a flag leaves it out', async () => {
    const file = { preset: 'spa-api', upstream: 3000 }
    assert.equal((await load(file)).origins['single'], 'preset spa-api')
    const env = { SERVE8008_PRESET: 'spa' }
    assert.equal((await load(undefined, { env })).origins['single'], 'preset spa')
    assert.equal((await load({ preset: 'spa' }, { flags: { preset: false } })).config.single, undefined)
    assert.deepEqual((await load(file, { flags: { preset: false } })).config.routes, [])
  })

  test('merges proxies by their matches', async () => {
    const proxy = { '/api/': 'http://localhost:4000', '/v2': 'http://localhost:5000' }
    const { config } = await load({ preset: 'spa-api', upstream: 3000, proxy })
    const targets = config.routes.map(({ id, action }) => [
      id,
      action.kind === 'proxy' ? action.proxy.upstreams[0]?.label : '',
    ])
    assert.deepEqual(targets, [
      ['/api', 'localhost:4000'],
      ['/v2', 'localhost:5000'],
    ])
  })

  for (const [given, label] of [
    [3000, 'localhost:3000'],
    ['3000', 'localhost:3000'],
    [':3000', 'localhost:3000'],
    ['api.test:3000', 'api.test:3000'],
    ['http://api.test/', 'api.test'],
    ['https://api.test:8443', 'https://api.test:8443'],
    ['[::1]:3000', '[::1]:3000'],
    ['unix:/run/api.sock', 'unix:/run/api.sock'],
  ] as const) {
    test(`forwards to the upstream ${given} with the whole path`, async () => {
      const { config } = await load({ preset: 'spa-api', upstream: given })
      const { action } = config.routes[0] ?? assert.fail()
      assert.ok(action.kind === 'proxy')
      const [upstream] = action.proxy.upstreams
      assert.equal(upstream?.label.replace(/:80$/, ''), label)
      assert.equal(upstream?.prefix, undefined)
    })
  }

  for (const [upstream, prefix] of [
    ['unix:/run/hs.sock', '/_matrix'],
    ['unix:/run/hs.sock:/hs', '/hs/_matrix'],
    ['https://hs.test/hs/', '/hs/_matrix'],
    ['18009', '/_matrix'],
  ] as const) {
    test(`has paths behind the upstream ${upstream}`, async () => {
      const { config } = await load({ preset: 'matrix', upstream })
      const action = config.routes.find(({ match }) => match.path === '/_matrix')?.action
      assert.ok(action?.kind === 'proxy')
      assert.equal(action.proxy.upstreams[0]?.prefix, prefix)
    })
  }

  test('must be the name of one', async () => {
    const names = presetNames().join(', ')
    assert.equal(
      await failure(undefined, { flags: { preset: 'spaa' } }),
      `--preset: there is no preset "spaa"; it must be one of: ${names}; did you mean spa?`,
    )
    assert.match(await failure({ preset: 'kubernetes' }), /; serve8008 presets$/)
    assert.match(await failure({ preset: '../pages/error' }), /^serve8008\.config\.json: preset: there is no preset/)
    assert.match(await failure({ preset: 5 as never }), /preset: expected a string, got 5/)
  })

  test('needs an upstream where it forwards without a default, and takes none where it forwards nothing', async () => {
    assert.equal(
      await failure(undefined, { flags: { preset: 'spa-api' } }),
      '--preset: the preset spa-api needs an upstream, such as the server that "node api.js" starts; ' +
        'serve8008 --preset spa-api --upstream 3000',
    )
    assert.equal(
      await failure(undefined, { flags: { preset: 'spa', upstream: '3000' } }),
      '--upstream: the preset spa forwards nothing; leave it out: serve8008 --preset spa',
    )
    assert.equal(
      await failure({ upstream: 3000 }),
      'serve8008.config.json: upstream: it needs the option preset; ' +
        'serve8008 --preset NAME, or without a preset serve8008 --proxy /=URL',
    )
    assert.match(
      await failure({ preset: 'spa-api', upstream: 'ftp://x' }),
      /^serve8008\.config\.json: upstream: "ftp:\/\/" is not supported as a target; use http/,
    )
  })

  test('keeps its listeners beside strictPort, which is a default of theirs', async () => {
    const loaded = await load(undefined, { flags: { preset: 'matrix', strictPort: true } })
    assert.deepEqual(portsOf(loaded), [8008, 8443, 8448])
    assert.deepEqual(overriddenPreset(loaded), [])
    const listeners = [{ port: [8008, 8009] }]
    assert.equal((await load({ listeners, strictPort: true })).config.listeners[0]?.fallback, false)
  })

  test('keeps those of its listeners that have no TLS where TLS is off', async () => {
    const { config } = await load(undefined, { flags: { preset: 'matrix', tls: false } })
    assert.deepEqual(
      config.listeners.map(({ name }) => name),
      ['client'],
    )
    assert.equal(createServer({ preset: 'caldav', tls: false }).config.listeners.length, 1)
  })

  for (const [more, told] of [
    [
      { env: { PORT: '5555' } },
      'PORT replaces the listeners of the preset matrix: 8008, 8443 and 8448 are not opened.',
    ],
    [{ flags: { port: '8008' } }, '--port replaces the listeners of the preset matrix: 8443 and 8448 are not opened.'],
    [{ flags: { tls: true } }, '--tls replaces the listeners of the preset matrix: 8448 is not opened.'],
    [{ flags: { tlsPort: '8448' } }, '--tls-port replaces the listeners of the preset matrix: 8443 is not opened.'],
    [{ flags: { socket: 'a.sock' } }, '--socket replaces the listeners of the preset matrix: 8008, 8443 and 8448 are'],
    [{ flags: { fd: '3' } }, '--fd replaces the listeners of the preset matrix: 8008, 8443 and 8448 are not opened.'],
    [{ flags: { tls: false } }, '--no-tls leaves out the listeners with TLS of the preset matrix: 8443 and 8448 are'],
  ] as const) {
    test(`says that ${told.replace(/:.*/, '')}`, async () => {
      const [warning] = overriddenPreset(await load({ preset: 'matrix' }, more))
      assert.equal(warning?.message.startsWith(told), true, warning?.message)
    })
  }

  test('says which key of the file replaces its listeners, but not that listeners do', async () => {
    const [warning] = overriddenPreset(await load({ preset: 'caldav', port: 8008 }))
    assert.match(
      warning?.message ?? '',
      /^port of serve8008\.config\.json replaces the listeners .*: 8443 is not opened\.$/,
    )
    assert.deepEqual(overriddenPreset(await load({ preset: 'caldav', listeners: [{ port: 1 }] })), [])
    assert.deepEqual(overriddenPreset(await load({ preset: 'spa', port: 8008 })), [])
  })

  test('needs no upstream where routes of the user replace those that forward to it', async () => {
    const proxy = '/=https://localhost:8443,insecure'
    const { config } = await load(undefined, { flags: { preset: 'admin', proxy: [proxy] } })
    assert.deepEqual(
      config.routes.map(({ id }) => id),
      ['/'],
    )
    assert.match(
      await failure(undefined, { flags: { preset: 'admin', proxy: ['/a=3000'] } }),
      /^--preset: the preset admin needs an upstream, such as [^]*--upstream 8081$/,
    )
    const replaced = createServer({ preset: 'admin', authFile: undefined, auth: 'a:b', proxy: { '/': 3000 } })
    assert.equal(replaced.config.routes.length, 1)
    assert.throws(() => createServer({ preset: 'spa-api', plugins: [{ name: 'a', options: () => ({}) }] }), {
      message: 'preset: the preset spa-api needs an upstream, such as the server that "node api.js" starts',
    })
    const plugin = { name: 'a', options: () => ({ proxy: { '/api': 'http://localhost:1' } }) }
    assert.equal(createServer({ preset: 'spa-api', plugins: [plugin] }).config.routes.length, 1)
  })

  test('has an upstream without the words of a route', async () => {
    const flags = { preset: 'spa-api', upstream: 'http://localhost:3000,changeOrigin' }
    assert.equal(
      await failure(undefined, { flags }),
      '--upstream: words behind a comma belong to a route, not to the upstream of a preset; ' +
        'serve8008 --preset spa-api -x /api=http://localhost:3000,changeOrigin',
    )
    assert.match(await failure(undefined, { flags: { ...flags, upstream: '3000,x' } }), /-x \/api=3000,x$/)
    assert.match(
      await failure(undefined, { flags: { ...flags, upstream: 'http://localhost:x,changeOrigin' } }),
      /has no port from 1 to 65535/,
    )
  })

  test('is no word of errors about an upstream that was given', async () => {
    const told = 'the upstream localhost:8008 is this server itself'
    const flags = { preset: 'webpack', upstream: '8008', port: '8008' }
    assert.match(await failure(undefined, { flags }), new RegExp(`^--upstream: ${told};`))
    assert.match(
      await failure({ preset: 'webpack', upstream: 8008, port: 8008 }),
      new RegExp(`^serve8008\\.config\\.json: upstream: ${told};`),
    )
    assert.match(
      await failure(undefined, { flags: { ...flags, proxy: ['/=8008'] } }),
      new RegExp(`^--proxy: ${told};|^--proxy /: ${told};`),
    )
    assert.throws(() => createServer({ preset: 'webpack', upstream: 8008, port: 8008 }), {
      message: `upstream: ${told}`,
    })
    assert.match(await failure({ preset: 'ollama' }, { flags: { port: '11434' } }), /^preset ollama: proxy\.\/api: /)
  })

  test('is needed for an upstream beside --no-preset too', async () => {
    const flags = { preset: false, upstream: '3000' }
    const told = /^--upstream: it needs the option preset; /
    assert.match(await failure(undefined, { flags }), told)
    assert.match(await failure({ preset: 'spa-api', upstream: 4000 }, { flags }), told)
  })

  test('may not come from a plugin or stand in a site', async () => {
    const plugin = { name: 'one', options: () => ({ preset: 'spa' }) }
    assert.throws(() => createServer({ plugins: [plugin] }), /returned preset/)
    const site = { host: 'a.localhost', preset: 'spa' } as object
    assert.match(await failure({ sites: [site] }), /sites\.0\.preset: it belongs to the server/)
  })
})

describe('createServer({ preset })', () => {
  test('serves with the options of the preset, and those of the program are stronger', () => {
    const { config } = createServer({ preset: 'spa-api', upstream: 3000, listing: true, single: undefined })
    assert.equal(config.single, 'index.html')
    assert.equal(config.listing, true)
    assert.deepEqual(
      config.routes.map(({ id }) => id),
      ['/api'],
    )
  })

  test('refuses what is wrong with it', () => {
    assert.throws(() => createServer({ preset: 'spaa' }), /^ServeError: preset: there is no preset "spaa"/)
    assert.throws(() => createServer({ upstream: 3000 }), /upstream: it needs the option preset/)
  })
})
