import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { parseCgroup, parseStat } from '../../../../src/scan/processes/source-linux.ts'
import { parsePsArguments, parseElapsed, parseFolders, parsePs } from '../../../../src/scan/processes/source-ps.ts'
import { parseCimProcesses, splitCommandLine } from '../../../../src/scan/processes/source-windows.ts'
import { parsePasswd } from '../../../../src/scan/processes/users.ts'
import { processInfo } from '../../../../src/scan/scan.ts'
import { TempFolder } from '../../../support/server.ts'

// Recorded on Debian 12, but for the name.
const stat = `4242 (a) S (b) S 4100 4242 4100 34816 4242 4194304 1393 0 0 0 5 1 0 0 20 0 11 0 12345 1064706048 11520
`
const status =
  'Name:\tnode\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4242\nUid:\t1000\t33\t33\t33\nGid:\t33\t33\t33\t33\n'

test('reads the parent and the start of a process whose name holds parentheses', () => {
  assert.deepEqual(parseStat(stat), { comm: 'a) S (b', ppid: 4100, startTicks: 12345, stopped: false })
  assert.equal(parseStat(stat.replace(') S 4100', ') T 4100'))?.stopped, true)
  // Traced by a debugger, which continues it.
  assert.equal(parseStat(stat.replace(') S 4100', ') t 4100'))?.stopped, false)
  for (const text of ['', '4242', '4242 (node) S', 'a (b) S x 1']) assert.equal(parseStat(text), undefined)
})

test('takes the control group of systemd from every version', () => {
  assert.equal(parseCgroup('0::/system.slice/nginx.service\n'), '/system.slice/nginx.service')
  const hybrid = '2:cpu:/x\n1:name=systemd:/system.slice/a.service\n0::/y\n'
  assert.equal(parseCgroup(hybrid), '/system.slice/a.service')
  assert.equal(parseCgroup('9:name=systemd:/\n4:memory:/docker/1\n0::/\n'), '/docker/1')
  for (const text of ['', '0::/\n', 'garbage']) assert.equal(parseCgroup(text), undefined)
})

test('reads the users of passwd, and keeps the first name of an id', () => {
  const users = parsePasswd(
    'root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n+::::::\n# x\nann:x:1000:1000::/home/ann:/bin/sh',
  )
  assert.deepEqual(users.get(0), { name: 'root', home: '/root' })
  assert.deepEqual(users.get(1000), { name: 'ann', home: '/home/ann' })
  assert.equal(users.size, 2)
})

/** Adds a process to a folder that looks like /proc. */
function addProcess(
  folder: TempFolder,
  pid: number,
  ppid: number,
  argv: readonly string[],
  more: Partial<Record<'executable' | 'cwd' | 'cgroup' | 'environ' | 'namespace', string>> = {},
): void {
  mkdirSync(folder.join(String(pid), 'ns'), { recursive: true })
  const write = (name: string, text: string): void => writeFileSync(folder.join(String(pid), name), text)
  write('stat', stat.replace('4100', String(ppid)))
  write('status', status)
  write('cmdline', argv.map((arg) => `${arg}\0`).join(''))
  write('cgroup', more.cgroup ?? '0::/\n')
  write('environ', more.environ ?? '')
  symlinkSync(more.executable ?? (argv[0] as string), folder.join(String(pid), 'exe'))
  symlinkSync(more.namespace ?? 'mnt:[1]', folder.join(String(pid), 'ns', 'mnt'))
  if (more.cwd !== undefined) symlinkSync(more.cwd, folder.join(String(pid), 'cwd'))
}

test('describes a process with its parents, folder, project and supervisor', async (t) => {
  if (process.platform === 'win32') return t.skip('symbolic links')
  using folder = new TempFolder()
  await folder.write({ 'self/ns/x': '', stat: 'cpu 1\nbtime 1700000000\n', 'site/package.json': '{"name":"shop"}' })
  symlinkSync('mnt:[1]', folder.join('self', 'ns', 'mnt'))
  addProcess(folder, 4242, 4100, ['/usr/bin/node', '/app/node_modules/.bin/vite', '--token=s3cret', 's3cret'], {
    cwd: folder.join('site'),
    environ: 'API_TOKEN=s3cret\0pm_id=3\0',
  })
  addProcess(folder, 4100, 40, ['PM2 v6.0.8: God Daemon (/home/ann/.pm2)'], { executable: '/usr/bin/node' })
  addProcess(folder, 40, 1, ['/bin/bash'])
  addProcess(folder, 1, 0, ['/sbin/init'])
  const found = await processInfo([4242, 4242, 9999], { platform: 'linux', proc: folder.path, engines: [] })
  assert.deepEqual([...found.keys()], [4242])
  const info = found.get(4242)
  assert.deepEqual(info, {
    pid: 4242,
    ppid: 4100,
    parents: [
      { pid: 4100, program: 'node' },
      { pid: 40, program: 'bash' },
    ],
    // As this machine calls it.
    user: info?.user,
    uid: 33,
    program: 'node',
    command: 'vite',
    cwd: folder.join('site'),
    project: { name: 'shop', folder: folder.join('site'), file: 'package.json' },
    unit: undefined,
    container: undefined,
    supervisor: { name: 'pm2', pid: 4100, stop: 'pm2 delete 3' },
    startedAt: new Date(1700000123450),
    stopped: false,
    role: undefined,
  })
  assert.doesNotMatch(JSON.stringify(info), /s3cret/)
})

