import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { identify } from '../../src/scan/scan.ts'
import { commandWords, folderOf, serve, start } from '../cli/command.ts'
import { freePort } from '../support/free-port.ts'
import { TempFolder } from '../support/server.ts'
import { missing, Program } from './program.ts'
import { page, peers } from './programs.ts'

interface Row {
  readonly port: number
  readonly addresses: readonly string[]
  readonly pid: number | null
  readonly product: string | null
  readonly version: string | null
}

const isRoot = process.getuid?.() === 0
const unprivileged = { uid: 65534, gid: 65534 }

async function output(command: readonly string[], user: { uid?: number; gid?: number }): Promise<string> {
  const [file = '', ...args] = command
  // An exit code of 1 says that a finding is dangerous.
  const ended = promisify(execFile)(file, args, { ...user, cwd: '/', env: { PATH: process.env['PATH'] } })
  return ended.catch((error: { stdout?: string }) => error).then(({ stdout = '' }) => stdout)
}

/** The words of the built command, in a folder that every user can read. */
async function readableCommand(t: TestContext): Promise<readonly string[]> {
  const [program, built = ''] = commandWords
  const folder = await folderOf(t, {})
  for (const part of ['bin', 'dist', 'templates', 'package.json']) {
    cpSync(join(built, '../..', part), join(folder, part), { recursive: true })
  }
  chmodSync(folder, 0o755)
  return [program, join(folder, 'bin/serve8008.js')]
}

/** What ss(8) says of some ports: addresses and processes of each. */
function parseSs(text: string): Map<number, { addresses: Set<string>; pids: Set<number> }> {
  const found = new Map<number, { addresses: Set<string>; pids: Set<number> }>()
  for (const line of text.split('\n')) {
    const [, address = '', port] = /^LISTEN\s+\d+\s+\d+\s+(\S+):(\d+)\s/.exec(line) ?? []
    if (port === undefined) continue
    const each = found.get(Number(port)) ?? { addresses: new Set(), pids: new Set() }
    each.addresses.add(address.replace(/^\[|\]$/g, '').replace(/^\*$/, '::'))
    for (const [, pid] of line.matchAll(/pid=(\d+)/g)) each.pids.add(Number(pid))
    found.set(Number(port), each)
  }
  return found
}

