import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { makeCertificate } from '../support/certificate.ts'
import { runningServers } from '../../src/cli/server-process.ts'
import { folderOf, registered, serve, type CommandOptions, type Ended } from './command.ts'
import { runHere } from './here.ts'

const config = `{
  "proxy": { "/api": "http://localhost:3000/v1", "api.localhost": { "to": ["3001", "3002"], "changeOrigin": true } },
  "routes": [
    { "id": "canary", "match": { "path": "/api", "header": { "x-canary": "1" } }, "proxy": "4000" },
    { "match": { "path": "/old" }, "redirect": "/new" }
  ]
}`

/** Runs the command where no server of this user runs, unless the environment names others. */
async function run(t: TestContext, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const { env = { XDG_RUNTIME_DIR: await folderOf(t, {}) } } = options
  return runHere(t, args, { ...options, env })
}

interface Forward {
  readonly upstream: string
  readonly requestLine: string
  readonly fields: readonly string[]
}

test('explain refuses a method without a URL, and a word that is not a method', async (t) => {
  const cwd = await folderOf(t, {})
  const alone = await run(t, ['explain', 'GET'], { cwd })
  assert.deepEqual([alone.exitCode, alone.stdout], [2, ''])
  assert.match(alone.stderr, /^Missing argument: URL, .*\nE8008_USAGE   try: serve8008 explain GET \/\n$/)
  const blank = await run(t, ['explain', 'GET it', '/'], { cwd })
  assert.deepEqual(
    [blank.exitCode, blank.stderr],
    [2, 'GET it is not a method.\nE8008_USAGE   try: serve8008 explain GET /\n'],
  )
})

test('explain tells which route answers, which lost and why, and what would be sent', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.json': config })
  const { stdout, exitCode } = await run(t, ['explain', 'GET', '/api/users?a=1'], { cwd })
  assert.equal(exitCode, 0)
  assert.match(stdout, /^ {2}GET \/api\/users\?a=1$/m)
  assert.match(stdout, /^ {2}Route +\/api +forwards to localhost:3000$/m)
  assert.match(stdout, /^ {2}Sends +GET \/v1\/users\?a=1 HTTP\/1\.1 +to localhost:3000$/m)
  assert.match(stdout, /^ +Host: localhost:8008$/m)
  assert.match(stdout, /^ +X-Forwarded-Prefix: \/api$/m)
  const missing = await run(t, ['explain', '/none.txt'], { cwd })
  assert.match(missing.stdout, /^ {2}Answer +404 {3}E8008_NOT_FOUND: There is no file at this address\.$/m)
  assert.match(stdout, /^ +canary +header x-canary is absent$/m)
  assert.match(stdout, /^ +files at \/ +\/api is more specific$/m)
  assert.match(stdout, /^ {2}Not +api\.localhost +host is not api\.localhost$/m)
})

test('explain takes header fields as curl does, a URL, and answers in JSON', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.json': config })
  const ask = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { stdout } = await run(t, ['explain', ...args, '--json'], { cwd })
    return JSON.parse(stdout) as Record<string, unknown>
  }
  const canary = await ask('POST', '/api/x', '-H', 'X-Canary: 1', '-H', 'Cookie: a=b')
  assert.equal(canary['route'], 'canary')
  const [forward] = canary['forwards'] as Forward[]
  assert.deepEqual([forward?.upstream, forward?.requestLine], ['localhost:4000', 'POST /api/x HTTP/1.1'])
  assert.deepEqual(forward?.fields.slice(0, 6), ['Host', 'localhost:8008', 'X-Canary', '1', 'Cookie', 'a=b'])
  const host = await ask('GET', 'http://api.localhost:8008/x')
  assert.equal(host['route'], 'api.localhost')
  assert.deepEqual(
    (host['forwards'] as Forward[]).map(({ fields }) => fields[1]),
    ['localhost:3001', 'localhost:3002'],
  )
  assert.equal((await ask('/old'))['text'], '307 to /new')
  assert.equal((await ask('/x.html'))['kind'], 'folder')
  const refused = await ask('/api/..%2fprivate')
  assert.equal(refused['kind'], 'refused')
  assert.match(String(refused['text']), /^400 E8008_PATH_INVALID/)
  const evil = await ask('http://evil.test/')
  assert.match(String(evil['text']), /^421 E8008_HOST_NOT_ALLOWED/)
  assert.deepEqual([evil['hint'], evil['answer']], ['restart it with `--allow-host evil.test` added', null])
  assert.deepEqual((await ask('POST', '/none'))['answer'], {
    status: 405,
    why: 'E8008_METHOD: Files do not support the method "POST". Use GET or HEAD',
  })
})

