import assert from 'node:assert/strict'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseBsdNetstat } from '../../../../src/scan/processes/listeners-lsof.ts'
import { openPorts } from '../../../../src/scan/scan.ts'
import { TempFolder } from '../../../support/server.ts'

const zero = '00000000000000000000000000000000'

/** A line of /proc/net/tcp, as Linux 6 prints it on a little-endian machine. */
function line(local: string, state: '0A' | '01' | '06', uid: number, inode: number, remote = '0100007F:C350'): string {
  return `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 00000000fb45a841 100 0 0 10 0\n`
}

/** A folder that looks like /proc, with these tables and processes. */
function fakeProc(tcp: string, tcp6: string, sockets: Readonly<Record<number, readonly number[]>>): TempFolder {
  const folder = new TempFolder()
  mkdirSync(folder.join('net'))
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
  writeFileSync(folder.join('net', 'tcp'), head + tcp)
  writeFileSync(folder.join('net', 'tcp6'), head + tcp6)
  for (const [pid, inodes] of Object.entries(sockets)) {
    mkdirSync(folder.join(pid, 'fd'), { recursive: true })
    for (const [fd, inode] of inodes.entries()) symlinkSync(`socket:[${inode}]`, folder.join(pid, 'fd', String(fd)))
  }
  return folder
}

const own = process.getuid?.() ?? 0

test('groups listening sockets by port and owner, and counts the connections of each', async () => {
  using folder = fakeProc(
    line('0100007F:1F48', '0A', 1000, 1) +
      line('00000000:1F90', '0A', 1000, 2) +
      // Two clients of 8008, one of 8080 that came to an address of the wildcard, one that left, one of our own.
      line('0100007F:1F48', '01', 1000, 11) +
      line('0100007F:1F48', '01', 1000, 12) +
      line('0201A8C0:1F90', '01', 1000, 13) +
      line('0100007F:1F48', '06', 0, 0) +
      line('0100007F:C350', '01', 1000, 14, '0100007F:1F48'),
    line(`00000000000000000000000001000000:1F48`, '0A', 33, 3) +
      line(`${zero}:1F40`, '0A', 1000, 4) +
      // A client of IPv4 at a dual-stack listener.
      line('0000000000000000FFFF00000100007F:1F40', '01', 1000, 15),
    { 500: [1, 2], 600: [3], 700: [4] },
  )
  assert.deepEqual(await openPorts({ platform: 'linux', proc: folder.path }), [
    { port: 8000, addresses: ['::'], pid: 700, uid: 1000, clients: 1 },
    { port: 8008, addresses: ['127.0.0.1'], pid: 500, uid: 1000, clients: 2 },
    { port: 8008, addresses: ['::1'], pid: 600, uid: 33, clients: 0 },
    { port: 8080, addresses: ['0.0.0.0'], pid: 500, uid: 1000, clients: 1 },
  ])
  const ports = await openPorts({ platform: 'linux', proc: folder.path, ports: [8080, 9] })
  assert.deepEqual(
    ports.map(({ port }) => port),
    [8080],
  )
})

test('joins the addresses of one process, and one socket of several processes belongs to the lowest id', async () => {
  const both = line('0100007F:1F48', '0A', 1000, 1) + line('0100007F:1F49', '0A', 0, 5)
  using folder = fakeProc(both, line(`${zero}:1F48`, '0A', 1000, 2), { 900: [1, 2], 40: [1, 2], 1: [5], 950: [5] })
  assert.deepEqual(await openPorts({ platform: 'linux', proc: folder.path }), [
    { port: 8008, addresses: ['127.0.0.1', '::'], pid: 40, uid: 1000, clients: 0 },
    // The first process of the system opened the socket for the service that it started.
    { port: 8009, addresses: ['127.0.0.1'], pid: 950, uid: 0, clients: 0 },
  ])
})

test('reports a listener whose process is hidden, with the reason', async () => {
  using folder = fakeProc(line('0100007F:1F48', '0A', own + 1, 1) + line('0100007F:1F49', '0A', own, 2), '', {
    500: [],
  })
  const hidden = async (ms?: number): Promise<unknown> =>
    (await openPorts({ platform: 'linux', proc: folder.path, ...(ms === undefined ? {} : { ms }) })).map((port) => [
      port.port,
      port.pid,
      port.uid,
      port.hidden,
    ])
  assert.deepEqual(await hidden(), [
    [8008, undefined, own + 1, 'user'],
    [8009, undefined, own, 'elsewhere'],
  ])
})

test('stops the search for processes in time, and still reports every listener', async () => {
  const clients = line('0100007F:1F48', '01', 4711, 2).repeat(5000)
  using folder = fakeProc(line('0100007F:1F48', '0A', 4711, 1) + clients, line(`${zero}:1F49`, '0A', 4711, 3), {
    500: [1],
  })
  const found = await openPorts({ platform: 'linux', proc: folder.path, ms: 0 })
  assert.deepEqual(
    found.map(({ port, hidden }) => [port, hidden]),
    [
      [8008, 'search'],
      [8009, 'search'],
    ],
  )
  // Counting stops too.
  assert.ok((found[0]?.clients ?? 5000) < 5000)
})

test('leaves out a listener whose process ends during the search', async () => {
  using folder = fakeProc(line('0100007F:1F48', '0A', own, 1), '', {})
  const search = openPorts({ platform: 'linux', proc: folder.path })
  // The table of IPv4 has been read by now.
  writeFileSync(folder.join('net', 'tcp'), '')
  assert.deepEqual(await search, [])
})

