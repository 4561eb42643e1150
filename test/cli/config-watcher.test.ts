import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { RawClient } from '../support/raw.ts'
import { folderOf, serve } from './command.ts'
import { serveHere, startHere } from './here.ts'

const config = (body: string, more = ''): string =>
  `export default { routes: [{ match: { path: '/x' }, reply: { body: '${body}' } }], ${more} }`

const hasPipes = process.platform !== 'win32'

/** Waits for a file, of which nothing tells. */
async function appears(file: string): Promise<void> {
  while (!existsSync(file)) await setTimeout(20)
}

test('an edit of the config file changes the routes, without dropping a connection', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config('one') })
  const file = join(cwd, 'serve8008.config.mjs')
  const { url, port, stdout, stderr } = await serveHere(t, ['--limit', 'idleMs=60000'], { cwd })
  const text = async (): Promise<string> => (await fetch(new URL('x', url))).text()
  const held = await RawClient.open(port)
  t.after(() => held.socket.destroy())
  const ask = async (): Promise<string> => {
    const { body } = await held.send(`GET /x HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`).reply()
    return String(body)
  }
  assert.equal(await ask(), 'one')

  writeFileSync(file, config('two', "allowHost: 'a.test'"))
  await stderr(
    /serve8008\.config\.mjs has changes that need a restart of serve8008: allowHost becomes a\.test \(now not set\)\./,
  )
  assert.equal(await ask(), 'two')

  writeFileSync(file, 'export default { routes: [')
  await stderr(/E8008_CONFIG_UNREADABLE/)
  assert.equal(await text(), 'two')

  writeFileSync(file, `export default { routes: [{ match: { path: 'x' }, reply: {} }] }`)
  await stderr(/"x" is not a path/)
  assert.equal(await text(), 'two')

  // As editors do that write beside the file and rename.
  writeFileSync(`${file}.new`, config('three').replace("'/x'", "'/x/'"))
  renameSync(`${file}.new`, file)
  await stdout(
    /^\d\d:\d\d:\d\d {2}config \/x has changed: body$(?:\n.*)*\n\d\d:\d\d:\d\d {2}config \/x has changed: body$/m,
  )
  assert.equal(await ask(), 'three')
})

test('an edit of a handler, or of what it imports, answers from the next request on', async (t) => {
  const handler = `import { text } from './text.mjs'
    class App { fetch() { return new Response(text) } }
    export default { routes: [{ match: { path: '/x' }, handler: new App() }] }`
  const cwd = await folderOf(t, {
    'serve8008.config.mjs': handler,
    'text.mjs': `export const text = 'one'`,
  })
  const { url, stdout, stderr } = await serveHere(t, [], { cwd })
  const text = async (): Promise<string> => (await fetch(new URL('x', url))).text()
  assert.equal(await text(), 'one')

  writeFileSync(join(cwd, 'text.mjs'), `export const text = `)
  await stderr(/was not applied/)
  assert.equal(await text(), 'one')

  writeFileSync(join(cwd, 'text.mjs'), `export const text = 'two'`)
  await stdout(/config \/x has changed: handler$/m)
  assert.equal(await text(), 'two')

  writeFileSync(join(cwd, 'serve8008.config.mjs'), handler.replace('new App()', '() => new Response("three")'))
  await stdout(/config \/x now is answered by \(function handler\) \(was \(object App\)\)$/m)
  assert.equal(await text(), 'three')
})

test('reports an edit without changes with --json, or after a broken edit', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config('one') })
  const file = join(cwd, 'serve8008.config.mjs')
  const pretty = await serveHere(t, [], { cwd })
  const json = await startHere(t, ['--port', '0', '--json'], { cwd }, /"url".*\n/)
  writeFileSync(file, `${config('one')} // mended`)
  const [line] = await json.stdout(/^\{"routes":.*\}$/m)
  const { routes } = JSON.parse(line) as { routes: { time: string; ids: unknown; changes: unknown } }
  assert.match(routes.time, /^\d{4}-\d\d-\d\dT\S+Z$/)
  assert.deepEqual([routes.ids, routes.changes], [['/x'], []])

  writeFileSync(file, 'export default {')
  await pretty.stderr(/was not applied/)
  writeFileSync(file, config('one'))
  const [text] = await pretty.stdout(/(?:.*\n)* {2}config is valid again; the routes have not changed\n/)
  assert.equal(text.split('have not changed').length, 2, text)
})

