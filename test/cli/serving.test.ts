import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { RawClient, type RawReply } from '../support/raw.ts'
import { commandWords, folderOf, run, serve, start } from './command.ts'
import { runHere, serveHere } from './here.ts'

async function site(t: TestContext): Promise<string> {
  return folderOf(t, { 'site/index.html': '<h1>site</h1>', 'manual/index.html': '<h1>manual</h1>' })
}

/** A port that another process holds, and that process's id. */
async function heldPort(t: TestContext): Promise<{ port: number; pid: number | undefined }> {
  const script = `require('net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
  const { child, stdout } = start(t, [], { words: [process.execPath, '-e', script] })
  const [text] = await stdout(/\d+\n/)
  return { port: Number(text), pid: child.pid }
}

test('serves and refuses with frozen intrinsics', async (t) => {
  const cwd = await site(t)
  const env = { NODE_OPTIONS: '--frozen-intrinsics' }
  const { url } = await serve(t, ['./site'], { cwd, env })
  assert.deepEqual([(await fetch(url)).status, (await fetch(`${url}none`)).status], [200, 404])
})

test('prints one plain line to a pipe, then the log', async (t) => {
  const cwd = await site(t)
  const { url, child, stdout, ended } = await serve(t, ['./site'], { cwd })
  assert.equal(await (await fetch(url)).text(), '<h1>site</h1>')
  await stdout(/200 {2}GET \//)
  child.kill('SIGTERM')
  const { exitCode, stdout: text, stderr } = await ended
  assert.equal(exitCode, 0)
  assert.equal(stderr, '')
  assert.match(text, new RegExp(`^serve8008 \\S+ serving \\.[\\\\/]site at ${url}\\n`))
  assert.equal(text.includes('\u001B'), false)
})

test('the folder defaults to the working directory, and a plain word mounts another', async (t) => {
  const cwd = await site(t)
  const { url } = await serveHere(t, ['/docs=./manual', '--log', 'none'], { cwd })
  assert.equal(await (await fetch(`${url}site/`)).text(), '<h1>site</h1>')
  assert.equal(await (await fetch(`${url}docs/`)).text(), '<h1>manual</h1>')
})

test('flags beat the environment, which beats the file', async (t) => {
  const cwd = await folderOf(t, {
    'serve8008.config.json': JSON.stringify({ headers: { 'x-from': 'file', 'x-file': 'yes' }, host: '127.0.0.2' }),
    'index.html': 'x',
  })
  const env = { PORT: '1', HOST: '127.0.0.1', SERVE8008_HEADER: 'x-from: env' }
  const fromEnv = await serveHere(t, [], { cwd, env })
  const reply = await fetch(fromEnv.url)
  assert.deepEqual([reply.headers.get('x-from'), reply.headers.get('x-file')], ['env', 'yes'])
  assert.equal(new URL(fromEnv.url).hostname, 'localhost')
  const fromFlag = await serveHere(t, ['--header', 'x-from: flag'], { cwd, env })
  assert.equal((await fetch(fromFlag.url)).headers.get('x-from'), 'flag')
})

test('--json prints one line with stable keys, then the log as JSON lines', async (t) => {
  const cwd = await site(t)
  const { child, stdout, ended } = start(t, ['./site', '--json', '--port', '0'], { cwd })
  const [line] = await stdout(/^.*\n/)
  const value = JSON.parse(line) as { url: string; pid: number; root: string; port: number }
  assert.deepEqual(Object.keys(value), [
    'version',
    'url',
    'urls',
    'port',
    'host',
    'protocol',
    'root',
    'pid',
    'readyMs',
    'skipped',
    'listeners',
    'sites',
  ])
  assert.equal(value.pid, child.pid)
  assert.equal(value.root, join(cwd, 'site'))
  await (await fetch(`${value.url}nothing`)).text()
  const [, record = ''] = await stdout(/\n(.*)\n/)
  assert.equal((JSON.parse(record) as { status: number }).status, 404)
  child.kill('SIGTERM')
  assert.equal((await ended).exitCode, 0)
})

test('--quiet prints nothing but errors', async (t) => {
  const cwd = await site(t)
  const port = await freePort()
  const { child, ended } = start(t, ['./site', '--quiet', '--port', String(port)], { cwd })
  await answers(`http://127.0.0.1:${port}/`)
  child.kill('SIGTERM')
  assert.deepEqual(await ended, { exitCode: 0, signal: null, stdout: '', stderr: '' })
  assert.match((await runHere(t, ['--quiet', './nothing'], { cwd })).stderr, /E8008_ROOT_NOT_FOUND/)
})

/** Asks until the server is there. */
async function answers(url: string): Promise<void> {
  for (;;) {
    const reply = await fetch(url).catch(() => undefined)
    await reply?.arrayBuffer()
    if (reply !== undefined) return
    await setTimeout(20)
  }
}

test('--verbose tells the config file, where settings come from, and timings', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.json': '{ "cors": true }' })
  const { stdout } = await serveHere(t, ['--verbose'], { cwd })
  await stdout(
    /\nConfig: \.[\\/]serve8008\.config\.json\nSet by: .*cors: file serve8008\.config\.json.*\nTiming: start \d+ ms, /,
  )
})