test('describes a process of which the system shows little', async (t) => {
  if (process.platform === 'win32') return t.skip('symbolic links')
  using folder = new TempFolder()
  mkdirSync(folder.join('7'))
  writeFileSync(folder.join('7', 'stat'), '7 (kworker) S 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 20 0 1 0 31 0 0')
  const info = (await processInfo([7], { platform: 'linux', proc: folder.path })).get(7)
  assert.equal(info?.program, 'kworker')
  assert.deepEqual([info?.parents, info?.user, info?.cwd, info?.startedAt], [[], undefined, undefined, undefined])
  assert.equal((await processInfo([], { platform: 'linux' })).size, 0)
})

const id = '0123456789abcdef'.repeat(4)

test('names the container of a process, and of the proxy of Docker', async (t) => {
  if (process.platform === 'win32') return t.skip('unix sockets')
  using folder = new TempFolder()
  await folder.write({ 'self/ns/x': '' })
  symlinkSync('mnt:[1]', folder.join('self', 'ns', 'mnt'))
  const cgroup = `0::/system.slice/docker-${id}.scope\n`
  addProcess(folder, 50, 1, ['/usr/bin/node', 'server.js'], { cgroup, cwd: '/app/src', namespace: 'mnt:[2]' })
  // The file system of the container is below its root.
  await folder.write({ '50/root/app/package.json': '{"name":"inside"}' })
  const proxy = '/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8008 -container-ip 172.17.0.2'
  addProcess(folder, 60, 1, proxy.split(' '))
  const web = { id, name: 'web', image: 'nginx', compose: undefined, engine: 'docker' }
  const container = { Id: id, Names: ['/web'], Image: 'nginx', Ports: [{ PublicPort: 8008, Type: 'tcp' }] }
  const server = createServer((socket) => socket.end(`HTTP/1.0 200 OK\r\n\r\n${JSON.stringify([container])}`))
  t.after(() => server.close())
  await once(server.listen(folder.join('docker.sock')), 'listening')
  const asked = { platform: 'linux', proc: folder.path } as const
  const found = await processInfo([50, 60], {
    ...asked,
    engines: [{ engine: 'docker', path: folder.join('docker.sock') }],
  })
  assert.deepEqual(found.get(50)?.container, web)
  assert.deepEqual(found.get(60)?.container, web)
  assert.deepEqual(found.get(60)?.supervisor, { name: 'Docker', pid: undefined, stop: 'docker stop web' })
  assert.deepEqual(found.get(50)?.project, { name: 'inside', folder: '/app', file: 'package.json' })
  // Without a socket the id is known alone.
  const alone = await processInfo([50, 60], { ...asked, engines: [] })
  assert.deepEqual(alone.get(50)?.container, { ...web, name: undefined, image: undefined })
  assert.equal(alone.get(60)?.container, undefined)
})

// By the documentation of ps(1) on macOS, not recorded; ps of procps 4.0 prints the same columns.
const ps = `  501     1   501    02-03:04:05 Ss   ann              /Applications/Visual Studio Code.app/Contents/MacOS/Electron
 4242   501   501          00:07 T    ann              /usr/local/bin/node
    1     0     0    12-00:00:00 Ss   root             /sbin/launchd
   77     1    -2          01:02:03 S    daemon        rapportd
garbage
`
const args = `  501 /Applications/Visual Studio Code.app/Contents/MacOS/Electron
 4242 node /Users/ann/shop/node_modules/.bin/next dev --token=s3cret
`