for (const [name, write] of [
  ['serve8008.config.cjs', (body: string) => config(body).replace('export default', 'module.exports =')],
  ['serve8008.config.json', (body: string) => JSON.stringify({ routes: [{ match: { path: '/x' }, reply: { body } }] })],
] as const) {
  test(`${name} is read again`, async (t) => {
    const cwd = await folderOf(t, { [name]: write('one') })
    const { url, stdout } = await serveHere(t, [], { cwd })
    writeFileSync(join(cwd, name), write('two, longer'))
    await stdout(/ {2}config \/x has changed: body/)
    assert.equal(await (await fetch(new URL('x', url))).text(), 'two, longer')
  })
}

for (const [kind, files] of [
  [
    'modules',
    {
      'serve8008.config.mjs': `import { routes } from './routes.mjs'\nexport default async () => ({ routes: await routes })`,
      'routes.mjs': `import body from './deep/body.mjs'\nexport const routes = Promise.resolve([{ match: { path: '/x' }, reply: { body } }])`,
      'deep/body.mjs': `import { readFileSync } from 'node:fs'\nexport default 'one'`,
    },
  ],
  [
    'CommonJS',
    {
      'serve8008.config.cjs': `module.exports = { routes: require('./routes') }`,
      'routes.js': `exports.body = 0; module.exports = [{ match: { path: '/x' }, reply: { body: require("./deep/body.cjs") } }]`,
      'deep/body.cjs': `module.exports = 'one'`,
    },
  ],
  [
    'a module that imports CommonJS and JSON',
    {
      'serve8008.config.mjs': `import routes from './routes.cjs'\nexport default { routes }`,
      'routes.cjs': `module.exports = [{ match: { path: '/x' }, reply: { body: require('./deep/body.json')[0] } }]`,
      'deep/body.json': `["one"]`,
    },
  ],
  [
    'TypeScript',
    {
      'serve8008.config.mts': `import { routes } from './routes.mts'\nexport default { routes }`,
      'routes.mts': `import body from './deep/body.mts'\nexport const routes: unknown[] = [{ match: { path: '/x' }, reply: { body } }]`,
      'deep/body.mts': `const body: string = 'one'\nexport default body`,
    },
  ],
] as const) {
  // Node runs TypeScript from 22.18 on.
  const skip = kind === 'TypeScript' && !('typescript' in process.features && process.features.typescript !== false)
  test(`an edit of what the config file imports holds too: ${kind}`, { skip }, async (t) => {
    const cwd = await folderOf(t, files)
    const { url, stdout, stderr } = await serveHere(t, [], { cwd })
    const text = async (): Promise<string> => (await fetch(new URL('x', url))).text()
    assert.equal(await text(), 'one')
    const deep = Object.keys(files).find((name) => name.startsWith('deep/')) as string
    const before = (files as Readonly<Record<string, string>>)[deep] as string

    writeFileSync(join(cwd, deep), before.replace('one', 'two, longer'))
    await stdout(/ {2}config \/x has changed: body/)
    assert.equal(await text(), 'two, longer')

    writeFileSync(join(cwd, deep), '{')
    await stderr(/E8008_CONFIG_UNREADABLE/)
    assert.equal(await text(), 'two, longer')

    writeFileSync(join(cwd, deep), before.replace('one', 'three'))
    await stdout(/(?: {2}config \/x has changed: body\n[^]*){2}/)
    assert.equal(await text(), 'three')
  })
}

test('watches files that an edit begins to import, and a missing file once it exists', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config('one') })
  const { url, stdout, stderr } = await serveHere(t, [], { cwd })
  const text = async (): Promise<string> => (await fetch(new URL('x', url))).text()
  const importing = `import body from './body.mjs'\n${config('').replace("''", 'body')}`
  writeFileSync(join(cwd, 'serve8008.config.mjs'), importing)
  await stderr(/E8008_CONFIG_UNREADABLE/)
  assert.equal(await text(), 'one')
  writeFileSync(join(cwd, 'body.mjs'), `export default 'two'`)
  await stdout(/ {2}config \/x has changed: body/)
  assert.equal(await text(), 'two')
})

