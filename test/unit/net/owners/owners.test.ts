import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findHolders, overlaps } from '../../../../src/net/owners/owners.ts'
import { linuxHolders } from '../../../../src/net/owners/linux.ts'
import { lsofHolders, parseLsof } from '../../../../src/net/owners/lsof.ts'
import { parseNetstat, parseTasklist, windowsHolders } from '../../../../src/net/owners/windows.ts'
import { parseProcNet } from '../../../../src/net/owners/proc-net.ts'
import { run } from '../../../../src/net/owners/run.ts'
import { TempFolder } from '../../../support/server.ts'

const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F48 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31415 1 0000000000000000 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 27182 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1F48 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 99999 1 0000000000000000 20 4 30 10 -1
   garbage
`
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F40 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 16180 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000001000000:1F48 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 14142 1 0000000000000000 100 0 0 10 0
   2: 0000000000000000FFFF00000100007F:1F49 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 17320 1 0000000000000000 100 0 0 10 0
`

test('reads listening sockets from the tables of the kernel', () => {
  assert.deepEqual(parseProcNet(tcp, true), [
    { state: 'listening', address: '127.0.0.1', port: 8008, uid: 1000, inode: '31415' },
    { state: 'listening', address: '0.0.0.0', port: 8080, uid: 0, inode: '27182' },
    { state: 'connection', address: '127.0.0.1', port: 8008, uid: 1000, inode: '99999' },
  ])
  assert.deepEqual(parseProcNet(tcp6, true), [
    { state: 'listening', address: '::', port: 8000, uid: 1000, inode: '16180' },
    { state: 'listening', address: '::1', port: 8008, uid: 33, inode: '14142' },
    { state: 'listening', address: '127.0.0.1', port: 8009, uid: 33, inode: '17320' },
  ])
})

/** What the holder of a socket is called that no process shows. */
function hiddenOf(uid: number): 'elsewhere' | 'user' {
  return process.getuid?.() === uid ? 'elsewhere' : 'user'
}

test('reports a connection that holds a port without a listener, also a closed one', async () => {
  using folder = new TempFolder()
  const proc = folder.path
  mkdirSync(join(proc, 'net'))
  const line = (state: string, uid: number, inode: number): string =>
    `   0: 0100007F:1F48 0100007F:C350 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1\n`
  const holderOf = async (text: string, searchMs?: number): Promise<unknown> => {
    writeFileSync(join(proc, 'net', 'tcp'), text)
    const [first, ...rest] = await linuxHolders([8008], proc, searchMs)
    assert.deepEqual(rest, [])
    return first?.holder.hidden ?? first?.holder.pid
  }
  // The inode of a closed connection is 0; its user is root's.
  assert.equal(await holderOf(line('06', 0, 0)), 'closing')
  assert.equal(await holderOf(line('0A', 4711, 31415)), 'user')
  assert.equal(await holderOf(line('01', 4711, 31415)), 'user')
  // Accepted connections are those of the listener.
  assert.equal(await holderOf(line('01', 4711, 27182) + line('0A', 4711, 31415)), 'user')
  if (process.getuid !== undefined) assert.equal(await holderOf(line('0A', process.getuid(), 31415)), 'elsewhere')
  mkdirSync(join(proc, '999', 'fd'), { recursive: true })
  // A search without time.
  assert.equal(await holderOf(line('0A', 4711, 31415), 0), 'search')
  symlinkSync('socket:[31415]', join(proc, '999', 'fd', '7'))
  assert.equal(await holderOf(line('01', 4711, 31415)), 999)
  // The search begins with this process, so that it is not cut before.
  mkdirSync(join(proc, String(process.pid), 'fd'), { recursive: true })
  symlinkSync('socket:[31415]', join(proc, String(process.pid), 'fd', '7'))
  assert.equal(await holderOf(line('01', 4711, 31415)), process.pid)
})

test('reads the tables of a big-endian machine in its byte order', () => {
  const line = '   0: 7F000001:1F48 00000000:0000 0A 0:0 00:0 0  1000        0 31415 1'
  assert.deepEqual(parseProcNet(line, false), [
    { state: 'listening', address: '127.0.0.1', port: 8008, uid: 1000, inode: '31415' },
  ])
})

test('finds the process by its open socket on Linux, and reports the uid of a hidden one', async () => {
  using folder = new TempFolder()
  const proc = folder.path
  mkdirSync(join(proc, 'net'))
  writeFileSync(join(proc, 'net', 'tcp'), tcp)
  writeFileSync(join(proc, 'net', 'tcp6'), tcp6)
  // 4300 is a worker that inherited the socket of 999; 5000 shows no descriptors.
  for (const pid of ['4300', '999', '5000']) mkdirSync(join(proc, pid))
  for (const pid of ['4300', '999']) {
    mkdirSync(join(proc, pid, 'fd'))
    symlinkSync('/dev/null', join(proc, pid, 'fd', '0'))
    symlinkSync('socket:[31415]', join(proc, pid, 'fd', '7'))
  }
  writeFileSync(join(proc, '999', 'cmdline'), 'node\0/app/node_modules/.bin/vite\0')
  writeFileSync(join(proc, '999', 'comm'), 'node\n')
  symlinkSync('/usr/bin/node', join(proc, '999', 'exe'))

  assert.deepEqual(await linuxHolders([8008, 8080], proc), [
    { address: '127.0.0.1', port: 8008, holder: { pid: 999, name: 'node', command: 'vite', uid: undefined } },
    {
      address: '0.0.0.0',
      port: 8080,
      holder: { pid: undefined, name: undefined, command: undefined, uid: 0, hidden: hiddenOf(0) },
    },
    {
      address: '::1',
      port: 8008,
      holder: { pid: undefined, name: undefined, command: undefined, uid: 33, hidden: 'user' },
    },
  ])
  assert.deepEqual(await linuxHolders([8008], join(proc, 'none')), [])
})