test('explain takes the flags of the server', async (t) => {
  const cwd = await folderOf(t, {})
  const { stdout } = await run(t, ['explain', '/x', '-x', '/=:5000', '--json'], { cwd })
  assert.equal((JSON.parse(stdout) as { route: string }).route, '/')
  assert.match(stdout, /localhost:5000/)
})

test('explain takes a path where the system will choose the port', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.json': config })
  const { exitCode, stdout } = await run(t, ['explain', '/api/users', '--port', '0'], { cwd })
  assert.equal(exitCode, 0)
  assert.match(stdout, /^ +Route +\/api +/m)
})

test('explain tells what the server answers before any route', async (t) => {
  const cwd = await folderOf(t, {})
  const basic = `Authorization: Basic ${Buffer.from('ann:open').toString('base64')}`
  const secret = ['--auth', 'ann:open', '-x', '/api=:5000']
  const preflight = ['-H', 'Origin: http://a.test', '-H', 'Access-Control-Request-Method: PUT', '--cors']
  for (const [args, answer, sent] of [
    [['/api', ...secret], [401, 'E8008_UNAUTHORIZED: This server requires a user name and a password.'], 0],
    [['/api', ...secret, '-H', 'Authorization: Basic eDp5'], [401, /is wrong/], 0],
    [['/api', ...secret, '-H', basic], undefined, 1],
    [['/api', ...secret, '-H', basic, '--pass-authorization'], undefined, 1],
    [['/api', '-x', '/api=:5000', '--allow', '10.0.0.0/8'], [403, /E8008_CLIENT/], 0],
    [['POST', '/api', '-x', '/api=:5000', '--origin', 'same', '-H', 'Origin: http://a.test'], [403, /E8008_ORIGIN/], 0],
    [['OPTIONS', '/api', ...secret, ...preflight], [204, null], 0],
    [['/api?a=1', ...secret, '--redirect'], [308, 'https://localhost:8443/api?a=1'], 0],
    [['https://localhost:8443/api', '-x', '/api=:5000', '--redirect'], undefined, 1],
    [['/none', '--redirect=asked'], [404, /E8008_NOT_FOUND/], 0],
    [['/', '--redirect=asked', '-H', 'Upgrade-Insecure-Requests: 1'], [307, 'https://localhost:8443/'], 0],
  ] as const) {
    const { stdout } = await run(t, ['explain', ...args, '--json'], { cwd })
    const told = JSON.parse(stdout) as {
      answer: { status: number; why: string } | null
      forwards: { fields: string[] }[]
    }
    assert.equal(told.answer?.status, answer?.[0], args.join(' '))
    if (answer?.[1] instanceof RegExp) assert.match(told.answer?.why ?? '', answer[1])
    else assert.equal(told.answer?.why, answer?.[1])
    assert.equal(told.forwards.length, sent, args.join(' '))
    const isPassed = told.forwards.some(({ fields }) => fields.includes('Authorization'))
    assert.equal(
      isPassed,
      args.some((arg) => arg === '--pass-authorization'),
    )
  }
})

test('explain without a URL, and a tie, end with exit code 2', async (t) => {
  const cwd = await folderOf(t, {})
  const without = await run(t, ['explain'], { cwd })
  assert.equal(without.exitCode, 2)
  assert.match(without.stderr, /Missing argument: URL.*\nE8008_USAGE   try: serve8008 explain \/\n$/)
  const tied = ['-x', '/a=:1', '-x', '/a/=:2']
  for (const command of [['explain', '/a', ...tied], ['check', ...tied], tied]) {
    const { exitCode, stderr } = await run(t, command, { cwd })
    assert.equal(exitCode, 2, command.join(' '))
    assert.match(stderr, /match the same requests/)
  }
})

