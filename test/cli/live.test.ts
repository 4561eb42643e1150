import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { LivePage } from '../support/live-page.ts'
import { folderOf, registered, serve } from './command.ts'
import { runHere, serveHere } from './here.ts'

const files = { 'site/index.html': '<!doctype html>home', 'site/style.css': 'p{}', 'run/.keep': '' }

test('prints a line for each update of pages, and one for each page error without control characters', async (t) => {
  const cwd = await folderOf(t, files)
  const { port, stdout } = await serveHere(t, ['./site', '--console'], {
    cwd,
    env: { XDG_RUNTIME_DIR: join(cwd, 'run') },
  })
  using page = await LivePage.open(port, { resources: ['/style.css'] })
  await page.next()
  writeFileSync(join(cwd, 'site/style.css'), 'p{color:red}')
  await stdout(/^\d\d:\d\d:\d\d {2}live style\.css {25}1 page updated, (<1|\d+) ms$/m)
  page.say({ type: 'console', level: 'exception', text: 'TypeError: \u001B[2J\nat app.js:1' })
  const [line] = await stdout(/^\d\d:\d\d:\d\d {2}page \/ {2}TypeError: .*$/m)
  assert.match(line, /\\x1b\[2J$/)
})

test('for programs updates are JSON lines, and our own addresses are not logged', async (t) => {
  const cwd = await folderOf(t, files)
  const env = { XDG_RUNTIME_DIR: join(cwd, 'run') }
  const { child, stdout, ended } = await serve(t, ['./site', '--log', 'json'], { cwd, env })
  const [, port = ''] = await stdout(/localhost:(\d+)/)
  using page = await LivePage.open(Number(port), { resources: ['/style.css'] })
  await page.next()
  writeFileSync(join(cwd, 'site/style.css'), 'p{color:red}')
  const [, json = ''] = await stdout(/^(\{"live".*)$/m)
  const { live } = JSON.parse(json) as { live: { paths: string[]; pages: number } }
  assert.deepEqual([live.paths, live.pages], [[join(cwd, 'site/style.css')], 1])
  child.kill('SIGTERM')
  assert.doesNotMatch((await ended).stdout, /__serve8008/)
})

test('serve8008 reload finds the server of this folder and updates its pages', async (t) => {
  const cwd = await folderOf(t, files)
  const env = { XDG_RUNTIME_DIR: join(cwd, 'run') }
  const none = await runHere(t, ['reload'], { cwd, env })
  assert.equal(none.exitCode, 1)
  assert.match(none.stderr, /^No server of yours with live reload is running\.\nE8008_NOT_RUNNING {3}try: serve8008\n$/)
  const { port, child, ended } = await serve(t, ['./site', '--base', '/app/', '--auth', 'ann:secret'], { cwd, env })
  await registered(env)
  const slip = await runHere(t, ['reload', 'site/styel.css'], { cwd, env })
  assert.equal(slip.exitCode, 2)
  assert.match(slip.stderr, /There is no file site\/styel\.css/)
  const all = await runHere(t, ['reload'], { cwd, env })
  assert.deepEqual([all.exitCode, all.stdout], [0, `No page of http://localhost:${port}/app/ is open.\n`])
  const unused = await runHere(t, ['reload', 'site/style.css'], { cwd, env })
  assert.deepEqual(
    [unused.exitCode, unused.stdout],
    [0, `No open page of http://localhost:${port}/app/ uses these files.\n`],
  )
  const named = await runHere(t, ['reload', '--json', '--port', String(port), 'site/style.css'], { cwd, env })
  assert.deepEqual(JSON.parse(named.stdout), { url: `http://localhost:${port}/app/`, pages: 0 })
  child.kill('SIGTERM')
  await ended
  assert.deepEqual(readdirSync(join(cwd, 'run/serve8008')), [])
})

test('reload refuses to choose among several servers', async (t) => {
  const cwd = await folderOf(t, { ...files, 'elsewhere/.keep': '' })
  const env = { XDG_RUNTIME_DIR: join(cwd, 'run') }
  const first = await serve(t, ['./site'], { cwd, env })
  const second = await serve(t, ['./site'], { cwd, env })
  await registered(env, 2)
  const unsure = await runHere(t, ['reload'], { cwd, env })
  assert.equal(unsure.exitCode, 1)
  assert.match(unsure.stderr, /^Several servers of this folder are running: /)
  assert.match(unsure.stderr, /try: serve8008 reload --port PORT$/m)
  const missing = await runHere(t, ['reload', 'none.css', '--port', String(second.port), '--json'], { cwd, env })
  const { error } = JSON.parse(missing.stderr) as { error: { command: unknown } }
  assert.equal(error.command, `serve8008 reload --port ${second.port} --json`)
  const { stdout } = await runHere(t, ['reload', '-p', String(second.port)], { cwd, env })
  assert.match(stdout, new RegExp(`localhost:${second.port}/`))
  first.child.kill('SIGTERM')
  await first.ended
})

test('only the owner can read the token, and a symbolic link is not used as its folder', async (t) => {
  if (process.platform === 'win32') return t.skip('rights of files are those of unix')
  const cwd = await folderOf(t, { ...files, 'trap/.keep': '' })
  const env = { XDG_RUNTIME_DIR: join(cwd, 'run') }
  await serve(t, ['./site'], { cwd, env })
  const folder = join(cwd, 'run/serve8008')
  await registered(env)
  const [name = ''] = readdirSync(folder)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
  const runtime = join(cwd, 'trap')
  symlinkSync(folder, join(runtime, 'serve8008'))
  const before = readdirSync(folder).length
  const other = await serve(t, ['./site'], { cwd, env: { XDG_RUNTIME_DIR: runtime } })
  // It has had the time to write itself down when its pages work.
  using page = await LivePage.open(other.port)
  await page.next()
  other.child.kill('SIGTERM')
  await once(other.child, 'close')
  assert.equal(readdirSync(folder).length, before)
})
