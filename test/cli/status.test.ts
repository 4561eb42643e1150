import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runningServers } from '../../src/cli/server-process.ts'
import { commandWords, folderOf, registered, serve, start, type Command } from './command.ts'
import { runHere } from './here.ts'

const posix = process.platform === 'win32' ? 'Windows has pipes in place of sockets' : false

/** Serves until the registry knows the server. */
async function serveRegistered(
  t: TestContext,
  cwd: string,
  env: Record<string, string>,
  ...args: string[]
): Promise<Command & { readonly url: string; readonly port: number }> {
  const before = runningServers(env).length
  const server = await serve(t, args, { cwd, env })
  await registered(env, before + 1)
  return server
}

test('status lists the servers of this user with address, folder and process, also as list', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const cwd = await folderOf(t, { 'site/index.html': 'x', 'docs/a.txt': 'x' })
  const none = await runHere(t, ['status'], { cwd, env })
  assert.deepEqual([none.exitCode, none.stdout], [0, 'No server of yours is running (start one with: serve8008).\n'])
  assert.deepEqual(JSON.parse((await runHere(t, ['list', '--json'], { cwd, env })).stdout), { servers: [] })

  // Without live reload too.
  const site = await serveRegistered(t, cwd, env, './site', '--no-live')
  const docs = await serveRegistered(t, cwd, env, './docs')
  const { stdout } = await runHere(t, ['list'], { cwd, env })
  for (const [{ url, child }, folder] of [
    [site, './site'],
    [docs, './docs'],
  ] as const) {
    assert.match(stdout, new RegExp(`^${url} +${folder} +pid ${child.pid} +up \\d+ s, since \\d\\d:\\d\\d$`, 'm'))
  }
  const { servers } = JSON.parse((await runHere(t, ['status', '--json'], { cwd, env })).stdout) as {
    servers: { url: string; startedAt: string; uptimeSeconds: number }[]
  }
  assert.equal(servers.length, 2)
  const { startedAt = '', uptimeSeconds = -1, ...its } = servers.find(({ url }) => url === site.url) ?? {}
  assert.deepEqual(its, {
    name: 'site',
    url: site.url,
    folder: join(cwd, 'site'),
    pid: site.child.pid,
    urls: [site.url],
    sites: [],
    routes: [],
  })
  const age = Date.now() - Date.parse(startedAt)
  assert.ok(age > 0 && age / 1000 - uptimeSeconds < 60, `${startedAt} ${uptimeSeconds}`)
})

test('ls shows mounts and routes, and the routes of an edited config file', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const config = (port: number): string =>
    JSON.stringify({ port: 0, mounts: { '/docs': './docs' }, proxy: { '/api': `http://localhost:${port}` } })
  const cwd = await folderOf(t, { 'docs/a.txt': 'x', 'serve8008.config.json': config(3000) })
  const { stdout } = await serveRegistered(t, cwd, env)
  const list = async (): Promise<unknown> => {
    const { servers } = JSON.parse((await runHere(t, ['ls', '--json'], { cwd, env })).stdout) as {
      servers: { routes: unknown }[]
    }
    return servers[0]?.routes
  }
  assert.deepEqual(await list(), [
    { route: '/api', to: 'localhost:3000' },
    { route: '/docs', to: join(cwd, 'docs') },
  ])
  assert.match(
    (await runHere(t, ['ls'], { cwd, env })).stdout,
    /^ {2}routes {2}\/api -> localhost:3000, \/docs -> .\/docs$/m,
  )
  writeFileSync(join(cwd, 'serve8008.config.json'), config(3001))
  await stdout(/config \/api now .*\n/)
  assert.deepEqual(((await list()) as unknown[])[0], { route: '/api', to: 'localhost:3001' })
})

