import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { certificateLine } from '../../src/cli/serve/certificate-line.ts'
import { makeCertificate } from '../support/certificate.ts'
import { connectSecurely } from '../support/secure.ts'
import { commandWords, folderOf, registered, serve, start, type Command } from './command.ts'
import { runHere, serveHere } from './here.ts'

const run8 = promisify(execFile)
let pair: { cert: string; key: string }

before(async () => {
  pair = await makeCertificate('localhost', '127.0.0.1')
})

/** A folder with a site, a certificate and its key. */
function project(t: TestContext, more: Readonly<Record<string, string>> = {}): Promise<string> {
  return folderOf(t, { 'site/index.html': '<h1>site</h1>', 'my.crt': pair.cert, 'my.key': pair.key, ...more })
}

const own = ['--cert', 'my.crt', '--key', 'my.key']

/** Whether a program is there. */
function has(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}

/** The URL for HTTPS, which has a line of its own. */
async function secureUrl({ stdout }: Pick<Command, 'stdout'>): Promise<string> {
  const [, url = ''] = await stdout(/(https:\/\/localhost:\d+\/)\n/)
  return url
}

test('--cert turns HTTPS on, prints its address on a separate line, and curl trusts it by its authority', async (t) => {
  if (!has('curl')) return t.skip('there is no curl here')
  const cwd = await project(t)
  const command = await serve(t, ['./site', ...own, '--log', 'none'], { cwd })
  const url = await secureUrl(command)
  const { stdout } = await run8('curl', ['-sS', '--cacert', join(cwd, 'my.crt'), url])
  assert.match(stdout, /^<h1>site<\/h1>/)
  const plain = await run8('curl', [
    '-sSL',
    '--cacert',
    join(cwd, 'my.crt'),
    '-w',
    '%{url_effective}',
    url.replace('https:', 'http:'),
  ])
  assert.ok(plain.stdout.endsWith(url), plain.stdout)
  command.child.kill('SIGTERM')
  const { exitCode, stderr } = await command.ended
  assert.deepEqual([exitCode, stderr], [0, ''])
})

test('openssl agrees on TLS 1.2 and 1.3 and on nothing older', async (t) => {
  if (!has('openssl')) return t.skip('there is no openssl here')
  const cwd = await project(t)
  const url = new URL(await secureUrl(await serve(t, ['./site', ...own], { cwd })))
  const ask = (...flags: string[]): string => {
    const words = ['s_client', '-connect', `127.0.0.1:${url.port}`, '-servername', 'localhost', ...flags]
    const { stdout, stderr } = spawnSync('openssl', words, { input: '', encoding: 'utf8' })
    return stdout + stderr
  }
  const verified = ask('-tls1_3', '-CAfile', join(cwd, 'my.crt'), '-verify_return_error', '-alpn', 'http/1.1')
  assert.match(verified, /Verify return code: 0 \(ok\)/)
  assert.match(verified, /ALPN protocol: http\/1\.1/)
  assert.match(ask('-tls1_2'), /Protocol *: TLSv1\.2|New, TLSv1\.2/)
  for (const old of ['-tls1_1', '-tls1'])
    assert.match(ask(old, '-cipher', 'ALL:@SECLEVEL=0'), /alert protocol version|no protocols/)
})

test('sslscan finds no weak protocol, cipher or renegotiation', async (t) => {
  if (!has('sslscan')) return t.skip('there is no sslscan here: apt-get install sslscan')
  const cwd = await project(t)
  const { port } = new URL(await secureUrl(await serveHere(t, ['./site', ...own], { cwd })))
  const { stdout } = await run8('sslscan', ['--no-colour', `localhost:${port}`])
  for (const version of ['SSLv2', 'SSLv3', 'TLSv1.0', 'TLSv1.1'])
    assert.match(stdout, new RegExp(`${version} +disabled`))
  for (const version of ['TLSv1.2', 'TLSv1.3']) assert.match(stdout, new RegExp(`${version} +enabled`))
  const accepted = [...stdout.matchAll(/^(?:Preferred|Accepted) +(TLSv1\.\d) +(\d+) bits +(\S+)/gm)]
  assert.ok(accepted.length >= 6, stdout)
  for (const [, version, bits, cipher = ''] of accepted) {
    assert.ok(Number(bits) >= 128)
    assert.match(cipher, version === 'TLSv1.3' ? /^TLS_/ : /^ECDHE-.*(?:GCM|CHACHA20)/)
  }
  assert.match(stdout, /Session renegotiation not supported|Secure session renegotiation supported/)
  assert.doesNotMatch(stdout, /Insecure session renegotiation|Compression enabled|(?<!not )vulnerable|ffdhe/)
})

test('--tls=only redirects every plain HTTP request to HTTPS', async (t) => {
  const cwd = await project(t)
  const { stdout } = start(t, ['./site', '--tls=only', '--port', '0', ...own, '--json'], { cwd })
  const [line] = await stdout(/^.*\n/)
  const { url, urls, port, protocol, tls } = JSON.parse(line) as {
    url: string
    urls: { local: string[] }
    port: number
    protocol: string
    tls: { port: number }
  }
  assert.deepEqual([url, urls.local, protocol], [`https://localhost:${tls.port}/`, [url], 'https'])
  const reply = await fetch(`http://127.0.0.1:${port}/x?y`, { redirect: 'manual' })
  assert.deepEqual([reply.status, reply.headers.get('location')], [308, `https://127.0.0.1:${tls.port}/x?y`])
})