test('reads the columns of ps', () => {
  const now = Date.UTC(2026, 0, 10)
  const found = parsePs(ps, now)
  assert.deepEqual([...found.keys()], [501, 4242, 1, 77])
  const { executable, startedAt, user } = found.get(501) ?? {}
  assert.equal(executable, '/Applications/Visual Studio Code.app/Contents/MacOS/Electron')
  assert.deepEqual([user, startedAt], ['ann', new Date(now - (((2 * 24 + 3) * 60 + 4) * 60 + 5) * 1000)])
  assert.equal(found.get(77)?.uid, -2)
  assert.deepEqual([found.get(501)?.stopped, found.get(4242)?.stopped], [false, true])
  assert.equal(parseElapsed('00:07'), 7)
  for (const text of ['', '7', '1-00:07', 'x:07']) assert.equal(parseElapsed(text), undefined)
  assert.deepEqual(parsePsArguments(args).get(4242)?.slice(0, 2), ['node', '/Users/ann/shop/node_modules/.bin/next'])
})

// Recorded with lsof 4.95 on Linux, where the first line of a hidden folder tells the reason.
const folders = 'p1\nfcwd\nn/proc/1/cwd (readlink: Permission denied)\np4242\nfcwd\nn/Users/ann/shop\n'

test('reads working folders of lsof, but no hidden one', () => {
  assert.deepEqual(parseFolders(folders), new Map([[4242, '/Users/ann/shop']]))
})

test('describes a process by ps and lsof on macOS and BSD', async () => {
  const asked: string[] = []
  const execute = (program: string, words: readonly string[]): Promise<string> => {
    asked.push([program, ...words].join(' '))
    return Promise.resolve(program === 'lsof' ? folders : words.includes('pid=,args=') ? args : ps)
  }
  const info = (await processInfo([4242], { platform: 'darwin', execute, engines: [] })).get(4242)
  assert.deepEqual(
    [info?.program, info?.command, info?.user, info?.cwd, info?.parents],
    ['node', 'next dev', 'ann', '/Users/ann/shop', [{ pid: 501, program: 'Electron' }]],
  )
  assert.equal(asked.length, 3)
  assert.ok(asked.includes('lsof -a -d cwd -p 4242 -F pn'))
})

// By the documentation of Win32_Process and ConvertTo-Json, not recorded.
const cim = JSON.stringify([
  {
    ProcessId: 1234,
    ParentProcessId: 900,
    Name: 'node.exe',
    ExecutablePath: 'C:\\Program Files\\nodejs\\node.exe',
    CommandLine: '"C:\\Program Files\\nodejs\\node.exe"  C:\\shop\\node_modules\\vite\\bin\\vite.js --token=s3cret',
    Started: '2026-01-10T10:00:01.0000000Z',
  },
  {
    ProcessId: 900,
    ParentProcessId: 1234,
    Name: 'cmd.exe',
    ExecutablePath: null,
    CommandLine: null,
    Started: '2026-01-10T10:00:00.0000000Z',
  },
  { ProcessId: 4, ParentProcessId: 0, Name: 'System', ExecutablePath: null, CommandLine: null, Started: null },
])

test('reads processes of Windows, and no parent that is younger than its child', () => {
  const found = parseCimProcesses(cim)
  assert.equal(found.get(1234)?.ppid, 900)
  assert.equal(found.get(900)?.ppid, undefined)
  assert.deepEqual(found.get(1234)?.startedAt, new Date('2026-01-10T10:00:01Z'))
  assert.equal(found.get(4)?.startedAt, undefined)
  for (const text of ['', '[{"ProcessId":', 'null']) assert.equal(parseCimProcesses(text).size, 0)
  assert.deepEqual(splitCommandLine('"C:\\a b\\x.exe" -c "d e"f  g'), ['C:\\a b\\x.exe', '-c', 'd ef', 'g'])
})

test('describes a process by PowerShell on Windows, or by tasklist', async () => {
  const programs: string[] = []
  const answers =
    (isPowerShell: boolean) =>
    (program: string): Promise<string> => {
      programs.push(program)
      if (program.endsWith('tasklist.exe')) return Promise.resolve('"node.exe","1234","Console","1","50.000 K"\r\n')
      return Promise.resolve(isPowerShell ? cim : '')
    }
  const info = (await processInfo([1234], { platform: 'win32', execute: answers(true), engines: [] })).get(1234)
  assert.deepEqual([info?.program, info?.command, info?.parents], ['node', 'vite', [{ pid: 900, program: 'cmd' }]])
  const little = await processInfo([1234, 5], { platform: 'win32', execute: answers(false), engines: [] })
  assert.deepEqual([little.get(1234)?.program, little.size], ['node', 1])
  for (const program of programs) assert.match(program, /^C:\\Windows\\System32\\/)
})