test('keeps the server running when a config file ends its process on the second read', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config('one') })
  const { url, stderr } = await serve(t, [], { cwd })
  writeFileSync(join(cwd, 'serve8008.config.mjs'), `process.exit(3)\n${config('two')}`)
  await stderr(/it ended its process before it gave its options/)
  assert.equal(await (await fetch(new URL('x', url))).text(), 'one')
})

test('the next edit aborts a config file that never finishes', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config('one') })
  const { url, stdout, child, ended } = await serve(t, [], { cwd })
  writeFileSync(
    join(cwd, 'serve8008.config.mjs'),
    `import { writeFileSync } from 'node:fs'
    console.log('said by the config file')
    writeFileSync('begun', '')
    for (;;);`,
  )
  await appears(join(cwd, 'begun'))
  writeFileSync(join(cwd, 'serve8008.config.mjs'), config('two'))
  await stdout(/ {2}config \/x has changed: body/)
  assert.equal(await (await fetch(new URL('x', url))).text(), 'two')
  child.kill('SIGTERM')
  const { exitCode, stdout: said, stderr } = await ended
  assert.deepEqual([exitCode, stderr], [0, ''])
  assert.doesNotMatch(said, /said by/)
})

test('the server can end while a config file waits for a pipe', { skip: !hasPipes }, async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config('one') })
  const { child, ended } = await serve(t, [], { cwd })
  execFileSync('mkfifo', [join(cwd, 'pipe')])
  const waiting = `import { readFileSync, writeFileSync } from 'node:fs'\nwriteFileSync('begun', '')\nreadFileSync('pipe')`
  writeFileSync(join(cwd, 'serve8008.config.mjs'), waiting)
  await appears(join(cwd, 'begun'))
  child.kill('SIGTERM')
  assert.equal((await ended).exitCode, 0)
})

test('reports code of an edit that stands for data', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config('one') })
  const { stderr } = await serveHere(t, [], { cwd })
  writeFileSync(join(cwd, 'serve8008.config.mjs'), `export default { proxy: { '/a': () => 1 } }`)
  await stderr(/serve8008\.config\.mjs: proxy\.\/a: expected a target/)
})

test('an edit tells what changed, and what needs a restart with its values', async (t) => {
  const write = (more: string): string => `export default { port: 0, ${more} }`
  const cwd = await folderOf(t, { 'serve8008.config.mjs': write(`proxy: { '/api/orders': 39303, '/b': 2 }`) })
  const { stdout, stderr } = await startHere(t, [], { cwd }, / at (http\S+)/)
  const secret = `auth: 'ann:hunter2', headers: { 'x-a': 'b' }`
  writeFileSync(
    join(cwd, 'serve8008.config.mjs'),
    write(`port: 3000, cors: ['https://a.test'], ${secret}, proxy: { '/api/orders': 39399, '/c': 3 }`),
  )
  await stdout(/^\d\d:\d\d:\d\d {2}config has changed routes: \/api\/orders, \/c, \/b$/m)
  const [text] = await stderr(/^warning {2}.* need a restart .*$/m)
  assert.equal(
    text,
    'warning  serve8008.config.mjs has changes that need a restart of serve8008: port becomes 3000 (now 0); headers; cors becomes https://a.test (now off); auth.',
  )
  writeFileSync(join(cwd, 'serve8008.config.mjs'), write(`single: true, proxy: { '/c': 3 }`))
  await stderr(/ need a restart of serve8008: single becomes on \(now off\)\.$/m)
  writeFileSync(join(cwd, 'serve8008.config.mjs'), write(`proxy: { '/c': 3 }`))
  await stdout(/ {2}config no restart is pending any more$/m)
  writeFileSync(join(cwd, 'serve8008.config.mjs'), write(`proxy: { '/api/orders': 39303, '/b': 2 }`))
  await stdout(/ {2}config \/b is new and goes to localhost:2$/m)
  await stdout(/ {2}config \/c is gone \(went to localhost:3\)$/m)
  writeFileSync(join(cwd, 'serve8008.config.mjs'), write(`proxy: { '/api/orders': 39399, '/b': 2 }`))
  await stdout(/^\d\d:\d\d:\d\d {2}config \/api\/orders now goes to localhost:39399 \(was 39303\)$/m)
})

