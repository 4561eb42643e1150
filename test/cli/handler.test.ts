import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderOf, serve } from './command.ts'
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

for (const [kind, source] of Object.entries({ hono, h3, plain })) {
  test(`--handler: ${kind} answers what is no file, and an edit replaces it once it is good`, async (t) => {
    const cwd = await folderOf(t, { 'app.mjs': source, 'name.mjs': `export const name = 'one'`, 'a.txt': 'alpha' })
    const { url, stdout, stderr } = await serve(t, ['--handler', 'app.mjs'], { cwd })
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
    assert.match(await page(), /<title>two<\/title>/)
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