test('counts the connections of a table that is larger than one reading', async () => {
  const clients = 5000
  const text = line('0100007F:1F48', '0A', own, 1) + line('0100007F:1F48', '01', own, 9).repeat(clients)
  using folder = fakeProc(text, '', { 500: [1] })
  const found = await openPorts({ platform: 'linux', proc: folder.path })
  assert.deepEqual(found, [{ port: 8008, addresses: ['127.0.0.1'], pid: 500, uid: own, clients }])
})

test('fails when the system does not show its sockets, since a port may be in use then', async () => {
  using folder = fakeProc('', '', {})
  // A kernel without IPv6 has one table.
  rmSync(folder.join('net', 'tcp6'))
  assert.deepEqual(await openPorts({ platform: 'linux', proc: folder.path }), [])
  rmSync(folder.join('net', 'tcp'))
  const silent = (): Promise<string> => Promise.resolve('')
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    await assert.rejects(openPorts({ platform, proc: folder.path, execute: silent }), {
      code: 'E8008_PORTS_UNREADABLE',
      message: /^The system does not show which ports are in use: .* cannot be read\.$/,
    })
  }
})

// Recorded with lsof 4.95 on Linux, which prints the same fields; the programs of macOS are by its documentation.
const lsof = `p4242
u501
f19
n127.0.0.1:8008
f20
n[::1]:8008
f21
n127.0.0.1:8008->127.0.0.1:50001
f22
n127.0.0.1:50002->127.0.0.1:5432
p77
u501
f8
n*:5000
f9
n*:5000
`

// By the documentation of netstat(1) on macOS, not recorded.
const netstat = `Active Internet connections (including servers)
Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)
tcp4       0      0  127.0.0.1.8008         127.0.0.1.50001        ESTABLISHED
tcp4       0      0  127.0.0.1.8008         *.*                    LISTEN
tcp6       0      0  ::1.8008               *.*                    LISTEN
tcp4       0      0  *.5000                 *.*                    LISTEN
tcp6       0      0  *.5000                 *.*                    LISTEN
tcp46      0      0  *.88                   *.*                    LISTEN       131072 131072
tcp6       0      0  fe80::1%lo0.8009       *.*                    LISTEN
udp4       0      0  *.5353                 *.*
`

test('reads the listening sockets of netstat on macOS', () => {
  assert.deepEqual(parseBsdNetstat(netstat), [
    { address: '127.0.0.1', port: 8008 },
    { address: '::1', port: 8008 },
    { address: '0.0.0.0', port: 5000 },
    { address: '::', port: 5000 },
    { address: '::', port: 88 },
    { address: 'fe80::1', port: 8009 },
  ])
})

test('joins what lsof and netstat say on macOS and BSD', async () => {
  const asked: string[] = []
  const execute = (program: string, args: readonly string[]): Promise<string> => {
    asked.push([program, ...args].join(' '))
    return Promise.resolve(program === 'lsof' ? lsof : netstat)
  }
  assert.deepEqual(await openPorts({ platform: 'darwin', execute }), [
    { port: 88, addresses: ['::'], pid: undefined, uid: undefined, hidden: 'user', clients: 0 },
    { port: 5000, addresses: ['0.0.0.0', '::'], pid: 77, uid: 501, clients: 0 },
    { port: 8008, addresses: ['127.0.0.1', '::1'], pid: 4242, uid: 501, clients: 1 },
    { port: 8009, addresses: ['fe80::1'], pid: undefined, uid: undefined, hidden: 'user', clients: 0 },
  ])
  assert.deepEqual(asked, ['lsof -nP +c 0 -iTCP -sTCP:LISTEN,ESTABLISHED -F pun', 'netstat -anW -p tcp'])
  asked.length = 0
  await openPorts({ platform: 'freebsd', execute, ports: [8008, 80] })
  assert.equal(asked[0], 'lsof -nP +c 0 -iTCP:8008,80 -sTCP:LISTEN,ESTABLISHED -F pun')
})

test('reports as hidden what lsof does not print, and takes lsof alone', async () => {
  const without = (missing: string) => (program: string) =>
    Promise.resolve(program === missing ? '' : program === 'lsof' ? lsof : netstat)
  const hidden = await openPorts({ platform: 'darwin', execute: without('lsof') })
  assert.ok(hidden.length > 0 && hidden.every((port) => port.hidden === 'user'))
  const known = await openPorts({ platform: 'darwin', execute: without('netstat'), ports: [5000, 8008] })
  assert.deepEqual(
    known.map(({ port, addresses, pid }) => [port, addresses, pid]),
    [
      [5000, ['::'], 77],
      [8008, ['127.0.0.1', '::1'], 4242],
    ],
  )
})

// By the documentation of netstat on Windows, in German, not recorded.
const windows = `\r
Aktive Verbindungen\r
\r
  Proto  Lokale Adresse         Remoteadresse          Status           PID\r
  TCP    0.0.0.0:8008           0.0.0.0:0              ABHÖREN         1234\r
  TCP    127.0.0.1:8008         127.0.0.1:50000        HERGESTELLT     1234\r
  TCP    127.0.0.1:8008         127.0.0.1:50001        WARTEND         0\r
  TCP    [::]:8008              [::]:0                 ABHÖREN         1234\r
  TCP    [::]:80                [::]:0                 ABHÖREN         4\r
`

test('reads netstat on Windows, where a closed connection is no client', async () => {
  const execute = (): Promise<string> => Promise.resolve(windows)
  assert.deepEqual(await openPorts({ platform: 'win32', execute }), [
    { port: 80, addresses: ['::'], pid: 4, uid: undefined, clients: 0 },
    { port: 8008, addresses: ['0.0.0.0', '::'], pid: 1234, uid: undefined, clients: 1 },
  ])
  assert.equal((await openPorts({ platform: 'win32', execute, ports: [80] })).length, 1)
})