test('explain knows the names of certificates as the server does', async (t) => {
  const { cert, key } = await makeCertificate('app.test', '*.shop.test')
  const cwd = await folderOf(t, { 'my.pem': cert + key })
  const kindOf = async (host: string): Promise<unknown> => {
    const { stdout } = await run(t, ['explain', `https://${host}:8443/`, '--cert', 'my.pem', '--json'], { cwd })
    return (JSON.parse(stdout) as { kind: unknown }).kind
  }
  const kinds = await Promise.all(['app.test', 'a.shop.test', 'a.b.shop.test', 'evil.test'].map(kindOf))
  assert.deepEqual(kinds, ['folder', 'folder', 'refused', 'refused'])
  const { exitCode, stderr } = await run(t, ['explain', '/', '--cert', 'none.pem'], { cwd })
  assert.equal(exitCode, 2)
  assert.match(stderr, /none\.pem does not exist\.\nE8008_CERT/)
})

test('a route has the same id in the banner, in the log and in explain', async (t) => {
  const cwd = await folderOf(t, {
    'serve8008.config.json': JSON.stringify({
      proxy: { '/api': 'http://127.0.0.1:9', '/v1/*': 'http://127.0.0.1:9', '/': 'http://127.0.0.1:9' },
      routes: [{ id: 'canary', match: { path: '/new' }, proxy: 'http://127.0.0.1:9' }],
    }),
  })
  const { url, stdout } = await serve(t, [], { cwd })
  for (const [path, name] of [
    ['api/x', '/api'],
    ['v1/a', '/v1/*'],
    ['new', 'canary'],
    ['other', '/'],
  ] as const) {
    const escaped = name.replace('*', '\\*')
    await stdout(new RegExp(`^Proxy: ${escaped} -> 127\\.0\\.0\\.1:9$`, 'm'))
    await fetch(new URL(path, url))
    await stdout(new RegExp(`GET /${path} .* m?s   ${escaped} -> 127\\.0\\.0\\.1:9`))
    const { stdout: explained } = await run(t, ['explain', `/${path}`], { cwd })
    assert.match(explained, new RegExp(`Route +${escaped} +forwards to`))
  }
})

test('explain tells what the code of an error or a warning means, and reads no config file for it', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.json': '{ "prot": 3000 }' })
  const cert = await run(t, ['explain', 'e8008_cert'], { cwd })
  assert.deepEqual([cert.exitCode, cert.stderr], [0, ''])
  assert.match(cert.stdout, /E8008_CERT {3}exit code 2\n\n {2}Meaning .*\n {2}Usual cause .*[\s\S]*\n {2}What to do /)
  const watch = await run(t, ['explain', 'W8008_WATCH', '--json'], { cwd })
  assert.equal((JSON.parse(watch.stdout) as { code: unknown }).code, 'W8008_WATCH')
  for (const [word, hint] of [
    ['E9999', 'serve8008 help codes'],
    ['CERT', 'serve8008 explain E8008_CERT'],
  ] as const) {
    const { exitCode, stderr } = await run(t, ['explain', word], { cwd })
    assert.deepEqual([exitCode, stderr], [2, `There is no code ${word}.\nE8008_USAGE   try: ${hint}\n`])
  }
  const unknown = await run(t, ['explain', 'E8008_CRET'], { cwd })
  assert.equal(unknown.exitCode, 2)
  assert.equal(unknown.stderr, 'There is no code E8008_CRET.\nE8008_USAGE   try: serve8008 explain E8008_CERT\n')
})

