import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { chmodSync, chownSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { test } from 'node:test'
import { folderOf, run, serve } from './command.ts'
import { runHere, startHere } from './here.ts'

const isWindows = process.platform === 'win32'
const linux = { skip: process.platform === 'linux' ? false : 'the stores are those of Linux' }
/** The folder of the authority in a home folder. */
const place = isWindows
  ? 'AppData/Local/serve8008'
  : process.platform === 'darwin'
    ? 'Library/Application Support/serve8008'
    : '.local/share/serve8008'

function homeOf(home: string): Record<string, string> {
  return { HOME: home, USERPROFILE: home, LOCALAPPDATA: join(home, 'AppData', 'Local') }
}

test('trust --ca prints the path of the certificate and nothing else, and makes it once', async (t) => {
  const home = await folderOf(t, {})
  const options = { cwd: home, env: homeOf(home) }
  const { stdout, stderr, exitCode } = await run(t, ['trust', '--ca'], options)
  assert.deepEqual([stdout, stderr, exitCode], [`${join(home, place, 'authority.pem')}\n`, '', 0])
  const text = readFileSync(stdout.trim(), 'utf8')
  assert.equal(new X509Certificate(text).ca, true)
  const again = await runHere(t, ['trust', '--ca', '--json'], options)
  assert.deepEqual(JSON.parse(again.stdout), { file: stdout.trim() })
  assert.equal(readFileSync(stdout.trim(), 'utf8'), text)
})

test('the first --tls says that browsers have to trust the authority, and how; the next one does not', async (t) => {
  const home = await folderOf(t, { 'index.html': 'x' })
  const options = { cwd: home, env: homeOf(home) }
  const told: string[] = []
  for (let count = 0; count < 2; count++) {
    const command = await serve(t, ['--port', '0', '--tls'], options)
    await command.stdout(/https:/)
    command.child.kill('SIGTERM')
    const { exitCode, stderr } = await command.ended
    assert.equal(exitCode, 0)
    told.push(stderr)
  }
  assert.match(
    told[0] ?? '',
    /^warning +Browsers refuse the certificates of this server until they trust .*\n +try: serve8008 trust\n$/,
  )
  assert.equal(told[1], '')
})

for (const [words, expected] of [
  ['--tls=only', /^warning +Browsers refuse .*\n +try: serve8008 trust\n$/],
  ['--redirect', /^warning +Browsers refuse .*\n +try: serve8008 trust\n$/],
  ['--tls --json', /^\{"warning":\{"code":"W8008_UNTRUSTED",.*"command":"serve8008 trust --json"\}\}\n$/],
  // A certificate of the user's own is another matter.
  ['--cert localhost.pem --key localhost-key.pem', /^$/],
  ['', /^$/],
] as const) {
  test(`the first start with ${words || 'no flag'} says ${expected.source === '^$' ? 'nothing' : 'so too'}`, async (t) => {
    const home = await folderOf(t, { 'index.html': 'x' })
    const options = { cwd: home, env: homeOf(home) }
    if (words.includes('--cert')) {
      const other = await folderOf(t, {})
      const made = await runHere(t, ['cert', 'localhost'], { cwd: home, env: homeOf(other) })
      assert.equal(made.exitCode, 0, made.stderr)
    }
    const command = await startHere(t, ['--port', '0', ...words.split(' ').filter(Boolean)], options, /https?:\/\//)
    command.signal('SIGTERM')
    const { exitCode, stderr } = await command.ended
    assert.equal(exitCode, 0)
    assert.match(stderr, expected)
  })
}

/** A certutil of NSS that holds one certificate. */
const certutil = `#!/bin/sh
case "$1" in
-N) touch "\${3#sql:}/cert9.db" ;;
-A) while [ "$1" != -i ]; do shift; done; cp "$2" "$HOME/held.pem" ;;
-D) rm "$HOME/held.pem" ;;
-L) [ "$4" != -n ] || cat "$HOME/held.pem" ;;
esac`

test('trust can be limited to browsers, and the warning comes once more after untrust', linux, async (t) => {
  const home = await folderOf(t, { 'bin/certutil': certutil, 'index.html': '' })
  chmodSync(join(home, 'bin/certutil'), 0o755)
  const options = { cwd: home, env: { ...homeOf(home), PATH: `${join(home, 'bin')}:${process.env['PATH']}` } }
  const told = async (): Promise<string> => {
    const command = await serve(t, ['--port', '0', '--tls'], options)
    await command.stdout(/https:/)
    command.child.kill('SIGTERM')
    return (await command.ended).stderr
  }
  const unasked = await runHere(t, ['trust', '--browsers-only'], options)
  assert.match(unasked.stderr, /E8008_USAGE {3}try: serve8008 trust --browsers-only --yes\n$/)
  const { stdout, stderr, exitCode } = await runHere(t, ['trust', '--browsers-only', '--yes'], options)
  assert.equal(exitCode, 0, stderr)
  assert.match(stdout, /^ {2}Chromium, Chrome {3}trusted\n\n/m)
  assert.doesNotMatch(stderr, /# system/)
  const status = await runHere(t, ['trust', '--status', '--browsers-only', '--json'], options)
  assert.equal(status.exitCode, 0)
  assert.deepEqual(JSON.parse(status.stdout).stores, [{ name: 'Chromium, Chrome', status: 'trusted', lacks: null }])
  assert.equal(await told(), '')
  assert.equal((await runHere(t, ['untrust', '--yes'], options)).exitCode, 0)
  assert.match(await told(), /^warning +Browsers refuse the certificates/)
  assert.equal(await told(), '')
  await runHere(t, ['trust', '--browsers-only', '--yes'], options)
  await runHere(t, ['untrust', '--yes'], options)
  await runHere(t, ['trust', '--browsers-only', '--yes'], options)
  assert.equal(await told(), '')
})

test('XDG_DATA_HOME names another place', { skip: isWindows }, async (t) => {
  const home = await folderOf(t, {})
  const env = { ...homeOf(home), XDG_DATA_HOME: join(home, 'data') }
  const { stdout } = await runHere(t, ['trust', '--ca'], { cwd: home, env })
  assert.equal(stdout, `${join(home, 'data', 'serve8008', 'authority.pem')}\n`)
})

test('an empty HOME does not put the authority into the current folder', { skip: isWindows }, async (t) => {
  const cwd = await folderOf(t, {})
  for (const home of ['', 'home']) {
    const { stdout } = await runHere(t, ['trust', '--status'], { cwd, env: { HOME: home } })
    assert.match(stdout, /^(?:There is no local authority yet \(|The local authority is )\//)
    assert.doesNotMatch(stdout, new RegExp(cwd))
  }
})

test('untrust reports stores that it cannot read', { skip: process.platform !== 'linux' }, async (t) => {
  const home = await folderOf(t, { '.mozilla/firefox/a.default/cert9.db': '' })
  const env = { ...homeOf(home), PATH: home }
  const { stdout, stderr, exitCode } = await runHere(t, ['untrust'], { cwd: home, env })
  assert.equal(exitCode, 1)
  assert.match(stdout, /^No store that could be read trusts the local authority now\./)
  assert.match(stderr, /^Some stores could not be read.*certutil is missing/s)
})

test('trust --status creates no authority, and reports that no store trusts it', async (t) => {
  const home = await folderOf(t, {})
  const options = { cwd: home, env: homeOf(home) }
  const text = await runHere(t, ['trust', '--status'], options)
  assert.match(text.stdout, /^There is no local authority yet \(.*serve8008\)\.\n/)
  const json = await runHere(t, ['trust', '--status', '--json'], options)
  const { authority, stores } = JSON.parse(json.stdout)
  assert.equal(authority, null)
  assert.ok(Array.isArray(stores))
  assert.equal(existsSync(join(home, place)), false)
  if (stores.length > 0) assert.deepEqual([text.exitCode, json.exitCode], [1, 1])
})

test('trust changes nothing without a terminal to confirm in', async (t) => {
  const home = await folderOf(t, {})
  const { stderr, exitCode } = await runHere(t, ['trust'], { cwd: home, env: homeOf(home) })
  assert.equal(exitCode, 2)
  assert.match(stderr, /These commands will be run:\n/)
  assert.match(stderr, /E8008_USAGE {3}try: serve8008 trust --yes\n$/)
  assert.equal(existsSync(join(home, '.pki')), false)
  const json = await runHere(t, ['trust', '--json'], { cwd: home, env: homeOf(home) })
  assert.equal(JSON.parse(json.stderr).error.code, 'E8008_USAGE')
})

test('cert writes a certificate and its key, renews them, and names them after all names', async (t) => {
  const home = await folderOf(t, {})
  const options = { cwd: home, env: homeOf(home) }
  const { stdout, exitCode } = await runHere(t, ['cert', 'app.localhost', '10.0.0.1', '--out', 'keys'], options)
  assert.equal(exitCode, 0)
  assert.match(
    stdout,
    /^Certificate {3}.*app\.localhost\+10\.0\.0\.1\.pem\nKey {11}.*\+10\.0\.0\.1-key\.pem\nAuthority {5}/,
  )
  const certFile = join(home, 'keys', 'app.localhost+10.0.0.1.pem')
  const keyFile = join(home, 'keys', 'app.localhost+10.0.0.1-key.pem')
  const first = new X509Certificate(readFileSync(certFile))
  assert.equal(first.subjectAltName, 'DNS:app.localhost, IP Address:10.0.0.1')
  assert.ok(Date.parse(first.validTo) - Date.parse(first.validFrom) <= 397 * 86_400_000)
  if (!isWindows) assert.equal(statSync(keyFile).mode & 0o777, 0o600)

  const again = await runHere(t, ['cert', 'app.localhost', '10.0.0.1', '--out', 'keys', '--json'], options)
  assert.deepEqual(Object.keys(JSON.parse(again.stdout)), ['cert', 'key', 'ca', 'expires'])
  assert.notEqual(new X509Certificate(readFileSync(certFile)).serialNumber, first.serialNumber)

  const other = await runHere(t, ['cert', 'app.localhost', '10.0.0.2', '::1', '--out', 'keys', '--json'], options)
  assert.equal(JSON.parse(other.stdout).cert, join(home, 'keys', 'app.localhost+10.0.0.2+__1.pem'))
  const renewed = await runHere(t, ['cert', 'APP.localhost.', '10.0.0.2', '::1', '--out', 'keys'], options)
  assert.equal(renewed.exitCode, 0, renewed.stderr)
})

test('cert overwrites only files that it wrote, and names the file in the way', async (t) => {
  const home = await folderOf(t, {})
  const options = { cwd: home, env: homeOf(home) }
  assert.equal((await runHere(t, ['cert', 'c.test'], options)).exitCode, 0)
  assert.equal((await runHere(t, ['cert', '*.d.test'], options)).exitCode, 0)
  for (const [host, name, content, problem] of [
    ['a.test', 'a.test.pem', 'mine', 'was not written by serve8008 cert, so it is not overwritten'],
    ['b.test', 'b.test-key.pem', 'mine', 'was not written by serve8008 cert, so it is not overwritten'],
    ['c.test', 'c.test-key.pem', 'mine', 'was not written by serve8008 cert, so it is not overwritten'],
    ['_wildcard.d.test', '_wildcard.d.test.pem', undefined, 'is a certificate for *.d.test, so it is not overwritten'],
  ] as const) {
    if (content !== undefined) writeFileSync(join(home, name), content)
    const before = readFileSync(join(home, name), 'utf8')
    const { exitCode, stderr } = await runHere(t, ['cert', host], options)
    assert.equal(exitCode, 2)
    const hint = `E8008_USAGE   try: serve8008 cert ${host} --out ./certificates`
    assert.equal(stderr, `.${sep}${name} ${problem}.\n${hint}\n`)
    assert.equal(readFileSync(join(home, name), 'utf8'), before)
  }
  const elsewhere = await runHere(t, ['cert', 'c.test', '--out', './certificates'], options)
  assert.equal(elsewhere.exitCode, 0)
})

const noRoot = process.getuid?.() === 0 ? false : 'only root can give files away'

test('files that root writes into the folder of a user belong to the user', { skip: noRoot }, async (t) => {
  const home = await folderOf(t, {})
  const cwd = await folderOf(t, {})
  chownSync(cwd, 12_345, 12_345)
  const { exitCode } = await runHere(t, ['cert', 'a.test', '--out', 'new/tls'], { cwd, env: homeOf(home) })
  assert.equal(exitCode, 0)
  for (const name of ['', 'a.test.pem', 'a.test-key.pem']) {
    assert.equal(statSync(join(cwd, 'new', 'tls', name)).uid, 12_345, name)
  }
})

test('cert says at once where a folder cannot be made', { skip: process.platform !== 'linux' }, async (t) => {
  const home = await folderOf(t, { file: '' })
  for (const out of ['/proc/x', '/proc/x/y', './file', './file/x']) {
    const { exitCode, stderr } = await runHere(t, ['cert', 'a.test', '--out', out], { cwd: home, env: homeOf(home) })
    assert.equal(exitCode, 2)
    assert.match(
      stderr,
      /^The certificate cannot be written to \S+ \(E\w+\)\.\n.*try: serve8008 cert a\.test --out \.\/certificates\n$/,
    )
  }
})

test('cert issues a certificate for a star above two labels', async (t) => {
  const home = await folderOf(t, {})
  const words = ['cert', 'app.localhost', '*.app.localhost']
  assert.equal((await runHere(t, words, { cwd: home, env: homeOf(home) })).exitCode, 0)
  const { subjectAltName } = new X509Certificate(readFileSync(join(home, 'app.localhost+_wildcard.app.localhost.pem')))
  assert.equal(subjectAltName, 'DNS:app.localhost, DNS:*.app.localhost')
})

test('cert refuses names that clients would not accept', async (t) => {
  const home = await folderOf(t, {})
  for (const [words, message] of [
    [['example.com'], /cannot sign example\.com/],
    [['a.localhost', '8.8.8.8'], /cannot sign 8\.8\.8\.8/],
    [
      ['*.localhost'],
      /refuse a certificate for \*\.localhost: .*\n.*try: serve8008 cert app\.localhost "\*\.app\.localhost"\n/,
    ],
    [['a.test', '*.TEST.'], /try: serve8008 cert app\.test "\*\.app\.test"\n/],
    [['*.home.arpa'], /try: serve8008 cert app\.home\.arpa "\*\.app\.home\.arpa"\n/],
    [['*.com'], /cannot sign \*\.com/],
    [['../x'], /is neither a host name nor an IP address/],
    [[], /Missing argument: NAME/],
  ] as const) {
    const { exitCode, stderr } = await runHere(t, ['cert', ...words], { cwd: home, env: homeOf(home) })
    assert.equal(exitCode, 2)
    assert.match(stderr, message)
  }
  assert.deepEqual(
    readdirSync(home).filter((name) => name.endsWith('.pem')),
    [],
  )
})