test('stop ends the server of this folder with its exit code 0, or the one of a port', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const here = await folderOf(t, {})
  const elsewhere = await folderOf(t, {})
  const first = await serveRegistered(t, here, env)
  const second = await serveRegistered(t, elsewhere, env)
  const stopped = await runHere(t, ['stop', '--json'], { cwd: here, env })
  assert.deepEqual(JSON.parse(stopped.stdout), { stopped: { url: first.url, folder: here, pid: first.child.pid } })
  assert.equal((await first.ended).exitCode, 0)

  const word = await runHere(t, ['stop', String(second.port)], { cwd: here, env })
  assert.deepEqual([word.exitCode, word.stderr.includes(`try: serve8008 stop --port ${second.port}`)], [2, true])
  const named = await runHere(t, ['stop', elsewhere, '--json'], { cwd: here, env })
  const { error } = JSON.parse(named.stderr) as { error: { command: unknown } }
  assert.equal(error.command, `serve8008 stop --port ${second.port} --json`)
  const unknown = await runHere(t, ['stop', 'none'], { cwd: here, env })
  assert.match(unknown.stderr, /takes no arguments, but got none\.\nE8008_USAGE {3}try: serve8008 stop --port PORT\n$/)
  const other = await runHere(t, ['stop', '--port', String(second.port)], { cwd: here, env })
  assert.equal(other.stdout, `Stopped ${second.url} (${elsewhere}).\n`)
  assert.equal((await second.ended).exitCode, 0)

  const none = await runHere(t, ['stop'], { cwd: here, env })
  assert.equal(none.exitCode, 1)
  assert.match(none.stderr, /^No server of yours is running\.\nE8008_NOT_RUNNING {3}try: serve8008 status\n$/)
})

test('stop does not end the only server if it is of another folder, and says how to end it', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const elsewhere = await folderOf(t, {})
  const { url, port, ended } = await serveRegistered(t, elsewhere, env)
  const refused = await runHere(t, ['stop'], { cwd: await folderOf(t, {}), env })
  assert.deepEqual(
    [refused.exitCode, refused.stderr],
    [
      1,
      `No server of this folder is running; ${url} serves ${elsewhere}.\nE8008_NOT_RUNNING   try: serve8008 stop --port ${port}\n`,
    ],
  )
  assert.equal(runningServers(env).length, 1)
  // What reloads pages does no harm.
  assert.equal((await runHere(t, ['reload'], { cwd: await folderOf(t, {}), env })).exitCode, 0)
  assert.equal((await runHere(t, ['stop', '--port', String(port)], { env })).exitCode, 0)
  assert.equal((await ended).exitCode, 0)
})

test('stop ends a server that was started by a relative name', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const script = commandWords.at(-1) as string
  const cwd = dirname(script)
  const words = [...commandWords.slice(0, -1), basename(script)] as unknown as typeof commandWords
  const { stdout, ended } = start(t, ['--port', '0', '--no-config'], { cwd, env, words })
  await stdout(/ at http:/)
  await registered(env)
  const stopped = await runHere(t, ['stop'], { cwd, env })
  assert.deepEqual([stopped.exitCode, stopped.stderr], [0, ''])
  assert.equal((await ended).exitCode, 0)
})

const parents = process.platform === 'win32' ? 'Windows keeps no process for its parent' : false

test('stop does not wait for a zombie whose parent never reads its exit code', { skip: parents }, async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const cwd = await folderOf(t, {})
  // A shell that has become another program knows of no child.
  const [program, ...words] = [...commandWords, '--port', '0']
  const parent = spawn('sh', ['-c', '"$@" & exec sleep 600', 'sh', program, ...words], {
    cwd,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  })
  t.after(() => parent.kill('SIGKILL'))
  await registered(env)
  const pid = runningServers(env)[0]?.pid ?? 0
  const stopped = await runHere(t, ['stop', '--json'], { cwd, env })
  assert.deepEqual([stopped.exitCode, stopped.stderr], [0, ''])
  // Its parent still has to be told, so the process is not gone.
  assert.equal(process.kill(pid, 0), true)
  assert.deepEqual(runningServers(env), [])
})

