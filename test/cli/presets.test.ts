import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { presetNames, presetText, readPreset } from '../../src/config/presets.ts'
import { upstreamWarning } from '../../src/cli/serve/preset-warnings.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { FlagValues } from '../../src/config/sources/source.ts'
import { explainStartError } from '../../src/cli/serve/start-error.ts'
import { isServeError, ServeError } from '../../src/core/serve-error.ts'
import type { Warning } from '../../src/core/warning.ts'
import { deadPort } from '../support/free-port.ts'
import { folderOf, run, serve } from './command.ts'

/** The files that presets name, beside a page. */
const files = { 'index.html': '<h1>page</h1>', '.htpasswd': 'ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n' }

/** A backend that answers with its name. */
async function startBackend(name: string): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((_request, response) => response.end(name)).listen(0, 'localhost')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}

/** A preset with an upstream, where it has none by default. */
function chosen(name: string): string[] {
  const { takesUpstream, upstream } = readPreset(name)
  return [name, ...(takesUpstream && upstream === undefined ? ['--upstream', '4000'] : [])]
}

describe('serve8008 check --preset', () => {
  for (const name of presetNames()) {
    test(`finds nothing wrong with ${name}`, async (t) => {
      const cwd = await folderOf(t, files)
      const { exitCode, stdout, stderr } = await run(t, ['check', '--preset', ...chosen(name)], { cwd })
      assert.equal(stderr, '')
      assert.equal(exitCode, 0)
      assert.match(stdout, new RegExp(` preset ${name}\n`))
    })
  }
})

test('an edit of the upstream of a config file holds from the next request on', async (t) => {
  const [one, two] = [await startBackend('one'), await startBackend('two')]
  t.after(() => [one, two].forEach(({ server }) => server.close()))
  const config = (port: number, more = {}): string => JSON.stringify({ preset: 'spa-api', upstream: port, ...more })
  const cwd = await folderOf(t, { ...files, 'serve8008.config.json': config(one.port) })
  const { url, stdout, stderr } = await serve(t, [], { cwd })
  const ask = async (): Promise<string> => (await fetch(new URL('api', url))).text()
  assert.equal(await ask(), 'one')
  writeFileSync(join(cwd, 'serve8008.config.json'), config(two.port))
  await stdout(/config \/api now goes to localhost:\d+/)
  assert.equal(await ask(), 'two')
  // What a preset sets needs a restart where the same in the file would; the preset itself is no such setting.
  writeFileSync(join(cwd, 'serve8008.config.json'), '{ "preset": "spa", "listing": true }')
  await stderr(/has changes that need a restart of serve8008: listing becomes on \(now off\)\.\n/)
})

test('check says of each route whether it is that of the preset', async (t) => {
  const reply = '{ "match": { "path": "/x" }, "reply": {} }'
  const cwd = await folderOf(t, { 'serve8008.config.json': `{ "preset": "matrix", "routes": [${reply}] }` })
  const { stdout } = await run(t, ['check'], { cwd })
  assert.match(stdout, /\/x -> reply 200 +file serve8008\.config\.json\n.*matrix\/client.* preset matrix\n/)
})

test('check says that a route of the file replaces what --upstream is for', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.json': presetText(readPreset('rails'), undefined) })
  const told = (upstream: string): Promise<{ stderr: string }> =>
    run(t, ['check', '--preset', 'rails', '--upstream', upstream], { cwd })
  assert.equal(
    (await told('3005')).stderr,
    'warning  --upstream is not used: proxy of serve8008.config.json replaces the route / of the preset rails.\n' +
      '         Change that route instead: -x /=3005\n',
  )
  writeFileSync(join(cwd, 'serve8008.config.json'), '{ "preset": "rails", "upstream": 3005, "proxy": { "/": 3006 } }')
  assert.match(
    (await run(t, ['check'], { cwd })).stderr,
    /^warning {2}upstream of serve8008\.config\.json is not used: proxy of serve8008\.config\.json .*\n +Leave it out\n$/,
  )
  writeFileSync(join(cwd, 'serve8008.config.json'), '{ "proxy": { "/api": 4000 } }')
  assert.equal((await told('3005')).stderr, '')
})

