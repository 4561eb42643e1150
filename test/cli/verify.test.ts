import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import type { VerifyResult } from '../../src/index.ts'
import { commandWords, folderOf, run, serve, start } from './command.ts'

const linux = process.platform === 'linux' ? false : 'network namespaces are those of Linux'
const isolated =
  linux === false && spawnSync('unshare', ['-rn', 'true']).status !== 0 ? 'there is no unshare(1) that may' : linux

interface Report {
  readonly passed: boolean
  readonly results: readonly VerifyResult[]
  readonly untested: readonly string[]
}

test('verify tests the server of this folder, and exits with 0', async (t) => {
  const cwd = await folderOf(t, { 'index.html': '<p>x', '.env': 'A=1' })
  const { exitCode, stdout } = await run(t, ['verify'], { cwd })
  assert.match(stdout, /^ {2}http:\/\/localhost:\d+\/ {3}HTTP\/1\.1$/m)
  assert.match(stdout, /^ {2}ok {3}foreign Host +refuses 6 names that are not its own$/m)
  assert.match(stdout, /^ {2}0 failed, \d+ passed, \d+ not applicable$/m)
  assert.equal(Math.max(...stdout.split('\n').map(({ length }) => length)) <= 80, true, stdout)
  assert.equal(exitCode, 0)
})

test('every listener and every site of the config is tested, on ports of its own', async (t) => {
  const cwd = await folderOf(t, {
    'index.html': '<p>x',
    'docs/index.html': '<p>docs',
    'serve8008.config.json': JSON.stringify({
      h2c: true,
      listeners: [{ port: 8008, lan: true }, { port: 8443, tls: true }, { socket: './own.sock' }],
      sites: [{ host: 'docs.test', root: './docs' }],
      routes: [{ match: { path: '/far' }, proxy: 'http://192.0.2.1' }],
    }),
  })
  const env = { XDG_DATA_HOME: await folderOf(t, {}), XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const { exitCode, stdout, stderr } = await run(t, ['verify', '--json'], { cwd, env })
  assert.equal(exitCode, 0, `${stdout}${stderr}`)
  const { passed, results, untested } = JSON.parse(stdout) as Report
  assert.deepEqual([passed, untested], [true, ['/far']])
  const shown = results.map(({ url, protocols }) => `${url.replace(/:\d+/, ':PORT')} ${protocols.join()}`)
  assert.deepEqual(shown.slice(0, 4), [
    'http://localhost:PORT/ HTTP/1.1,HTTP/2',
    'http://docs.test:PORT/ HTTP/1.1,HTTP/2',
    'https://localhost:PORT/ HTTP/1.1 over TLS,HTTP/2 over TLS,HTTP/1.1',
    'https://docs.test:PORT/ HTTP/1.1 over TLS,HTTP/2 over TLS,HTTP/1.1',
  ])
  assert.match(shown[4] ?? '', /^unix:\/.+\.sock HTTP\/1\.1,HTTP\/2$/)
  assert.equal(shown[5], 'http://docs.test/ HTTP/1.1,HTTP/2')
})

test('a flag that lets a check fail is named as the fix, and the exit code is 1', async (t) => {
  const cwd = await folderOf(t, { 'a.txt': 'x', '.env': 'A=1' })
  const { exitCode, stdout } = await run(t, ['verify', '--dotfiles', '--serve', '.env'], { cwd })
  assert.match(stdout, /^ {2}FAILED {2}dotfiles: \/\.env is served$/m)
  assert.match(stdout, /^ {10}fix {3}remove or narrow \w+ \(set by flag --\w+\)$/m)
  assert.ok(stdout.indexOf('FAILED') < stdout.indexOf('  ok '))
  assert.equal(exitCode, 1)
})

test('verify of a port tests what listens there', async (t) => {
  const cwd = await folderOf(t, { 'index.html': '<p>x' })
  const { port, url } = await serve(t, ['.'], { cwd })
  const { exitCode, stdout } = await run(t, ['verify', String(port), '--json'], { cwd })
  const { results } = JSON.parse(stdout) as Report
  assert.deepEqual([exitCode, results.map((each) => each.url)], [0, [url]])
})

test('wrong words are usage errors with a command that works', async (t) => {
  const cwd = await folderOf(t, {})
  for (const [args, message] of [
    [['3000', '3001'], /verify takes one URL, but got 3001 too/],
    [['3000', '--cors'], /flags of serving are for the server that verify starts/],
    [['ftp://localhost/'], /is neither a URL with http or https nor a port/],
    [['http://192.0.2.1/'], /192\.0\.2\.1 is not this machine.*\n.*Add --host 192\.0\.2\.1/],
  ] as const) {
    const { exitCode, stderr } = await run(t, ['verify', ...args], { cwd })
    assert.match(stderr, message)
    assert.equal(exitCode, 2)
  }
})

/** A machine without a network: the system counts what it has no route for (OutNoRoutes of RFC 4293). */
const network = `
  ip link set lo up; ip addr add 10.9.9.1/32 dev lo
  unsent() { awk '/^Ip:/ && $13 ~ /^[0-9]/ { print $13 }' /proc/net/snmp; awk '/^Ip6OutNoRoutes/ { print $2 }' /proc/net/snmp6; }`

test('no packet leaves this machine unless --host names the host', { skip: isolated }, async (t) => {
  const cwd = await folderOf(t, {
    'index.html': '<p>x',
    'serve8008.config.json': JSON.stringify({ proxy: { '/far': 'http://10.9.9.7' } }),
  })
  const command = commandWords.map((word) => `'${word}'`).join(' ')
  const script = `${network}
    ${command} verify >own; echo "own $?"
    ${command} verify http://10.9.9.7/ 2>refused; echo "refused $?"
    ${command} verify http://10.9.9.7/ --host 10.9.9.8 2>>refused; echo "other $?"
    ${command} '.' --port 8008 --host 10.9.9.1 >server & server=$!
    until grep -q ' at http' server; do sleep 0.05; done
    ${command} verify http://10.9.9.1:8008/ >address; echo "address $?"
    kill $server; wait $server
    echo "packets" $(unsent)
    ${command} verify http://10.9.9.7/ --host 10.9.9.7 2>allowed; echo "allowed $?"
    echo "packets" $(unsent)
    cat refused allowed`
  const env = { XDG_DATA_HOME: await folderOf(t, {}), XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const { stdout, stderr } = await start(t, [], { cwd, env, words: ['unshare', '-rn', 'sh', '-c', script] }).ended
  assert.match(
    stdout,
    /^own 0\nrefused 2\nother 2\naddress 0\npackets 0 0\nallowed 1\npackets 1 0$/m,
    `${stdout}${stderr}`,
  )
  assert.equal(stdout.match(/E8008_NOT_LOCAL/g)?.length, 2)
  assert.match(stdout, /Nothing listens on port 80 of 10\.9\.9\.7/)
})