test('an edit of much that needs a restart is two lines', async (t) => {
  const cwd = await folderOf(t, {
    'serve8008.config.json': '{ "port": 0, "proxy": { "/a": 1, "/b": 2, "/d": 4, "/e": 5 } }',
  })
  const { stdout, stderr } = await startHere(t, [], { cwd }, / at (http\S+)/)
  const options = {
    port: 3000,
    single: true,
    listing: false,
    cors: true,
    live: false,
    reload: 'morph',
    proxy: { '/c': 3 },
  }
  writeFileSync(join(cwd, 'serve8008.config.json'), JSON.stringify(options))
  await stdout(/ {2}config has changed routes: \/c, \/a, \/b, \/d, and 1 more$/m)
  await stderr(/ need a restart of serve8008: port, single, listing, live, reload, cors\.$/m)
})

test('an edit of mounts and of routes to folders holds from the next request on', async (t) => {
  const cwd = await folderOf(t, {
    'serve8008.config.json': '{ "port": 0, "mounts": { "/docs": "./docs" } }',
    'site/index.html': 'site',
    'docs/a.txt': 'docs',
    'more/a.txt': 'more',
  })
  const { url, stdout, stderr } = await serveHere(t, ['./site'], { cwd })
  const text = async (path: string): Promise<string> => (await fetch(new URL(path, url))).text()
  const edit = (options: object): void => writeFileSync(join(cwd, 'serve8008.config.json'), JSON.stringify(options))
  assert.equal(await text('docs/a.txt'), 'docs')
  edit({ port: 0, routes: [{ match: { path: '/more' }, root: './more' }], mounts: { '/docs': './more' } })
  await stdout(/ {2}config \/more is new and serves .*more$/m)
  await stdout(/ {2}config \/docs now serves .*more \(was .*docs\)$/m)
  assert.deepEqual([await text('more/a.txt'), await text('docs/a.txt')], ['more', 'more'])
  edit({ port: 0, mounts: { '/docs': './none' } })
  await stderr(/The folder of \/docs does not exist: .*none\n.*E8008_ROOT_NOT_FOUND/)
  assert.equal(await text('docs/a.txt'), 'more')
  edit({ port: 0 })
  await stdout(/ {2}config \/more is gone \(served .*more\)$/m)
  assert.equal((await fetch(new URL('docs/a.txt', url))).status, 404)
})

test('reports a config file that was deleted, and its return', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config('one') })
  const file = join(cwd, 'serve8008.config.mjs')
  const { url, stdout, stderr } = await serveHere(t, [], { cwd })
  rmSync(file)
  await stderr(/^warning {2}serve8008\.config\.mjs was deleted; its settings stay in use\.$/m)
  assert.equal(await (await fetch(new URL('x', url))).text(), 'one')
  writeFileSync(file, config('one'))
  await stdout(/ {2}config is valid again; the routes have not changed\n/)
})

test('with --json an edit is one line with its changes', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.json': '{ "proxy": { "/a": 1 } }' })
  const { stdout } = await startHere(t, ['--json', '--port', '0'], { cwd }, /^\{.*\}$/m)
  writeFileSync(join(cwd, 'serve8008.config.json'), '{ "cors": true, "proxy": { "/a": { "to": 2, "retries": 2 } } }')
  const [line] = await stdout(/^\{"routes":.*\}$/m)
  const { routes } = JSON.parse(line) as { routes: Record<string, unknown> }
  assert.deepEqual(routes['ids'], ['/a'])
  assert.deepEqual(routes['changes'], [
    { route: '/a', change: 'changed', to: 'localhost:2', was: 'localhost:1', settings: ['retries'] },
  ])
  assert.deepEqual(routes['restart'], ['cors'])
})

test('refuses an edit that forwards a route to the server itself', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config('one') })
  const { url, port, stderr } = await serveHere(t, [], { cwd })
  writeFileSync(join(cwd, 'serve8008.config.mjs'), `export default { proxy: { '/x': 'http://localhost:${port}' } }`)
  await stderr(
    /The upstream localhost:\d+ of \/x is this server itself\.\n.*E8008_CONFIG_INVALID[^]*serve8008\.config\.mjs was not applied; the previous routes stay in use\./,
  )
  assert.equal(await (await fetch(new URL('x', url))).text(), 'one')
})