test('FORCE_COLOR colours the log of a pipe, NO_COLOR does not', async (t) => {
  const cwd = await site(t)
  for (const [env, colored] of [
    [{ FORCE_COLOR: '1' }, true],
    [{ NO_COLOR: '1' }, false],
  ] as const) {
    const { url, signal, stdout, ended } = await serveHere(t, ['./site'], { cwd, env })
    await (await fetch(url)).text()
    await stdout(/GET/)
    signal('SIGTERM')
    assert.equal((await ended).stdout.includes('\u001B['), colored)
  }
})

test('a held port names its holder, keeps to the port and exits with 3', async (t) => {
  const cwd = await site(t)
  const { port, pid } = await heldPort(t)
  const { exitCode, stdout, stderr } = await run(t, ['./site', '--port', String(port)], { cwd })
  assert.equal(exitCode, 3)
  assert.equal(stdout, '')
  assert.match(stderr, new RegExp(`^Port ${port} is in use by `))
  if (process.platform === 'linux') assert.match(stderr, new RegExp(`pid ${pid}`))
  assert.match(stderr, /\nE8008_PORT_HELD {3}try: serve8008 \.\/site --port \d+\n/)
})

test('a list of ports is tried in order, and the line says what was skipped', async (t) => {
  const cwd = await site(t)
  const { port } = await heldPort(t)
  const free = await freePort()
  const taken = await serveHere(t, ['./site', '-p', `${port},${free}`], { cwd })
  assert.equal(taken.port, free)
  await taken.stdout(new RegExp(`^serve8008 \\S+, ${port} is in use by .*, serving \\S+ at ${taken.url}\\n`))
  const strict = await runHere(t, ['./site', '-p', `${port},${free}`, '--strict-port'], { cwd })
  assert.equal(strict.exitCode, 3)
})

test('--lan warns, and CI keeps --open from opening anything', async (t) => {
  const cwd = await site(t)
  const { stderr, url } = await serveHere(t, ['./site', '--lan', '--open'], { cwd, env: { CI: '1' } })
  await stderr(/^warning {2}Everyone on this network/)
  assert.equal((await fetch(url)).status, 200)
})

test('--lan with a password warns of what plain HTTP shows', async (t) => {
  const cwd = await site(t)
  const { stderr } = await serveHere(t, ['./site', '--lan', '--auth', 'ann:secret'], { cwd })
  const [text] = await stderr(/^warning {2}Everyone on this network .*/)
  assert.match(text, /can reach this server\. Over plain HTTP the password can be read/)
})

test('warns if the browser cannot be opened, and keeps serving', async (t) => {
  const cwd = await site(t)
  const { stderr, url } = await serveHere(t, ['./site', '--open', '/a'], {
    cwd,
    env: { BROWSER: 'no-such-browser-8008' },
  })
  if (process.platform === 'linux') await stderr(/warning {2}No browser was opened /)
  assert.equal((await fetch(url)).status, 200)
})

const posix = process.platform === 'win32' ? 'Windows has no ulimit' : false

test(
  'without a free descriptor every kind of file is 503, and served once there is one',
  { skip: posix },
  async (t) => {
    const cwd = await folderOf(t, {
      'hugo.toml': '',
      'a.html': 'a',
      'large.bin': Buffer.alloc(700_000),
      'sub/b.txt': 'b',
    })
    const line = [...commandWords, '--port', '0', '--no-live'].map((word) => `'${word}'`).join(' ')
    // Coverage loads the command in many files at once, each by a descriptor.
    const { stdout, stderr } = start(t, [], { cwd, words: ['sh', '-c', `ulimit -n 192; exec ${line}`] })
    const [, port = ''] = await stdout(/ at http:\/\/localhost:(\d+)/)
    // By then the server has loaded what it may need later.
    await stderr(/source of a Hugo project/)
    const clients: RawClient[] = []
    t.after(() => {
      for (const client of clients) client.socket.destroy()
    })
    const ask = (client: RawClient, target: string): Promise<RawReply> =>
      client.send(`GET ${target} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`).reply()
    // Each connection takes a descriptor. The last one that is accepted leaves none for a file.
    let last: RawReply | undefined
    for (let tries = 0; last?.status !== 503 && tries < 192; tries++) {
      const client = await RawClient.open(Number(port))
      // Where a module is loaded at this moment, the system has no descriptor for the connection itself, which ends.
      last = await ask(client, '/large.bin').catch(() => undefined)
      if (last !== undefined) clients.push(client)
    }
    const held = clients.at(-1) as RawClient
    for (const target of ['/large.bin', '/a.html', '/a', '/sub/', '/sub/b.txt']) {
      const reply = await ask(held, target)
      assert.deepEqual([reply.status, reply.field('retry-after')], [503, '1'], target)
      assert.match(reply.body.toString(), /E8008_BUSY {3}Raise the limit of open files: ulimit -n 8192/)
    }
    await stdout(/503 {2}GET \/large\.bin .*raise the limit of open files/)
    const [first] = clients
    first?.socket.destroy()
    // The server learns of the end a moment later.
    for (const target of ['/large.bin', '/sub/', '/a']) {
      do last = await ask(held, target)
      while (last.status === 503)
      assert.equal(last.status, 200, target)
    }
  },
)