test('a held port for HTTPS is named with its holder: the next of a list, or an error', async (t) => {
  const cwd = await project(t)
  const held = createServer().listen(0, '127.0.0.1')
  await once(held, 'listening')
  t.after(() => held.close())
  const { port } = held.address() as AddressInfo
  const moved = await serveHere(t, ['./site', ...own, '--tls-port', `${port},0`], { cwd })
  await moved.stdout(new RegExp(`, ${port} is in use by .*, serving`))
  const fixed = await runHere(t, ['./site', '--port', '0', ...own, '--tls-port', String(port)], { cwd })
  assert.equal(fixed.exitCode, 3)
  assert.match(fixed.stderr, new RegExp(`^Port ${port} is in use by .*\nE8008_PORT_HELD .*--tls-port \\d+\n$`))
  const env = { SERVE8008_TLS_PORT: String(port) }
  assert.match(
    (await runHere(t, ['./site', '--port', '0', ...own], { cwd, env })).stderr,
    /It was set by SERVE8008_TLS_PORT\./,
  )
})

test('reports a replaced certificate once clients get it', async (t) => {
  const [cwd, next] = [await project(t), await makeCertificate('localhost', '127.0.0.1')]
  const pretty = await serve(t, ['./site', ...own], { cwd })
  const json = start(t, ['./site', ...own, '--port', '0', '--json'], { cwd })
  await json.stdout(/"url".*\n/)
  const { port } = new URL(await secureUrl(pretty))
  writeFileSync(join(cwd, 'my.key'), next.key)
  writeFileSync(join(cwd, 'my.crt'), next.cert)
  await pretty.stdout(/^\d\d:\d\d:\d\d {2}certificate my\.crt replaced$/m)
  const [line] = await json.stdout(/^\{"certificate".*$/m)
  const { certificate } = JSON.parse(line) as { certificate: { time: string; files: string[] } }
  assert.deepEqual(certificate.files, [join(cwd, 'my.crt'), join(cwd, 'my.key')])
  assert.match(certificate.time, /^\d{4}-\d\d-\d\dT\S+Z$/)
  const client = await connectSecurely({ tlsPort: Number(port), ca: next.cert })
  assert.equal(client.getPeerX509Certificate()?.toString(), next.cert)
  client.destroy()
  assert.equal(certificateLine(certificate.files, { quiet: true, json: false }, cwd), '')
})

test('check shows the certificate files, but not the passphrase', async (t) => {
  const cwd = await project(t, {
    'serve8008.config.json': JSON.stringify({
      certificates: [{ cert: 'other.crt', key: 'my.key', passphrase: 'hunter2' }],
    }),
    'other.crt': pair.cert,
  })
  const env = { SERVE8008_PASSPHRASE: 'hunter2' }
  for (const more of [[], ['--json']]) {
    const { exitCode, stdout } = await runHere(t, ['check', './site', ...own, ...more], { cwd, env })
    assert.equal(exitCode, 0)
    assert.doesNotMatch(stdout, /hunter2/)
    assert.match(stdout, /other\.crt/)
  }
  const table = (await runHere(t, ['check', './site', ...own], { cwd, env })).stdout
  assert.match(table, /^tls +on +flag --cert$/m)
  assert.match(table, /^passphrase +… +env SERVE8008_PASSPHRASE$/m)
  assert.match(table, /^cert +\.[\\/]my\.crt +flag --cert$/m)
  const typed = await runHere(t, ['./site', '--passphrase', 'hunter2', '--prot', '1'], { cwd })
  assert.doesNotMatch(typed.stderr, /hunter2/)
})

test('serve8008 reload reaches a server that speaks TLS only', async (t) => {
  const cwd = await project(t, { 'run/.keep': '' })
  const env = { XDG_RUNTIME_DIR: join(cwd, 'run') }
  const command = start(t, ['./site', '--tls=only', '--port', '0', ...own], { cwd, env })
  const [, url = ''] = await command.stdout(/ at (https\S+)\n/)
  await registered(env)
  const { exitCode, stdout } = await runHere(t, ['reload', 'site/index.html'], { cwd, env })
  assert.deepEqual([exitCode, stdout], [0, `No open page of ${url} uses these files.\n`])
})

test('a key in the served folder is not served, whatever its name', async (t) => {
  const cwd = await folderOf(t, { 'index.html': 'x' })
  writeFileSync(join(cwd, 'mine.txt'), pair.key)
  writeFileSync(join(cwd, 'both.txt'), pair.cert)
  const { url } = await serveHere(t, ['.', '--cert', 'both.txt', '--key', 'mine.txt'], { cwd })
  for (const name of ['mine.txt', 'both.txt']) assert.equal((await fetch(`${url}${name}`)).status, 404)
})

test('a socket of systemd serves plain HTTP as ever, beside HTTPS', async (t) => {
  if (process.platform === 'win32') return t.skip('Windows has no socket activation')
  const cwd = await project(t)
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  const { fd } = (listener as unknown as { _handle: { fd: number } })._handle
  const words = [...commandWords, './site', '--tls-port', '0', ...own].map((word) => `'${word}'`)
  const command = start(t, [], {
    cwd,
    words: ['sh', '-c', `LISTEN_FDS=1 LISTEN_PID=$$ exec ${words.join(' ')}`],
    stdio: ['ignore', 'pipe', 'pipe', fd],
  })
  assert.match(await secureUrl(command), /^https:/)
  listener.close()
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), '<h1>site</h1>')
})

test('a certificate and its key may come from commands, whose output can be read but once', async (t) => {
  if (!has('bash')) return t.skip('there is no bash here')
  const cwd = await project(t)
  const script = `exec "$@" check ./site --tls --cert <(cat my.crt) --key <(cat my.key)`
  const { stderr } = await run8('bash', ['-c', script, 'bash', ...commandWords], { cwd })
  assert.equal(stderr, '')
})