function installed(product: string | null): string {
  const text = readFileSync(join('node_modules', product?.toLowerCase() ?? '', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, key: Math.random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

const linux = process.platform === 'linux' ? missing('ss') : 'ss(8) is a program of Linux'

test('every program is named right and agrees with ss, as root and without rights', { skip: linux }, async (t) => {
  const expected = new Map<number, string>()
  for (const [name, { product, skip, files, command }] of shuffled(Object.entries(peers))) {
    if (skip !== false) t.diagnostic(`${name}: ${skip}`)
    else {
      const port = await freePort()
      const folder = await new TempFolder().write(page)
      await folder.write(files?.(folder, port) ?? {})
      chmodSync(folder.path, 0o777)
      symlinkSync(resolve('node_modules'), folder.join('node_modules'))
      const program = await Program.start(command(folder, port), port, folder.path)
      t.after(() => program[Symbol.asyncDispose]())
      t.after(() => folder[Symbol.dispose]())
      expected.set(port, product)
    }
  }
  const own = await serve(t, [], { cwd: await folderOf(t, page) })
  expected.set(own.port, 'serve8008')
  const ports = [...expected.keys()]
  // A program that has just started is slower than it will ever be.
  for (const port of ports) await identify({ address: '127.0.0.1', port }, { deadlineMs: 20_000 })

  const command = await readableCommand(t)
  const users = isRoot ? [{}, unprivileged] : [{}]
  if (!isRoot) t.diagnostic('only root can scan as another user')
  for (const user of users) {
    const { ports: rows } = JSON.parse(await output([...command, 'scan', '--json', ...ports.map(String)], user)) as {
      ports: Row[]
    }
    assert.deepEqual(
      rows.map(({ port, product }) => [port, product]),
      ports.toSorted((a, b) => a - b).map((port) => [port, expected.get(port)]),
    )
    const seen = parseSs(await output(['ss', '-ltnpH'], user))
    for (const { port, addresses, pid, product, version } of rows) {
      // These do not tell it: it is read in the folder of the process, where the system shows that.
      if (pid !== null && /^(?:Vite|Express|Fastify)$/.test(product ?? '')) assert.equal(version, installed(product))
      const { addresses: listed, pids } = seen.get(port) ?? { addresses: new Set(), pids: new Set() }
      assert.deepEqual([...listed].toSorted(), addresses.toSorted(), String(port))
      assert.ok(pid === null ? pids.size === 0 : pids.has(pid), `${port}: pid ${pid}, ss: ${[...pids].join()}`)
    }
  }
})

const veth = 'ip link add v0 type veth peer name v1'
const isolated =
  linux === false && spawnSync('unshare', ['-rn', 'sh', '-c', veth]).status !== 0
    ? 'there is no unshare(1) and ip(8) that may make an interface'
    : linux

/** Listeners that invite to leave the machine: everywhere, on its address, a redirect, one that hangs, and a proxy of any target. */
const inviting = `
  const { createServer, request } = require('node:http')
  const away = 'http://198.51.100.1/'
  const redirect = () => createServer((_, answer) => answer.writeHead(302, { location: away, link: '<' + away + '>; rel=preload' }).end())
  const relay = createServer((asked, answer) => {
    if (!asked.url.startsWith('http://')) return answer.writeHead(400).end()
    request(asked.url, { headers: asked.headers }, (got) => got.pipe(answer)).on('error', () => answer.destroy()).end()
  })
  const hung = require('node:net').createServer((socket) => socket.on('error', () => {}))
  redirect().listen(8001, '0.0.0.0')
  redirect().listen(8002, '192.0.2.2')
  relay.listen(8003, '0.0.0.0')
  hung.listen(8004, '0.0.0.0', () => console.log('ready'))`

/** Runs shell lines where a second interface counts what leaves the machine. SENT prints it. */
function withInterface(t: TestContext, lines: string): ReturnType<typeof start> {
  const setUp = `
    echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null
    ip link set lo up; ${veth}; ip link set v0 up; ip link set v1 up
    ip addr add 192.0.2.2/24 dev v0; ip route add default via 192.0.2.1
    ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev v0`
  const script = `${setUp}\n${lines.replaceAll('SENT', 'cat /sys/class/net/v0/statistics/tx_packets')}`
  // Its own /sys shows the interfaces of this namespace.
  return start(t, [], { words: ['unshare', '-rmn', 'sh', '-c', `mount -t sysfs none /sys; ${script}`] })
}

test('nothing leaves this machine when it is scanned', { skip: isolated }, async (t) => {
  const command = commandWords.map((word) => `'${word}'`).join(' ')
  const folder = await folderOf(t, { 'servers.cjs': inviting })
  const { ended } = withInterface(
    t,
    `node ${folder}/servers.cjs > ${folder}/ready & servers=$!
    until [ -s ${folder}/ready ]; do sleep 0.05; done
    echo "before $(SENT)"
    ${command} scan --all --json > ${folder}/all; echo "all $?"
    ${command} scan 8001-8004 --json; echo "code $?"
    echo "after $(SENT)"
    node -e "const s = require('dgram').createSocket('udp4'); s.send('x', 9, '198.51.100.1', () => s.close())"
    echo "proof $(SENT)"
    kill $servers`,
  )
  const { stdout, stderr } = await ended
  const count = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stdout)?.[1] ?? NaN)
  assert.ok(count('proof') > count('before'), stdout + stderr)
  assert.equal(count('after'), count('before'), stdout)
  assert.equal(count('code'), 1, stdout)
  const { ports } = JSON.parse(/^\{.*\}$/m.exec(stdout)?.[0] ?? '') as {
    ports: { port: number; findings: { code: string }[] }[]
  }
  assert.deepEqual(
    ports.map(({ port }) => port),
    [8001, 8002, 8003, 8004],
  )
  assert.ok(ports[2]?.findings.some(({ code }) => code === 'S8008_OPEN_RELAY'))
})