test('a server on a unix socket is listed and stopped, but not asked to reload pages', { skip: posix }, async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const cwd = await folderOf(t, {})
  const { child, stdout, ended } = start(t, ['--socket', 'site.sock'], { cwd, env })
  await stdout(/ at unix:/)
  await registered(env)
  const { servers } = JSON.parse((await runHere(t, ['status', '--json'], { cwd, env })).stdout) as {
    servers: { url: string; pid: number }[]
  }
  assert.deepEqual(
    servers.map(({ url, pid }) => [url, pid]),
    [[`unix:${join(cwd, 'site.sock')}`, child.pid]],
  )
  const reload = await runHere(t, ['reload'], { cwd, env })
  assert.deepEqual(
    [reload.exitCode, reload.stderr.split('\n')[0]],
    [1, 'No server of yours with live reload is running.'],
  )
  assert.equal((await runHere(t, ['stop'], { cwd, env })).exitCode, 0)
  assert.equal((await ended).exitCode, 0)
})

test('no command signals a process that has the id of a killed server', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const cwd = await folderOf(t, {})
  const { child, ended } = await serveRegistered(t, cwd, env)
  child.kill('SIGKILL')
  await ended
  const folder = join(env.XDG_RUNTIME_DIR, 'serve8008')
  const [name = ''] = readdirSync(folder)
  const entry = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>
  const innocent = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  t.after(() => innocent.kill('SIGKILL'))
  await once(innocent, 'spawn')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${innocent.pid}.json`), JSON.stringify({ ...entry, pid: innocent.pid }))
  const { exitCode, stderr } = await runHere(t, ['stop'], { cwd, env })
  assert.equal(exitCode, 1)
  // Windows takes too long to tell what a process runs for asking about each that is listed.
  const expected =
    process.platform === 'win32' ? /^Process \d+ is no longer the server of http:/ : /^No server of yours is /
  assert.match(stderr, expected)
  if (process.platform !== 'win32') {
    assert.deepEqual(JSON.parse((await runHere(t, ['status', '--json'], { cwd, env })).stdout), { servers: [] })
  }
  assert.deepEqual([innocent.exitCode, innocent.signalCode], [null, null])
})

test('version, help of a flag, and words that stand in the wrong place', async (t) => {
  const cwd = await folderOf(t, {})
  const ask = async (...args: string[]): Promise<[number | null, string]> => {
    const { exitCode, stdout, stderr } = await runHere(t, args, { cwd })
    return [exitCode, stdout + stderr]
  }
  const [code, version] = await ask('version')
  assert.deepEqual([code, version], [0, (await ask('--version'))[1]])
  assert.deepEqual(Object.keys(JSON.parse((await ask('version', '--json'))[1]) as object), ['version'])

  for (const word of ['port', '--port', '-p']) {
    const [exitCode, page] = await ask('help', word)
    assert.equal(exitCode, 0)
    assert.match(page, /^--port\n/)
    assert.match(page, /SERVE8008_PORT, PORT/)
    assert.doesNotMatch(page, /--mount/)
  }
  assert.match((await ask('help', 'spa'))[1], /^--single\n/)
  assert.match((await ask('help', 'no-live'))[1], /^--live\n/)
  assert.match((await ask('help', 'history-api-fallback'))[1], /^--single\n/)
  assert.deepEqual(await ask('help', 'prot'), [
    2,
    'There is no command, flag, preset or help group "prot".\nE8008_USAGE   try: serve8008 help port\n',
  ])

  for (const [args, hint] of [
    [['-x', '/api', '3000'], 'serve8008 -x /api=3000'],
    [['--proxy=/api', ':3000'], 'serve8008 --proxy=/api=:3000'],
    [['--mount', '/docs', './manual'], 'serve8008 --mount /docs=./manual'],
    [['--limit', 'headerBytes', '3000'], 'serve8008 --limit headerBytes=3000'],
    [['explain', '/api/users', 'GET'], 'serve8008 explain GET /api/users'],
    [['explain', 'http://localhost/a', 'post', '-H', 'a: b'], 'serve8008 explain POST http://localhost/a -H "a: b"'],
    [['explain', 'get', '/a'], 'serve8008 explain GET /a'],
    [['-H', 'localhost'], 'serve8008 --host localhost'],
    [['status', 'all'], 'serve8008 status'],
    [['version', '--jsno'], 'serve8008 version --json'],
  ] as const) {
    const [exitCode, text] = await ask(...args)
    assert.equal(exitCode, 2, args.join(' '))
    assert.ok(text.endsWith(`try: ${hint}\n`), `${args.join(' ')}: ${text}`)
  }
})
