// slow: starts many servers
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { runningServers } from '../../src/cli/server-process.ts'
import { folderOf, registered, serve, start, type Command, type Ended } from './command.ts'
import { runHere, serveHere } from './here.ts'

const linux = process.platform === 'linux' ? false : 'network namespaces are those of Linux'
const isolated =
  linux === false && spawnSync('unshare', ['-rn', 'true']).status !== 0 ? 'there is no unshare(1) that may' : linux

test('a port that serves this folder already is named with its address', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const cwd = await folderOf(t, { 'other/a.txt': '' })
  const { port, url } = await serve(t, ['.'], { cwd, env })
  await registered(env)
  const again = await runHere(t, ['--port', String(port)], { cwd, env })
  assert.equal(again.exitCode, 3)
  assert.ok(again.stderr.includes(` This folder is already served at ${url}.\n`), again.stderr)
  const json = await runHere(t, ['--port', String(port), '--json'], { cwd, env })
  const { error } = JSON.parse(json.stderr) as { error: Record<string, unknown> }
  const [first] = runningServers(env)
  assert.deepEqual([error['code'], error['url'], error['pid']], ['E8008_PORT_HELD', url, first?.pid])
  const other = await runHere(t, ['./other', '--port', String(port)], { cwd, env })
  assert.doesNotMatch(other.stderr, /already served/)
  const link = join(await folderOf(t, {}), 'link')
  symlinkSync(cwd, link, 'dir')
  const linked = await runHere(t, [link, '--port', String(port)], { cwd, env })
  assert.ok(linked.stderr.includes(` This folder is already served at ${url}.\n`), linked.stderr)
  // A port of its own starts a second one.
  const second = await serveHere(t, ['.', '--port', '0'], { cwd, env })
  assert.notEqual(second.port, port)
})

/** Runs shell lines where no port is taken. */
function alone(t: TestContext, lines: string, cwd: string, env: Record<string, string>): Command {
  return start(t, [], { cwd, env, words: ['unshare', '-rn', 'sh', '-c', `ip link set lo up; ${lines}`] })
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ')

/**
 * A shell line that waits until so many servers can be found, or the last one has ended. With pauses, and without other
 * programs that each look would start: it would take the processor from them.
 */
function until(count: number): string {
  return `set --; until [ $# = ${count} ] && [ -e "$1" ] || ! kill -0 $!; do
    sleep 0.05; set -- "$XDG_RUNTIME_DIR"/serve8008/*.json; done`
}

/** Starts a server of the folder on the usual port, then runs lines in which COMMAND is the command, `$first` its id. */
async function beside(t: TestContext, lines: string, env: Record<string, string> = {}): Promise<Ended> {
  const { commandWords } = await import('./command.ts')
  const cwd = await folderOf(t, { 'index.html': 'x', 'other/a.txt': '', 'opened.sh': '#!/bin/sh\necho "$@" > opened' })
  chmodSync(join(cwd, 'opened.sh'), 0o755)
  const line = quoted(commandWords)
  const script = `
    ${line} & first=$!
    ${until(1)}
    ${lines.replaceAll('COMMAND', line)}
    kill $first; wait $first`
  const home = await folderOf(t, {})
  const own = { XDG_RUNTIME_DIR: await folderOf(t, {}), XDG_DATA_HOME: home, BROWSER: join(cwd, 'opened.sh'), CI: '' }
  return alone(t, script, cwd, { ...own, ...env }).ended
}

test('the same command twice gives the address and starts no second server', { skip: isolated }, async (t) => {
  // A port of its own, and another folder, start one.
  const { stdout, stderr } = await beside(
    t,
    `COMMAND; echo "code $?"
    COMMAND ./other & other=$!
    ${until(2)}
    kill $other; wait $other`,
  )
  assert.match(stderr, /^This folder is already served at http:\/\/localhost:8008\/ \(pid \d+\)\.$/m)
  assert.match(stderr, /E8008_PORT_HELD {3}try: serve8008 --port 0$/m)
  assert.match(stdout, /^code 3$/m)
  assert.match(stdout, /serve8008 \S+, 8008 is in use by .+ serving \.\/other at http:/)
})

test('--open shows the server that runs, and ends with 0', { skip: isolated }, async (t) => {
  const { stdout, stderr } = await beside(
    t,
    `COMMAND --open=/a?b; echo "code $?"
    until [ -s opened ]; do sleep 0.02; done; cat opened
    COMMAND --open --json; echo "code $?"`,
  )
  const served = 'This folder is already served at http://localhost:8008/'
  assert.match(stdout, new RegExp(`^${served} \\(pid \\d+\\)\\.\ncode 0\nhttp://localhost:8008/a\\?b\n`, 'm'))
  // A program asked for a server.
  assert.match(stdout, /^code 3$/m)
  assert.match(stderr, /"message":"This folder is already served .*"url":"http:\/\/localhost:8008\/","pid":\d+\}/)
})

for (const [words, env] of [
  ['--tls --tls-port 0', {}],
  ['--single', {}],
  ['-x /api=9', {}],
  ['', { SERVE8008_CORS: 'true' }],
] as const) {
  const named = `${words} ${Object.keys(env).join()}`.trim()
  test(`other settings start a second server: ${named}`, { skip: isolated }, async (t) => {
    const set = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    const { stdout, stderr } = await beside(
      t,
      `env ${set.join(' ')} COMMAND ${words} & other=$!
      ${until(2)}
      kill $other; wait $other`,
    )
    assert.match(stdout, /8008 is in use by .+ serving \. at http/, stderr)
  })
}

test('a process in another pid namespace is reported as a process of this user', { skip: isolated }, async (t) => {
  const { commandWords } = await import('./command.ts')
  const cwd = await folderOf(t, { 'index.html': 'x' })
  const line = [...commandWords, '--port', '8008'].map((word) => `'${word}'`).join(' ')
  // The inner one sees a /proc of its own, in which the outer one is not.
  const lines = `
    ${line} & first=$!
    until grep -q ':1F48 .* 0A ' /proc/net/tcp; do sleep 0.02; done
    unshare -pf --mount-proc ${line}; echo "code $?"
    kill $first; wait $first`
  const { stdout, stderr } = await alone(t, lines, cwd, { XDG_RUNTIME_DIR: await folderOf(t, {}) }).ended
  assert.match(stdout, /^code 3$/m)
  assert.match(stderr, /Port 8008 is in use by (?:serve8008|a process) of yours that is not visible here \(a container/)
})

test('--open says that there is no browser, and where to go', { skip: linux }, async (t) => {
  const cwd = await folderOf(t, { 'bin/none': '' })
  const browser = join(cwd, 'bin/none')
  writeFileSync(browser, '#!/bin/sh\nexit 3\n')
  chmodSync(browser, 0o755)
  for (const [name, why] of [
    [browser, 'ended with 3'],
    [join(cwd, 'missing'), 'missing is not installed'],
  ] as const) {
    const { stderr } = await serveHere(t, ['--open'], { cwd, env: { BROWSER: name } })
    await stderr(new RegExp(`No browser was opened \\(.*${why}\\)\\. Open http://localhost:\\d+/ yourself`))
  }
})