const lsof = `p4242
cnode
u501
f19
n127.0.0.1:8008
f20
n[::1]:8008
p77
cControlCenter
u501
f8
n*:8080
`

test('reads lsof fields by their letter', () => {
  assert.deepEqual(parseLsof(lsof), [
    { address: '127.0.0.1', port: 8008, pid: 4242, uid: 501, name: 'node', isConnection: false },
    { address: '::1', port: 8008, pid: 4242, uid: 501, name: 'node', isConnection: false },
    { address: '*', port: 8080, pid: 77, uid: 501, name: 'ControlCenter', isConnection: false },
  ])
  assert.deepEqual(parseLsof(''), [])
  assert.deepEqual(parseLsof('n127.0.0.1:8008\npx\nn127.0.0.1:1\np1\nnstrange'), [])
})

test('finds the process by lsof and ps on macOS and BSD', async () => {
  const asked: string[] = []
  const holders = await lsofHolders([8008, 8080], async (program, args) => {
    asked.push([program, ...args].join(' '))
    if (program === 'lsof') return lsof
    return args.at(-1) === '4242' ? 'node /app/node_modules/.bin/next dev\n' : ''
  })
  assert.deepEqual(
    holders.map(({ address, port, holder }) => [address, port, holder.pid, holder.name, holder.command]),
    [
      ['127.0.0.1', 8008, 4242, 'node', 'next dev'],
      ['::1', 8008, 4242, 'node', 'next dev'],
      ['*', 8080, 77, 'ControlCenter', undefined],
    ],
  )
  assert.equal(asked[0], 'lsof -nP +c 0 -iTCP:8008,8080 -sTCP:LISTEN -F pcn')
  assert.equal(asked.length, 3)
})

const netstat = `\r
Aktive Verbindungen\r
\r
  Proto  Lokale Adresse         Remoteadresse          Status           PID\r
  TCP    0.0.0.0:8008           0.0.0.0:0              ABHÖREN         1234\r
  TCP    127.0.0.1:50000        127.0.0.1:8008         HERGESTELLT     9999\r
  TCP    [::]:8080              [::]:0                 ABHÖREN         4\r
  TCP    [fe80::1%12]:8000      [::]:0                 ABHÖREN         1234\r
  UDP    0.0.0.0:8008           *:*                                    77\r
`

test('reads netstat in every language of Windows', () => {
  assert.deepEqual(parseNetstat(netstat), [
    { address: '0.0.0.0', port: 8008, pid: 1234, isConnection: false },
    { address: '127.0.0.1', port: 50000, pid: 9999, isConnection: true },
    { address: '::', port: 8080, pid: 4, isConnection: false },
    { address: 'fe80::1', port: 8000, pid: 1234, isConnection: false },
  ])
})

test('reads the program from tasklist, or undefined', () => {
  assert.equal(parseTasklist('"node.exe","1234","Console","1","50.000 K"\r\n'), 'node.exe')
  assert.equal(parseTasklist('INFO: No tasks are running which match the specified criteria.\r\n'), undefined)
})

test('finds the process by netstat and tasklist on Windows, run by their full paths', async () => {
  const programs = new Set<string>()
  const holders = await windowsHolders([8008, 8080], async (program, args) => {
    programs.add(program)
    if (args[0] === '-ano') return netstat
    return args[1] === 'PID eq 1234' ? '"node.exe","1234","Console","1","50,000 K"\r\n' : ''
  })
  assert.deepEqual(
    holders.map(({ port, holder }) => [port, holder.pid, holder.name]),
    [
      [8008, 1234, 'node'],
      [8080, 4, 'http.sys'],
    ],
  )
  for (const program of programs) assert.match(program, /^C:\\Windows\\System32\\\w+\.exe$/)
})

test('treats addresses as competing when they are equal or one is a wildcard', () => {
  const competing = [
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['::1', '::'],
    ['::', '127.0.0.1'],
    ['*', '::1'],
  ]
  for (const [a, b] of competing) assert.ok(overlaps(a as string, b as string) && overlaps(b as string, a as string))
  for (const [a, b] of [
    ['127.0.0.1', '::1'],
    ['0.0.0.0', '::1'],
    ['192.168.1.5', '127.0.0.1'],
  ]) {
    assert.ok(!overlaps(a as string, b as string))
  }
})

test('finds and names another listening process on this machine', async (t) => {
  using folder = new TempFolder()
  const script = folder.join('held.mjs')
  writeFileSync(
    script,
    `import { createServer } from 'node:net'
     const server = createServer().listen({ host: '127.0.0.1', port: 0 }, () => process.send(server.address().port))`,
  )
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  t.after(() => child.kill())
  const [port] = (await once(child, 'message')) as [number]
  const holder = (await findHolders([port], ['127.0.0.1'])).get(port)
  assert.equal(holder?.pid, child.pid)
  assert.equal(holder?.name, 'node')
  if (process.platform !== 'win32') assert.equal(holder?.command, 'held.mjs')
  assert.equal((await findHolders([port], ['::1'])).has(port), false)
  assert.equal((await findHolders([], ['127.0.0.1'])).size, 0)
})

test('finds no process, and does not fail, without the tools of the platform', async () => {
  assert.equal((await findHolders([1], ['127.0.0.1'], 'win32')).size, 0)
  assert.equal((await findHolders([1], ['127.0.0.1'], 'freebsd')).size, 0)
  assert.equal(await run('serve8008-no-such-program', []), '')
  assert.equal(await run(process.execPath, ['-p', '8008']), '8008\n')
})
