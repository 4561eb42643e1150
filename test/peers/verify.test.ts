import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { test } from 'node:test'
import { scan, verify, type VerifyResult } from '../../src/index.ts'
import { TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { missing, Program } from './program.ts'
import { squidCommand, squidConfig, tinyproxyConfig } from './programs.ts'

const modules = '/usr/lib/apache2/modules'

/** The requests by which the listener of the test was contacted, without its port. */
function contacts({ relay }: VerifyResult): string[] {
  return relay.attempts.flatMap(({ sent, contacted }) =>
    contacted ? [sent.replaceAll(/(?<=1\]?):\d+/g, ':PORT').replace(/\/\?[\da-f]{16}/, '/')] : [],
  )
}

/** What a scan says of relaying: the same test in a short form. */
async function scanned(port: number): Promise<string[]> {
  const { ports } = await scan({ ports: [port] })
  const relays = ports.flatMap(({ findings }) => findings.filter(({ code }) => code === 'S8008_OPEN_RELAY'))
  return relays.map(({ severity }) => severity)
}

function verdictOf({ checks }: VerifyResult, wanted: string): string | undefined {
  return checks.find(({ code }) => code === wanted)?.verdict
}

async function startSquid(folder: TempFolder, access: string): Promise<{ program: Program; port: number }> {
  const port = await freePort()
  await folder.write({ 'squid.conf': squidConfig(folder, port, access) })
  chmodSync(folder.path, 0o777)
  return { program: await Program.start(squidCommand(folder, port), port), port }
}

async function startTinyproxy(folder: TempFolder, rules: string): Promise<{ program: Program; port: number }> {
  const port = await freePort()
  await folder.write({ 'tiny.conf': tinyproxyConfig(port, rules) })
  return { program: await Program.start(['tinyproxy', '-d', '-c', folder.join('tiny.conf')], port), port }
}

async function startApache(folder: TempFolder, rules: readonly string[]): Promise<{ program: Program; port: number }> {
  const port = await freePort()
  const load = (name: string): string => `LoadModule ${name}_module ${modules}/mod_${name}.so`
  const lines = [
    ...['mpm_event', 'authz_core', 'dir', 'mime', 'proxy', 'proxy_http', 'proxy_connect'].map(load),
    `TypesConfig ${folder.join('mime.types')}`,
    `ServerName localhost:${port}`,
    `Listen 127.0.0.1:${port}`,
    `PidFile ${folder.join('apache.pid')}`,
    `ErrorLog ${folder.join('error.log')}`,
    `DocumentRoot ${folder.join('site')}`,
    'User #65534',
    'Group #65534',
    `<Directory ${folder.join('site')}>`,
    '  Require all granted',
    '</Directory>',
    ...rules,
  ]
  await folder.write({
    'apache.conf': `${lines.join('\n')}\n`,
    'site/index.html': 'x',
    'mime.types': 'text/html html\n',
  })
  for (const name of ['', 'site']) chmodSync(folder.join(name), 0o777)
  const command = ['apache2', '-X', '-d', folder.path, '-f', folder.join('apache.conf')]
  return { program: await Program.start(command, port), port }
}

test('an open squid relays, by absolute form and CONNECT', { skip: missing('squid') }, async () => {
  using folder = new TempFolder()
  const { program, port } = await startSquid(folder, 'http_access allow all')
  await using _program = program
  const result = await verify(`http://127.0.0.1:${port}/`)
  assert.equal(result.relay.verdict, 'relays to loopback')
  const found = contacts(result)
  for (const line of [
    'GET http://127.0.0.1:PORT/ HTTP/1.1, Host: 127.0.0.1:PORT',
    'CONNECT 127.0.0.1:PORT HTTP/1.1, Host: 127.0.0.1:PORT',
    'CONNECT [::1]:PORT HTTP/1.1, Host: [::1]:PORT',
  ]) {
    assert.ok(found.includes(line), `${line} of ${found.join('\n')}`)
  }
  assert.deepEqual(await scanned(port), ['danger'])
  // Its default resolver must not be asked for them.
  assert.equal(verdictOf(result, 'S8008_HOST'), 'not tested')
  assert.equal(result.passed, false)
})

test('a closed squid, whose error page repeats the request, is not accused', { skip: missing('squid') }, async () => {
  using folder = new TempFolder()
  const { program, port } = await startSquid(folder, 'http_access deny all')
  await using _program = program
  const result = await verify(`http://127.0.0.1:${port}/`)
  assert.deepEqual([result.relay.verdict, contacts(result)], ['refuses', []])
  assert.deepEqual(await scanned(port), [])
})

