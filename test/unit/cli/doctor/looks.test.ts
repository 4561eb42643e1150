import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { lookAtNodeSettings, lookAtProxies } from '../../../../src/cli/doctor/environment.ts'
import {
  lookAtClock,
  lookAtNode,
  lookAtOpenFiles,
  lookAtSurroundings,
  lookAtTemporary,
} from '../../../../src/cli/doctor/machine.ts'
import { lookAtLocalhost, nameSources } from '../../../../src/cli/doctor/names.ts'
import { authorityFindings, folderFault, lookAtRegistry } from '../../../../src/cli/doctor/own-files.ts'
import { loopbackFindings, lookAtLoopback, portFindings } from '../../../../src/cli/doctor/ports.ts'
import { lookAtWatching, watchingFindings } from '../../../../src/cli/doctor/watching.ts'
import type { Seen } from '../../../../src/cli/doctor/check.ts'
import type { FoundStore } from '../../../../src/cli/commands/open-authority.ts'
import type { RunningServer } from '../../../../src/control/server-registry.ts'
import { testPorts } from '../../../../src/net/self-test.ts'

const skip = process.platform === 'win32' ? 'Windows has no modes' : false

function codes({ findings = [] }: Seen): string[] {
  return findings.map(({ code, severity }) => `${code.slice('D8008_'.length)} ${severity}`)
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-doctor-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

test('warns of a Node that is too old', () => {
  for (const version of ['18.20.0', '20.18.3'])
    assert.deepEqual(codes(lookAtNode(version, 'x64', 'linux')), ['NODE warning'])
  for (const version of ['20.19.0', '22.0.0', '26.1.0'])
    assert.deepEqual(codes(lookAtNode(version, 'x64', 'linux')), [])
})

test('warns of a clock that is behind our own files', (t) => {
  const file = join(folderOf(t), 'x')
  writeFileSync(file, '')
  assert.deepEqual(codes(lookAtClock(file, Date.now())), [])
  assert.deepEqual(codes(lookAtClock(file, Date.UTC(1970, 0, 2))), ['CLOCK warning'])
})

test('warns of a low limit of open files, and of a system whose table is nearly full', () => {
  const limits = (soft: string): string =>
    `Limit  Soft  Hard  Units\nMax open files            ${soft}   4096   files\n`
  assert.deepEqual(codes(lookAtOpenFiles(limits('256'), '100 0 10000\n')), ['OPEN_FILES warning'])
  assert.deepEqual(codes(lookAtOpenFiles(limits('unlimited'), '9900 0 10000\n')), ['OPEN_FILES warning'])
  assert.deepEqual(codes(lookAtOpenFiles(limits('4096'), '9223372036854775807')), [])
  assert.equal(lookAtOpenFiles(undefined, undefined).seen, 'limit not readable on this system')
})

test('warns of a temporary folder that is not there', (t) => {
  const folder = folderOf(t)
  assert.deepEqual(codes(lookAtTemporary(folder)), [])
  const look = lookAtTemporary(join(folder, 'none'))
  assert.deepEqual([codes(look), look.findings?.[0]?.fix], [['TEMPORARY warning'], `mkdir -p ${join(folder, 'none')}`])
})

test('notes WSL folders, containers and sudo', () => {
  const plain = { kernel: 'Linux version 6.1', container: undefined, cwd: '/home/ann', uid: 1000, sudoUser: undefined }
  assert.deepEqual(lookAtSurroundings(plain), { seen: 'no container, no WSL', findings: [] })
  const wsl = { ...plain, kernel: 'Linux version 5.15.167.4-microsoft-standard-WSL2' }
  assert.deepEqual(codes(lookAtSurroundings(wsl)), [])
  assert.deepEqual(codes(lookAtSurroundings({ ...wsl, cwd: '/mnt/c/Users/ann' })), ['WSL_FOLDER note'])
  assert.deepEqual(codes(lookAtSurroundings({ ...plain, container: 'podman' })), ['CONTAINER note'])
  assert.deepEqual(codes(lookAtSurroundings({ ...plain, uid: 0, sudoUser: 'ann' })), ['SUDO note'])
})

test('warns when a proxy would get the requests for this machine', () => {
  assert.deepEqual(codes(lookAtProxies({})), [])
  const proxy = 'http://ann:secret@proxy.example.test:3128'
  for (const [env, expected] of [
    [{ HTTP_PROXY: proxy }, 'localhost,127.0.0.1,::1'],
    [{ http_proxy: proxy, NO_PROXY: 'example.test, localhost' }, 'example.test,localhost,127.0.0.1,::1'],
    [{ ALL_PROXY: proxy, NO_PROXY: '*', no_proxy: 'example.test' }, 'example.test,localhost,127.0.0.1,::1'],
  ] as const) {
    const look = lookAtProxies(env)
    assert.deepEqual(codes(look), ['PROXY warning'])
    assert.equal(look.findings?.[0]?.fix, `export NO_PROXY=${expected} no_proxy=${expected}`)
    assert.doesNotMatch(JSON.stringify(look), /secret/)
  }
  for (const exceptions of ['*', 'localhost,127.0.0.1,::1', 'LOCALHOST, 127.0.0.0/8, [::1]']) {
    assert.deepEqual(codes(lookAtProxies({ HTTPS_PROXY: proxy, no_proxy: exceptions })), [], exceptions)
  }
})

test('warns of variables that change what Node trusts', () => {
  assert.deepEqual(codes(lookAtNodeSettings({}, () => true)), [])
  assert.deepEqual(codes(lookAtNodeSettings({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, () => true)), [
    'UNCHECKED_TLS warning',
  ])
  assert.deepEqual(codes(lookAtNodeSettings({ NODE_EXTRA_CA_CERTS: '/none' }, () => false)), ['EXTRA_CERTS warning'])
})

test('says what localhost is', () => {
  assert.deepEqual(codes(lookAtLocalhost(['127.0.0.1', '::1'])), [])
  assert.deepEqual(codes(lookAtLocalhost(['127.0.0.1'])), ['LOCALHOST note'])
  assert.deepEqual(codes(lookAtLocalhost(['192.0.2.7'])), ['LOCALHOST danger'])
  assert.deepEqual(codes(lookAtLocalhost([])), ['LOCALHOST warning'])
})

test('looks up only names that this machine knows itself', () => {
  const hosts = '# the hosts\n127.0.0.1 localhost Shop.localhost # and more\n::1 localhost\n'
  assert.deepEqual([...nameSources(hosts, '').hosts], ['localhost', 'shop.localhost'])
  assert.equal(nameSources('', 'passwd: files\nhosts:  files mdns4_minimal [NOTFOUND=return] dns\n').knowsLocal, false)
  assert.equal(nameSources('', 'hosts: files myhostname dns\n').knowsLocal, true)
  assert.equal(nameSources('', 'hosts: mymachines resolve [!UNAVAIL=return] files dns').knowsLocal, true)
  assert.equal(nameSources('', undefined).knowsLocal, true)
})

test('warns before the limits of watching are reached', async () => {
  const look = (watches: [number, number], instances: [number, number]): string[] =>
    codes(
      watchingFindings({
        watches: { used: watches[0], limit: watches[1] },
        instances: { used: instances[0], limit: instances[1] },
        isWhole: true,
      }),
    )
  assert.deepEqual(look([10, 65_536], [5, 128]), [])
  assert.deepEqual(look([60_000, 65_536], [5, 128]), ['WATCHES warning'])
  assert.deepEqual(look([10, 8192], [5, 128]), ['WATCHES note'])
  assert.deepEqual(look([10, 65_536], [126, 128]), ['WATCHERS warning'])
  assert.equal((await lookAtWatching('/nowhere')).seen, 'no limit on this system')
})

const linux = process.platform === 'linux' ? false : 'only Linux counts'

test('counts what the processes of this user watch', { skip: linux }, (t) => {
  const proc = folderOf(t)
  mkdirSync(join(proc, 'sys/fs/inotify'), { recursive: true })
  writeFileSync(join(proc, 'sys/fs/inotify/max_user_watches'), '65536\n')
  writeFileSync(join(proc, 'sys/fs/inotify/max_user_instances'), '128\n')
  mkdirSync(join(proc, '12/fd'), { recursive: true })
  mkdirSync(join(proc, '12/fdinfo'))
  symlinkSync('anon_inode:inotify', join(proc, '12/fd/3'))
  symlinkSync('/dev/null', join(proc, '12/fd/4'))
  writeFileSync(join(proc, '12/fdinfo/3'), 'pos:\t0\ninotify wd:2 ino:1\ninotify wd:1 ino:2\n')
  return lookAtWatching(proc).then(({ seen }) => assert.equal(seen, '2 of 65536 folders, 1 of 128 watchers'))
})

test('names a registry folder that servers cannot use', { skip }, (t) => {
  const runtime = folderOf(t)
  const env = { XDG_RUNTIME_DIR: runtime }
  const folder = join(runtime, 'serve8008')
  assert.deepEqual(lookAtRegistry(env), { seen: `${folder}, 0 running`, findings: [] })
  assert.equal(folderFault(join(runtime, 'a/b/c')), undefined)

  writeFileSync(folder, '')
  assert.deepEqual([codes(lookAtRegistry(env)), folderFault(folder)?.fix], [['REGISTRY warning'], `rm ${folder}`])
  rmSync(folder)
  symlinkSync(runtime, folder)
  assert.equal(folderFault(folder)?.why, 'it is a link')
  rmSync(folder)
  mkdirSync(folder, { mode: 0o755 })
  chmodSync(folder, 0o755)
  assert.deepEqual(folderFault(folder), { why: 'other users can read it', fix: `chmod 700 ${folder}` })
  chmodSync(folder, 0o700)
  writeFileSync(join(folder, '99999999.json'), '{')
  assert.deepEqual(codes(lookAtRegistry(env)), ['REGISTRY_STALE note'])
  // It changes nothing.
  assert.deepEqual(codes(lookAtRegistry(env)), ['REGISTRY_STALE note'])
})

test('says until when the authority is valid and what trusts it', () => {
  const now = Date.UTC(2026, 0, 1)
  const store = (name: string, status: FoundStore['status']): FoundStore =>
    ({ store: { name }, status, lacks: undefined }) as unknown as FoundStore
  const valid = { validTo: 'Jan  1 00:00:00 2036 GMT' }
  const both = authorityFindings(valid, [store('Debian', 'trusted'), store('Firefox', 'trusted')], now)
  assert.deepEqual(both, { seen: 'valid until 2036-01-01; Debian, Firefox trust it', findings: [] })
  assert.deepEqual(codes(authorityFindings(valid, [store('Debian', 'trusted'), store('Firefox', 'untrusted')], now)), [
    'UNTRUSTED note',
  ])
  const old = authorityFindings({ validTo: 'Jan 20 00:00:00 2026 GMT' }, [store('Debian', 'untrusted')], now)
  assert.deepEqual(codes(old), ['AUTHORITY_EXPIRES warning', 'UNTRUSTED warning'])
})

test('says which ports could be used, and who holds the others', () => {
  const held = { port: 8008, reason: '8008 is in use by node (pid 4242: vite)' }
  const denied = { port: 591, reason: '591 needs administrator rights' }
  const ladder = [8008, 591, 8080]
  assert.deepEqual(portFindings(ladder, true, [denied], []), {
    seen: '8008 free, 591 needs administrator rights, 8080 free',
    findings: [],
  })
  assert.deepEqual(codes(portFindings(ladder, true, [held, denied], [])), ['PORT note'])
  assert.deepEqual(codes(portFindings(ladder, false, [held, denied], [])), ['PORTS warning'])
  const third = { port: 8080, reason: '8080 is in use; the system does not tell by whom' }
  assert.deepEqual(codes(portFindings(ladder, true, [held, denied, third], [])), ['PORTS warning'])
  const own = { port: 8008, tlsPort: 0, pid: 7 } as RunningServer
  assert.deepEqual(portFindings(ladder, true, [held], [own]), {
    seen: '8008 is serve8008 (pid 7), 591 free, 8080 free',
    findings: [],
  })
})

test('binds ports to test them, and leaves them free', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const place = { host: 'localhost', lan: false }
  const [miss] = await testPorts([port], place)
  assert.equal(miss?.code, 'EADDRINUSE')
  server.close()
  await once(server, 'close')
  assert.deepEqual(await testPorts([port], place), [])
  assert.deepEqual(await testPorts([port], place), [])
})

test('tests both loopback addresses', async () => {
  assert.match((await lookAtLoopback()).seen, /^127\.0\.0\.1 works, ::1 (?:works|absent)$/)
  assert.deepEqual(codes(loopbackFindings('works', 'works')), [])
  assert.deepEqual(codes(loopbackFindings('works', 'absent')), ['IPV6_OFF note'])
  assert.deepEqual(codes(loopbackFindings('unreachable', 'works')), ['LOOPBACK warning'])
  assert.deepEqual(codes(loopbackFindings('absent', 'works')), ['LOOPBACK warning'])
})