describe('serve8008 presets', () => {
  test('lists each with its description', async (t) => {
    const { stdout } = await run(t, ['presets'])
    const lines = presetNames().map((name) => `${name} ${readPreset(name).description}`)
    assert.deepEqual(stdout.replaceAll(/ +/g, ' ').trimEnd().split('\n'), lines)
    const { presets } = JSON.parse((await run(t, ['presets', '--json'])).stdout) as { presets: { name: string }[] }
    assert.deepEqual(
      presets.map(({ name }) => name),
      presetNames(),
    )
  })

  test('prints what one sets', async (t) => {
    assert.equal((await run(t, ['presets', 'spa'])).stdout, presetText(readPreset('spa'), undefined))
    const { stdout } = await run(t, ['presets', 'spa-api', '--json'])
    assert.deepEqual(JSON.parse(stdout), {
      name: 'spa-api',
      description: 'A built single-page app whose paths below /api go to a server.',
      upstream: null,
      start: 'node api.js',
      guide: 'docs/guide/systems/spa-api.md',
      options: { single: true, listing: false, proxy: { '/api': '{upstream}' } },
    })
  })

  test('suggests the name that was meant', async (t) => {
    const { exitCode, stderr } = await run(t, ['presets', 'sap'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^There is no preset "sap"; it must be one of: .*\.\nE8008_USAGE {3}Did you mean spa\?\n$/)
  })
})

describe('serve8008 init', () => {
  test('writes the options of a preset', async (t) => {
    const cwd = await folderOf(t, files)
    const { exitCode, stdout } = await run(t, ['init', 'spa-api', '--upstream', '3000'], { cwd })
    assert.equal(exitCode, 0)
    assert.equal(stdout, 'Wrote serve8008.config.json with the preset spa-api. Start it: serve8008\n')
    const text = readFileSync(join(cwd, 'serve8008.config.json'), 'utf8')
    assert.match(text, /^\/\/ A built single-page app[^]*"\/api": "http:\/\/localhost:3000"/)
    assert.equal((await run(t, ['check'], { cwd })).exitCode, 0)
  })

  for (const [present, text] of [
    ['serve8008.config.json', '{}'],
    ['serve8008.config.ts', 'throw 1'],
    ['package.json', '{ "serve8008": {} }'],
  ] as const) {
    test(`keeps ${present}`, async (t) => {
      const cwd = await folderOf(t, { [present]: text })
      const { exitCode, stderr } = await run(t, ['init', 'spa'], { cwd })
      assert.equal(exitCode, 2)
      assert.equal(stderr, `This folder has a configuration already: ${present}.\nE8008_USAGE   try: serve8008 check\n`)
      assert.equal(readFileSync(join(cwd, present), 'utf8'), text)
    })
  }

  test('says how to make the password file of a preset that needs one', async (t) => {
    const told = 'Make its password file: htpasswd -cB .htpasswd NAME. Start it: serve8008\n'
    const { stdout } = await run(t, ['init', 'admin', '--upstream', '3000'], { cwd: await folderOf(t, {}) })
    assert.equal(stdout, `Wrote serve8008.config.json with the preset admin. ${told}`)
    const again = await run(t, ['init', 'admin', '--upstream', '3000'], { cwd: await folderOf(t, files) })
    assert.equal(again.stdout, 'Wrote serve8008.config.json with the preset admin. Start it: serve8008\n')
  })

  test('asks for a name, and lists them', async (t) => {
    const { exitCode, stderr } = await run(t, ['init'])
    assert.equal(exitCode, 2)
    assert.match(
      stderr,
      /^The name of a preset is missing; it must be one of: .*\bspa\b.*\n.*try: serve8008 presets\n$/,
    )
  })

  test('asks for an upstream that is missing', async (t) => {
    const { exitCode, stderr } = await run(t, ['init', 'spa-api'], { cwd: await folderOf(t, {}) })
    assert.equal(exitCode, 2)
    assert.match(stderr, /^The preset spa-api needs an upstream.*\n.*try: serve8008 init spa-api --upstream 3000\n/)
  })
})

describe('the start with a preset', () => {
  test('says how to start an upstream that does not run', async (t) => {
    const cwd = await folderOf(t, files)
    const port = await deadPort()
    const { stderr } = await serve(t, ['--preset', 'spa-api', '--upstream', String(port)], { cwd })
    await stderr(
      new RegExp(
        `^warning {2}The preset spa-api forwards to localhost:${port}, where no server listens yet\\.\n +Start it, for example: node api\\.js\n`,
      ),
    )
  })

  /** The warning of a start with flags. */
  async function warningOf(flags: FlagValues): Promise<Warning | undefined> {
    return (await upstreamWarning(await loadConfig({ cwd: tmpdir(), flags, config: false })))[0]
  }

  test('says nothing of one that runs, forwards nothing, or is on another machine', async (t) => {
    const { server, port } = await startBackend('one')
    t.after(() => server.close())
    assert.equal(await warningOf({ preset: 'spa-api', upstream: String(port) }), undefined)
    assert.equal(await warningOf({ preset: 'spa' }), undefined)
    assert.equal(await warningOf({ preset: 'spa-api', upstream: 'http://192.0.2.1' }), undefined)
    const missing = await warningOf({ preset: 'spa-api', upstream: 'unix:/nonexistent/api.sock' })
    assert.equal(missing?.code, 'W8008_UPSTREAM')
  })

  test('starts it on the port that the upstream has', async () => {
    const port = await deadPort()
    for (const [preset, command] of [
      ['rails', `bin/rails server --port ${port}`],
      ['django', `python3 manage.py runserver ${port}`],
      ['php', `php -S localhost:${port}`],
      ['ollama', `OLLAMA_HOST=127.0.0.1:${port} ollama serve`],
    ] as const)
      assert.equal((await warningOf({ preset, upstream: String(port) }))?.hint, `start it, for example: ${command}`)
  })

  test('asks the upstreams of each route of the preset, and those of no other route', async (t) => {
    const { server, port } = await startBackend('one')
    t.after(() => server.close())
    const [one, two] = [await deadPort(), await deadPort()]
    const upstream = String(one)
    assert.equal(await warningOf({ preset: 'spa-api', upstream, proxy: [`/api/=${two}`] }), undefined)
    const services = { preset: 'microservices', proxy: [`/api/users=${port}`, `/events=${two}`] }
    const warning = await warningOf({ ...services, upstream })
    assert.match(
      warning?.message ?? '',
      new RegExp(`^The preset microservices forwards to localhost:${one}( and localhost:3002)?, where no server`),
    )
    assert.equal(warning?.hint, 'start it, for example: node front-end.js')
    const other = await warningOf({ ...services, upstream: String(port) })
    assert.equal(other?.hint, undefined)
  })

  test('says where the upstream belongs if it has the port of the preset', async () => {
    const loaded = await loadConfig({ cwd: tmpdir(), flags: { preset: 'matrix' }, config: false })
    const held = new ServeError('E8008_PORT_HELD', '8008 is in use.', {
      skipped: [{ port: 8008, code: 'EADDRINUSE', holder: undefined, reason: '' }],
    })
    const error = await explainStartError(held, loaded, {}, false)
    assert.ok(isServeError(error))
    assert.equal(error.message, '8008 is in use. It is that of the listener client, set by the preset matrix.')
    assert.match(
      error.hint ?? '',
      /^if that is the upstream, let it listen on 127\.0\.0\.1:18008; else .*: serve8008 init matrix$/,
    )
  })

  test('offers another port than that of the preset for other clients alone', async () => {
    const held = new ServeError('E8008_PORT_HELD', '8008 is in use.', { fix: { option: 'port', value: 8009 } })
    const told = async (flags: FlagValues): Promise<string> => {
      const error = await explainStartError(held, await loadConfig({ cwd: tmpdir(), flags, config: false }), {}, false)
      assert.ok(isServeError(error))
      return `${error.message} ${error.hint} ${String(error.fix?.value)}`
    }
    assert.equal(
      await told({ preset: 'cast-receiver' }),
      '8008 is in use. It was set by the preset cast-receiver. ' +
        'end the program that has it; for clients that know another port, add --port 8009 undefined',
    )
    assert.equal(await told({ preset: 'cast-receiver', port: '8008' }), '8008 is in use. port: 8009 8009')
  })

  test('names the listeners of the preset that a setting replaces, and so does check', async (t) => {
    const cwd = await folderOf(t, files)
    const told = '--port replaces the listeners of the preset matrix: 8008, 8443 and 8448 are not opened.'
    const { stderr } = await serve(t, ['--preset', 'matrix', '--port', '0'], { cwd })
    await stderr(new RegExp(`^warning  ${told.replaceAll('.', '\\.')}\n.*serve8008 init matrix\n`))
    const { exitCode, stdout } = await run(t, ['check', '--preset', 'matrix', '--port', '0', '--json'], { cwd })
    assert.equal(exitCode, 0)
    const [warning] = (JSON.parse(stdout) as { warnings: { code: string; message: string }[] }).warnings
    assert.deepEqual([warning?.code, warning?.message], ['W8008_PRESET', told])
  })
})