test('an open tinyproxy relays, a closed one refuses', { skip: missing('tinyproxy') }, async () => {
  using folder = new TempFolder()
  const open = await startTinyproxy(folder, 'Allow 127.0.0.1\nConnectPort 443')
  const result = await verify(String(open.port))
  assert.deepEqual(await scanned(open.port), ['danger'])
  await open.program[Symbol.asyncDispose]()
  assert.equal(result.relay.verdict, 'relays to loopback')
  const found = contacts(result)
  assert.ok(found.includes('GET http://127.0.0.1:PORT/ HTTP/1.1, Host: 127.0.0.1:PORT'), found.join('\n'))
  assert.ok(!found.some((line) => line.startsWith('CONNECT')), found.join('\n'))

  using other = new TempFolder()
  const closed = await startTinyproxy(other, 'Allow 192.0.2.1')
  await using _closed = closed.program
  const refused = await verify(String(closed.port))
  assert.deepEqual([refused.relay.verdict, contacts(refused)], ['refuses', []])
  assert.deepEqual(await scanned(closed.port), [])
})

test('Apache with ProxyRequests relays; without, it is not shown to', { skip: missing('apache2') }, async () => {
  using folder = new TempFolder()
  const rules = ['ProxyRequests On', 'AllowCONNECT 1-65535', '<Proxy "*">', '  Require all granted', '</Proxy>']
  const open = await startApache(folder, rules)
  const result = await verify(`localhost:${open.port}`)
  assert.deepEqual(await scanned(open.port), ['danger'])
  await open.program[Symbol.asyncDispose]()
  assert.equal(result.relay.verdict, 'relays to loopback')
  assert.ok(
    contacts(result).some((line) => line.startsWith('CONNECT')),
    contacts(result).join('\n'),
  )

  using other = new TempFolder()
  const closed = await startApache(other, ['ProxyRequests Off'])
  await using _closed = closed.program
  const quiet = await verify(`localhost:${closed.port}`)
  assert.deepEqual(await scanned(closed.port), [])
  assert.deepEqual([quiet.relay.verdict, contacts(quiet)], ['not shown to relay', []])
  // Its first virtual host answers for every name.
  assert.equal(verdictOf(quiet, 'S8008_HOST'), 'failed')
  assert.equal(verdictOf(quiet, 'S8008_HOST_MISSING'), 'passed')
})

test('nginx is judged by its configuration: a variable in proxy_pass relays', { skip: missing('nginx') }, async () => {
  using folder = new TempFolder()
  const [plain, relaying] = [await freePort(), await freePort()]
  await folder.write({
    'nginx.conf': `
      daemon off; master_process off; pid ${folder.join('nginx.pid')}; error_log ${folder.join('error.log')};
      events {}
      http {
        access_log off;
        client_body_temp_path ${folder.join('b')}; proxy_temp_path ${folder.join('p')};
        fastcgi_temp_path ${folder.join('f')}; uwsgi_temp_path ${folder.join('u')}; scgi_temp_path ${folder.join('s')};
        server { listen 127.0.0.1:${plain} default_server; return 421; }
        server { listen 127.0.0.1:${plain}; server_name localhost; root ${folder.join('site')}; }
        server { listen 127.0.0.1:${relaying}; location / { proxy_pass http://$http_host; } }
      }`,
    'site/index.html': 'x',
  })
  await using _nginx = await Program.start(['nginx', '-p', folder.path, '-c', folder.join('nginx.conf')], plain)
  const safe = await verify(`http://localhost:${plain}/`)
  assert.deepEqual(
    safe.checks.filter(({ verdict }) => verdict === 'failed'),
    [],
  )
  assert.deepEqual(contacts(safe), [])
  assert.deepEqual([await scanned(plain), await scanned(relaying)], [[], ['danger']])
  const open = await verify(`http://localhost:${relaying}/`)
  assert.equal(open.relay.verdict, 'relays to loopback')
  assert.ok(contacts(open).includes('GET / HTTP/1.1, Host: 127.0.0.1:PORT'), contacts(open).join('\n'))
})

test('python http.server is shown to give away what lies in its folder', { skip: missing('python3') }, async () => {
  using folder = new TempFolder()
  await folder.write({ '.git/HEAD': 'ref: refs/heads/main\n', 'package.json~': '{}' })
  const port = await freePort()
  const command = ['python3', '-m', 'http.server', String(port), '--bind', '127.0.0.1']
  await using _python = await Program.start(command, port, folder.path)
  const result = await verify(String(port))
  assert.equal(result.relay.verdict, 'not shown to relay')
  assert.deepEqual(
    result.checks.flatMap(({ code, verdict }) => (verdict === 'failed' ? [code] : [])),
    ['S8008_HOST', 'S8008_HOST_MISSING', 'S8008_DOTFILES', 'S8008_BACKUPS', 'S8008_LISTING'],
  )
})