test('explain takes a folder and mounts as serving does', async (t) => {
  const cwd = await folderOf(t, { 'site/certs/dev.pem': 'x', 'site/a.txt': 'a', 'manual/b.txt': 'b', 'index.html': '' })
  const ask = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await run(t, ['explain', ...args], { cwd })
    return stdout + stderr
  }
  assert.match(
    await ask('./site', '/certs/dev.pem'),
    /Route +\/ +files of \.\/site\n {2}Answer +404 .*\(--serve certs\/dev\.pem\)/,
  )
  assert.match(await ask('site', 'GET', '/a.txt'), /^ {2}GET \/a\.txt\n\n.*\n {2}Answer +200$/m)
  assert.match(await ask('/a.txt', 'site'), /Answer +200$/m)
  assert.match(await ask(`${cwd}/site`, '/a.txt'), /Answer +200$/m)
  assert.match(await ask('./site', '/docs=./manual', 'HEAD', '/docs/b.txt'), /files of \.\/manual\n {2}Answer +200$/m)
  assert.match(await ask('./site', '/a?b=./site'), /^ {2}GET \/a\?b=\.\/site$/m)
  assert.match(await ask('/docs=manual', '/docs/b.txt'), /files of \.\/manual/)
  for (const [words, message, hint] of [
    ['./site', /^Missing argument: URL/, 'explain ./site /'],
    ['./site GET', /^Missing argument: URL/, 'explain ./site GET /'],
    ['./site get /a', /^Methods are case-sensitive/, 'explain ./site GET /a'],
    ['./site /a POST', /^The method comes before the URL/, 'explain ./site POST /a'],
    ['./site GET /a /b', /^explain takes one method and one URL, but got \/b\./, 'explain ./site GET /a'],
    ['./site ./manual /a', /^Only one folder can be served/, 'explain ./site /manual=./manual /a'],
    ['/ -H x-a', /^x-a is not a header field/, 'explain / -H x-a:VALUE'],
    ['http://', /^http:\/\/ is neither a URL nor a path/, 'explain /'],
  ] as const) {
    const told = await ask(...words.split(' '))
    assert.match(told, message)
    assert.equal(/try: serve8008 (.*)/.exec(told)?.[1], hint, words)
    assert.match(await ask(...hint.split(' ').slice(1)), /Read/, 'the hint works')
  }
  assert.match(await ask('./nope', '/a'), /^The folder does not exist: .*nope\n/)
})

test('explain says which settings it read', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.json': '{ "cors": true }' })
  const runtime = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const read = async (args: readonly string[], env: Record<string, string> = {}): Promise<string | undefined> => {
    const { stdout } = await run(t, ['explain', '/', ...args], { cwd, env: { ...runtime, ...env } })
    return /^ {2}Read +(.*)$/m.exec(stdout)?.[1]
  }
  assert.equal(await read([]), './serve8008.config.json')
  assert.equal(await read(['--no-config']), 'no flags, no environment, no config file')
  const all = '--base, SERVE8008_SINGLE, ./serve8008.config.json'
  assert.equal(await read(['--base', '/'], { SERVE8008_SINGLE: '1' }), all)
})

test('explain knows the settings of a running server, but none of its secrets', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const cwd = await folderOf(t, { 'site/index.html': '' })
  const args = ['./site', '-x', '/api=:3000', '--header', 'x-token: s3cret']
  const { url, child } = await serve(t, args, { cwd, env: { ...env, SERVE8008_AUTH: 'ann:s3cret' } })
  await registered(env)
  assert.doesNotMatch(JSON.stringify(runningServers(env)), /s3cret/)
  const there = `${url}api/x`
  const told = async (...words: string[]): Promise<Record<string, unknown>> => {
    const { stdout } = await run(t, ['explain', ...words, '--json'], { cwd, env })
    return JSON.parse(stdout) as Record<string, unknown>
  }
  const server = { url, pid: child.pid, hidden: ['headers', 'auth'] }
  const named = await told(there)
  assert.deepEqual([named['route'], named['server'], named['other']], ['/api', server, null])
  const path = await told('/api/x')
  const other = { url, pid: child.pid, command: `serve8008 explain ${there}` }
  assert.deepEqual([path['route'], path['server'], path['other']], ['/', null, other])
  assert.deepEqual((await told(there, '--spa'))['other'], other)
  const text = await run(t, ['explain', '/api/x'], { cwd, env })
  assert.ok(text.stdout.includes(`serve8008 explain ${there}\n`), text.stdout)
  const whole = await run(t, ['explain', there], { cwd: await folderOf(t, {}), env })
  assert.match(whole.stdout, /Read +settings of the running server .* \(pid \d+\), which serves .*\/site: .*--proxy/)
  assert.match(whole.stdout, /without headers, auth, which may hold secrets/)
})

test('explain is silent about a running server with the same settings, and one on another port', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const cwd = await folderOf(t, { 'index.html': '' })
  await serve(t, ['--cors'], { cwd, env })
  await registered(env)
  for (const args of [['/', '--cors'], ['http://localhost:1/']]) {
    const { stdout } = await run(t, ['explain', ...args], { cwd, env })
    assert.doesNotMatch(stdout, /^ {2}But/m)
  }
  const { stdout } = await run(t, ['explain', '/'], { cwd, env })
  assert.match(stdout, /^ {2}But +other settings are those of the running server/m)
})
