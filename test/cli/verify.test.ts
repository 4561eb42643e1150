// slow: attacks servers that it starts, with every kind of request
// starts first: it tests in namespaces with whole servers
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import type { VerifyResult } from '../../src/index.ts'
import { commandWords, folderOf, serve, start } from './command.ts'
import { runHere } from './here.ts'

const linux = process.platform === 'linux' ? false : 'network namespaces are those of Linux'
const isolated =
  linux === false && spawnSync('unshare', ['-rn', 'true']).status !== 0 ? 'there is no unshare(1) that may' : linux
const cabled =
  isolated === false && spawnSync('unshare', ['-rnm', 'ip', 'link', 'add', 'out', 'type', 'veth']).status !== 0
    ? 'there are no pairs of network devices'
    : isolated

interface Report {
  readonly passed: boolean
  readonly results: readonly VerifyResult[]
  readonly untested: readonly string[]
}

test('verify tests the server of this folder, and exits with 0', async (t) => {
  const cwd = await folderOf(t, { 'index.html': '<p>x', '.env': 'A=1' })
  const { exitCode, stdout } = await runHere(t, ['verify'], { cwd })
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
  const { exitCode, stdout, stderr } = await runHere(t, ['verify', '--json'], { cwd, env })
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
  const { exitCode, stdout } = await runHere(t, ['verify', '--dotfiles', '--serve', '.env'], { cwd })
  assert.match(stdout, /^ {2}FAILED {2}dotfiles: \/\.env is served$/m)
  assert.match(stdout, /^ {10}fix {3}remove or narrow \w+ \(set by flag --\w+\)$/m)
  assert.ok(stdout.indexOf('FAILED') < stdout.indexOf('  ok '))
  assert.equal(exitCode, 1)
})

test('verify of a port tests what listens there', async (t) => {
  const cwd = await folderOf(t, { 'index.html': '<p>x' })
  const { port, url } = await serve(t, ['.'], { cwd })
  const { exitCode, stdout } = await runHere(t, ['verify', String(port), '--json'], { cwd })
  const { results } = JSON.parse(stdout) as Report
  assert.deepEqual([exitCode, results.map((each) => each.url)], [0, [url]])
})

test('wrong words are usage errors with a command that works', async (t) => {
  const cwd = await folderOf(t, {})
  for (const [args, message] of [
    [['3000', '3001'], /verify takes one URL, but got 3001 too/],
    [['3000', '--cors'], /flags of serving are for the server that verify starts/],
    [['ftp://localhost/'], /is neither a URL with http or https nor a port/],
    [['http://127.0.0.1:0/'], /is neither a URL with http or https nor a port/],
    [['http://192.0.2.1/'], /192\.0\.2\.1 is not this machine.*\n.*Add --host 192\.0\.2\.1/],
  ] as const) {
    const { exitCode, stderr } = await runHere(t, ['verify', ...args], { cwd })
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

/** A machine whose network has no other machine: the device counts what is sent, first who has the address (ARP). */
const lonelyNetwork = `
  ip link set lo up; ip addr add 10.9.9.1/32 dev lo
  ip link add out type veth peer name in
  for each in out in; do echo 1 >/proc/sys/net/ipv6/conf/$each/disable_ipv6; ip link set $each up; done
  ip addr add 10.9.9.2/24 dev out; ip route add default dev out
  sent() { awk '/^ *out:/ { print $11 }' /proc/net/dev; awk '/^Ip6OutNoRoutes/ { print $2 }' /proc/net/snmp6; }`

/** Sends every client to another machine: by its status, by its fields and by its content. */
const redirecting = `
  const away = 'http://10.9.9.7/'
  require('node:http').createServer((request, response) => {
    response.writeHead(302, { location: away + request.url, refresh: '0; url=' + away, link: '<' + away + '>; rel=preload' })
    response.end('<meta http-equiv=refresh content="0; url=' + away + '"><img src="' + away + '">')
  }).listen(8009, '10.9.9.1', () => console.log('listens'))`

test(
  'no redirect and no name takes verify to another machine, and doctor and scan stay here',
  { skip: cabled },
  async (t) => {
    const cwd = await folderOf(t, {
      'index.html': '<p>x',
      hosts: '127.0.0.1 localhost\n10.9.9.7 away.test\n10.9.9.7 both.test\n10.9.9.1 both.test\n',
      'redirecting.cjs': redirecting,
      'serve8008.config.json': JSON.stringify({
        port: 8010,
        proxy: { '/far': 'http://10.9.9.7', '/name': 'http://away.test' },
      }),
    })
    const command = commandWords.map((word) => `'${word}'`).join(' ')
    const script = `${lonelyNetwork}
    mount --bind hosts /etc/hosts
    '${process.execPath}' redirecting.cjs >server & server=$!
    until grep -q listens server; do sleep 0.05; done
    ${command} verify http://10.9.9.1:8009/ --json >redirected; echo "redirected $?"
    ${command} verify http://away.test:8009/ 2>refused; echo "away $?"
    ${command} verify http://both.test:8009/ --json >both; echo "both $?"
    echo "packets" $(sent)
    ${command} doctor --json >doctor; echo "packets" $(sent)
    ${command} scan 8009 --json >scan; echo "packets" $(sent)
    kill $server; wait $server
    '${process.execPath}' -e "require('node:http').get('http://away.test/').on('error', () => {}).setTimeout(500, process.exit)"; echo "packets" $(sent)
    cat redirected both doctor scan refused`
    const env = { XDG_DATA_HOME: await folderOf(t, {}), XDG_RUNTIME_DIR: await folderOf(t, {}) }
    const { stdout, stderr } = await start(t, [], { cwd, env, words: ['unshare', '-rnm', 'sh', '-c', script] }).ended
    // The last request shows that what leaves is counted.
    assert.match(
      stdout,
      /^redirected 0\naway 2\nboth 0\npackets 0 0\npackets 0 0\npackets 0 0\npackets [1-9]\d* 0$/m,
      `${stdout}${stderr}`,
    )
    assert.match(stdout, /away\.test is not this machine/)
    const [redirected, both, doctor, scan] = stdout.split('\n').filter((line) => line.startsWith('{'))
    for (const [text = '', name] of [
      [redirected, '10.9.9.1'],
      [both, 'both.test'],
    ] as const) {
      const [result] = (JSON.parse(text) as Report).results
      assert.deepEqual([result?.url, result?.addresses], [`http://${name}:8009/`, ['10.9.9.1']])
      assert.ok(result !== undefined && result.checks.some(({ verdict }) => verdict === 'passed'))
    }
    assert.ok(doctor?.includes('"name":"surroundings"') && scan?.includes('8009'), `${doctor}${scan}`)
  },
)
