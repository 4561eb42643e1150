// starts first: a handler gets ten seconds to load
import assert from 'node:assert/strict'
import { existsSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { folderOf, run, serve } from './command.ts'
import { runHere, serveHere } from './here.ts'

const hono = `import { Hono } from '${import.meta.resolve('hono')}'
  import { name } from './name.mjs'
  export default new Hono().get('/', (c) => c.html('<!doctype html><title>' + name + '</title>'))
    .post('/form', async (c) => c.json(await c.req.json()))`
const h3 = `import { H3 } from '${import.meta.resolve('h3')}'
  import { name } from './name.mjs'
  export default new H3().get('/', () => new Response('<!doctype html><title>' + name + '</title>', { headers: { 'content-type': 'text/html' } }))
    .post('/form', (event) => event.req.json())`
const plain = `import { name } from './name.mjs'
  export default async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/form') return Response.json(await request.json())
    if (pathname === '/') return new Response('<!doctype html><title>' + name + '</title>', { headers: { 'content-type': 'text/html' } })
  }`
const navigation = { accept: 'text/html', 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate' }

/** Waits for an answer. The system may report the first version of a file late, which prints a line too. */
async function becomes(ask: () => Promise<string>, text: RegExp): Promise<void> {
  while (!text.test(await ask())) await setTimeout(20)
}

for (const [kind, source] of Object.entries({ hono, h3, plain })) {
  test(`--handler: ${kind} answers what is no file, and an edit replaces it once it is good`, async (t) => {
    const cwd = await folderOf(t, { 'app.mjs': source, 'name.mjs': `export const name = 'one'`, 'a.txt': 'alpha' })
    const { url, stdout, stderr } = await serveHere(t, ['--handler', 'app.mjs'], { cwd })
    const page = async (): Promise<string> => (await fetch(url, { headers: navigation })).text()
    assert.match(await page(), /<title>one<\/title>/)
    assert.match(await page(), /__serve8008\/live\.js/)
    assert.equal(await (await fetch(new URL('a.txt', url))).text(), 'alpha')
    const form = await fetch(new URL('form', url), { method: 'POST', body: '{"a":1}' })
    assert.deepEqual(await form.json(), { a: 1 })
    assert.equal((await fetch(new URL('none', url))).status, 404)
    // Its code is not served.
    for (const file of ['app.mjs', 'name.mjs']) assert.equal((await fetch(new URL(file, url))).status, 404)

    writeFileSync(join(cwd, 'name.mjs'), `export const name = `)
    await stderr(/app\.mjs cannot be loaded: /)
    await stdout(/handler app\.mjs was not applied; the previous one answers$/m)
    assert.match(await page(), /<title>one<\/title>/)

    writeFileSync(join(cwd, 'name.mjs'), `export const name = 'two'`)
    await stdout(/handler app\.mjs answers as it is now$/m)
    await becomes(page, /<title>two<\/title>/)
  })
}

test('--handler runs TypeScript where Node does, and says what else helps', async (t) => {
  const cwd = await folderOf(t, {
    'app.ts': `export default (request: Request): Response => new Response(request.method)`,
  })
  if ('typescript' in process.features && process.features.typescript !== false) {
    const { url } = await serve(t, ['--handler', './app.ts'], { cwd })
    assert.equal(await (await fetch(url)).text(), 'GET')
  } else {
    const { exitCode, stderr } = await runHere(t, ['--handler', './app.ts', '--port', '0'], { cwd })
    assert.equal(exitCode, 2)
    assert.match(stderr, /app\.ts cannot be loaded: .*\n.*use Node 22\.18 or newer, or write JavaScript in app\.mjs/)
  }
})

test('--handler refuses a module without a handler', async (t) => {
  const cwd = await folderOf(t, { 'app.mjs': 'export default 5' })
  const { exitCode, stderr } = await runHere(t, ['--handler', 'app.mjs', '--port', '0'], { cwd })
  assert.equal(exitCode, 2)
  assert.match(stderr, /app\.mjs does not export a handler by default\./)
})

test('an edit of the config file replaces its handler', async (t) => {
  const config = (text: string): string => `export default { handler: { fetch: () => new Response('${text}') } }`
  const cwd = await folderOf(t, { 'serve8008.config.mjs': config('one') })
  const { url, stdout } = await serveHere(t, [], { cwd })
  assert.equal(await (await fetch(url)).text(), 'one')
  writeFileSync(join(cwd, 'serve8008.config.mjs'), config('two'))
  await stdout(/config has its handler loaded again$/m)
  assert.equal(await (await fetch(url)).text(), 'two')
})

/** As an endless loop, without its load on the machine. */
const blocked = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'

const good = (text: string): string => `export default () => new Response('${text}')`

for (const [name, source, message] of [
  [
    'never lets its thread go, as an endless loop',
    blocked,
    /app\.mjs cannot be loaded: it did not give its handler within 10 seconds\./,
  ],
  [
    'ends the process',
    'process.exit(0)',
    /app\.mjs cannot be loaded: it ended its process before it gave its handler\./,
  ],
  [
    'never settles',
    `await new Promise(() => {}); ${good('x')}`,
    /it never gives its handler: what it awaits or exports/,
  ],
  ['throws', `null.x\n${good('x')}`, /app\.mjs cannot be loaded: Cannot read properties .*\(line 1, column 6\)\./],
  ['exports no handler', 'export default 5', /app\.mjs does not export a handler by default\./],
  ['exports nothing', 'export const x = 5', /app\.mjs has no default export\./],
] as const) {
  test(`an edit that ${name} leaves the old version in place, and the next edit replaces it`, async (t) => {
    const cwd = await folderOf(t, { 'app.mjs': good('one') })
    const { url, stdout, stderr } = await serveHere(t, ['--handler', 'app.mjs'], { cwd })
    writeFileSync(join(cwd, 'app.mjs'), source)
    await stderr(message)
    await stdout(/handler app\.mjs was not applied; the previous one answers$/m)
    assert.equal(await (await fetch(url)).text(), 'one')
    writeFileSync(join(cwd, 'app.mjs'), good('two'))
    await stdout(/handler app\.mjs answers as it is now$/m)
    await becomes(async () => (await fetch(url)).text(), /^two$/)
  })
}

for (const [name, source, message] of [
  [
    'ends the process',
    'process.exit(0)',
    /app\.mjs cannot be loaded: it ends the process before it gives its handler\./,
  ],
  ['never settles', 'await new Promise(() => {})', /Export the handler, or a promise of it that is settled/],
] as const) {
  test(`a start with a handler that ${name} fails with the reason`, async (t) => {
    const cwd = await folderOf(t, { 'app.mjs': source })
    const { exitCode, stderr } = await run(t, ['--handler', 'app.mjs', '--port', '0'], { cwd })
    assert.equal(exitCode, 2)
    assert.match(stderr, message)
  })
}

test('a newer edit replaces one that does not end', async (t) => {
  const cwd = await folderOf(t, { 'app.mjs': good('one') })
  const { url, stdout } = await serveHere(t, ['--handler', 'app.mjs'], { cwd })
  writeFileSync(
    join(cwd, 'app.mjs'),
    `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(join(cwd, 'begun'))}, '')\n${blocked}`,
  )
  while (!existsSync(join(cwd, 'begun'))) await setTimeout(20)
  writeFileSync(join(cwd, 'app.mjs'), good('two'))
  await stdout(/handler app\.mjs answers as it is now$/m)
  await becomes(async () => (await fetch(url)).text(), /^two$/)
})

test('a module that is deleted and written again is loaded again', async (t) => {
  const cwd = await folderOf(t, { 'app.mjs': good('one') })
  const { url, stdout, stderr } = await serveHere(t, ['--handler', 'app.mjs'], { cwd })
  rmSync(join(cwd, 'app.mjs'))
  await stderr(/There is no module .*app\.mjs for the option handler\./)
  assert.equal(await (await fetch(url)).text(), 'one')
  writeFileSync(join(cwd, 'new.mjs'), good('two'))
  renameSync(join(cwd, 'new.mjs'), join(cwd, 'app.mjs'))
  await stdout(/handler app\.mjs answers as it is now$/m)
  await becomes(async () => (await fetch(url)).text(), /^two$/)
})

test('what a linked module imports beside its own file is watched, and not served', async (t) => {
  const cwd = await folderOf(t, {
    'real/app.mjs': `import { name } from './name.mjs'\nexport default ({ url }) => url.endsWith('/') ? new Response(name) : undefined`,
    'real/name.mjs': `export const name = 'one'`,
  })
  symlinkSync('real/app.mjs', join(cwd, 'app.mjs'))
  const { url, stdout } = await serveHere(t, ['--handler', 'app.mjs'], { cwd })
  for (const file of ['app.mjs', 'real/app.mjs', 'real/name.mjs'])
    assert.equal((await fetch(new URL(file, url))).status, 404)
  writeFileSync(join(cwd, 'real/name.mjs'), `export const name = 'two'`)
  await stdout(/handler app\.mjs answers as it is now$/m)
  await becomes(async () => (await fetch(url)).text(), /^two$/)
})

test('an error outside of a request is reported, and the server continues', async (t) => {
  const cwd = await folderOf(t, {
    'app.mjs': `export default ({ url }) => {
      if (url.endsWith('/promise')) void Promise.reject(new Error('forgotten'))
      if (url.endsWith('/timer')) setTimeout(() => { throw new Error('too late') })
      return new Response('ok')
    }`,
  })
  const { url, stderr } = await serve(t, ['--handler', 'app.mjs'], { cwd })
  await fetch(new URL('promise', url))
  await stderr(/^Code of the project failed outside of a request: Error: forgotten \(app\.mjs, line 2, column 57\)$/m)
  await fetch(new URL('timer', url))
  await stderr(/outside of a request: Error: too late \(app\.mjs, line 3, column 60\)\nE8008_HANDLER/)
  assert.equal(await (await fetch(url)).text(), 'ok')
})
