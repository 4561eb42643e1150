// slow: looks at every process of the machine
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { whoHolds } from '../../../../src/index.ts'
import { openPorts, portOwners } from '../../../../src/scan/scan.ts'
import { parsePasswd } from '../../../../src/scan/processes/users.ts'
import type { PortOwner } from '../../../../src/scan/types.ts'
import { bundled } from '../../../support/bundled.ts'
import { firstOutput } from '../../../support/first-output.ts'
import { freePort } from '../../../support/free-port.ts'
import { processorTime } from '../../../support/processor-time.ts'
import { TempFolder } from '../../../support/server.ts'

/** Where a program of the tests listens. */
interface Wanted {
  readonly host: string
  readonly port?: number
  readonly ipv6Only?: boolean
}

const files = {
  'package.json': '{ "name": "shop" }',
  // Node and Python are asked alike, and print their ports when they listen.
  'held.mjs': `import { createServer } from 'node:net'
    const ports = []
    for (const { host, port = 0, ipv6Only } of JSON.parse(process.argv[2])) {
      const server = createServer(() => {})
      await new Promise((done) => server.listen({ host, port, ipv6Only }, done))
      ports.push(server.address().port)
    }
    console.log(JSON.stringify({ ports }))`,
  'held.py': `import json, os, signal, socket, sys
sockets = []
for wanted in json.loads(sys.argv[1]):
    family = socket.AF_INET6 if ':' in wanted['host'] else socket.AF_INET
    each = socket.socket(family)
    if 'ipv6Only' in wanted:
        each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1 if wanted['ipv6Only'] else 0)
    if '--reuse-port' in sys.argv:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    each.bind((wanted['host'], wanted.get('port', 0)))
    each.listen()
    sockets.append(each)
child = os.fork() if '--fork' in sys.argv else None
if child != 0:
    print(json.dumps({'ports': [each.getsockname()[1] for each in sockets], 'child': child}), flush=True)
signal.pause()`,
}

/** A program that listens, ended with the test. */
interface Held {
  readonly child: ChildProcess
  readonly pid: number
  readonly ports: readonly number[]
  /** Process id of the fork. */
  readonly fork: number
}

async function hold(
  t: TestContext,
  folder: TempFolder,
  command: readonly string[],
  wanted: readonly Wanted[],
  options: SpawnOptions & { readonly more?: readonly string[] } = {},
): Promise<Held> {
  const { more = [], ...rest } = options
  const [program = '', ...args] = command
  const child = spawn(program, [...args, JSON.stringify(wanted), ...more], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'inherit'],
    ...rest,
  })
  t.after(() => child.kill('SIGKILL'))
  const { ports, child: fork } = JSON.parse(await firstOutput(child)) as { ports: number[]; child: number }
  if (more.includes('--fork')) t.after(() => endProcess(fork))
  return { child, pid: child.pid as number, ports, fork }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended before.
  }
}

const node = [process.execPath, 'held.mjs']
const python = ['/usr/bin/python3', 'held.py']

/** What is compared of the owners of a port. */
function summary(owners: readonly PortOwner[]): unknown[] {
  return owners.map(({ addresses, pid, process: info }) => [addresses.join(' '), pid, info?.program])
}

async function project(): Promise<TempFolder> {
  const folder = await new TempFolder().write(files)
  chmodSync(folder.path, 0o755)
  return folder
}

const isLinux = process.platform === 'linux'
const isRoot = process.getuid?.() === 0
/** A user without rights, which every Linux has. */
const stranger = { uid: 65_534, gid: 65_534 }
const hasPython = spawnSync('/usr/bin/python3', ['--version']).status === 0

/** Why a test cannot run here, or false. */
function missing(...programs: readonly string[]): string | false {
  if (programs.includes('root') && !isRoot) return 'needs root'
  if (programs.includes('python3') && !hasPython) return 'needs /usr/bin/python3'
  const absent = programs.find(
    (each) => !['root', 'python3'].includes(each) && spawnSync(each, ['-V']).error !== undefined,
  )
  return absent === undefined ? false : `needs ${absent}`
}

describe('this machine', { skip: isLinux ? false : 'Linux' }, () => {
  test('tells the owners of one port on both families apart', { skip: missing('python3') }, async (t) => {
    using folder = await project()
    const before = Date.now()
    const port = await freePort()
    const four = await hold(t, folder, node, [{ host: '127.0.0.1', port }])
    const six = await hold(t, folder, python, [{ host: '::1', port }])
    const owners = await whoHolds(port)
    const expected = [
      ['127.0.0.1', four.pid, 'node'],
      ['::1', six.pid, 'python'],
    ]
    assert.deepEqual(summary(owners), four.pid < six.pid ? expected : expected.toReversed())
    const info = owners.find(({ pid }) => pid === four.pid)?.process
    assert.deepEqual(
      [info?.command, info?.cwd, info?.project?.name, info?.ppid, info?.parents[0]?.pid, info?.uid],
      ['held.mjs', folder.path, 'shop', process.pid, process.pid, process.getuid?.()],
    )
    // The kernel keeps the start of the system in whole seconds.
    assert.ok(Math.abs((info?.startedAt?.getTime() ?? 0) - before) < 10_000)
    assert.ok(info?.user !== undefined)
  })

  test(
    'finds listeners of IPv6 alone and of both families, with their clients',
    { skip: missing('python3') },
    async (t) => {
      using folder = await project()
      const only = await freePort()
      const six = await hold(t, folder, node, [{ host: '::', port: only, ipv6Only: true }, { host: '::' }])
      const [, dual = 0] = six.ports
      const four = await hold(t, folder, python, [{ host: '0.0.0.0', port: only }])
      const expected = [
        ['::', six.pid, 'node'],
        ['0.0.0.0', four.pid, 'python'],
      ]
      assert.deepEqual(summary(await whoHolds(only)), six.pid < four.pid ? expected : expected.toReversed())
      for (const [port, host] of [
        [only, '::1'],
        [dual, '127.0.0.1'],
        [dual, '::1'],
      ] as const) {
        const client = connect(port, host)
        t.after(() => client.destroy())
        await once(client, 'connect')
      }
      const clients = async (port: number): Promise<unknown> =>
        Object.fromEntries((await whoHolds(port)).map((owner) => [owner.pid, owner.clients]))
      assert.deepEqual(await clients(only), { [six.pid]: 1, [four.pid]: 0 })
      assert.deepEqual(summary(await whoHolds(dual)), [['::', six.pid, 'node']])
      assert.deepEqual(await clients(dual), { [six.pid]: 2 })
    },
  )

  test('agrees with ss, port by port, on 40 listeners and all others', { skip: missing('ss') }, async (t) => {
    using folder = await project()
    const hosts = ['127.0.0.1', '::1', '0.0.0.0', '::']
    const wanted = Array.from({ length: 40 }, (_, index) => ({ host: hosts[index % 4] as string }))
    const held = await hold(t, folder, node, wanted)
    const before = socketsOfSs()
    const ours = await openPorts()
    const after = socketsOfSs()
    const found = new Map<string, number | undefined>(
      ours.flatMap(({ port, addresses, pid }) => addresses.map((address) => [`${address} ${port}`, pid] as const)),
    )
    // Other programs come and go.
    const stable = [...before].filter(([socket, pids]) => after.get(socket)?.join() === pids.join())
    assert.ok(stable.length >= 40)
    for (const [socket, pids] of stable) {
      assert.ok(found.has(socket), socket)
      const pid = found.get(socket)
      if (pids.length === 0) assert.equal(pid, undefined, socket)
      else assert.ok(pid !== undefined && pids.includes(pid), `${socket}: ${pid} of ${pids.join()}`)
    }
    assert.deepEqual(
      held.ports.map((port, index) => found.get(`${wanted[index]?.host} ${port}`)),
      held.ports.map(() => held.pid),
    )
  })

  test('shows a listener of another user to root', { skip: missing('root') }, async (t) => {
    using folder = await project()
    const { ports, pid } = await hold(t, folder, node, [{ host: '127.0.0.1' }], stranger)
    const [owner] = await whoHolds(ports[0] as number)
    assert.deepEqual(
      [owner?.pid, owner?.uid, owner?.process?.uid, owner?.process?.user],
      [pid, 65_534, 65_534, parsePasswd(readFileSync('/etc/passwd', 'utf8')).get(65_534)?.name],
    )
    assert.equal(owner?.process?.project?.name, 'shop')
  })

  test('reports a listener of root to another user as hidden', { skip: missing('root') }, async (t) => {
    using folder = await project()
    const theirs = await hold(t, folder, node, [{ host: '127.0.0.1' }])
    const own = await hold(t, folder, node, [{ host: '127.0.0.1' }], stranger)
    const ports = [...theirs.ports, ...own.ports]
    const seen = await scanInProcess(folder, ports, [], stranger)
    const found = seen.map(({ port, pid, uid, hidden, process: info }) => [port, pid, uid, hidden, info?.program])
    const expected = [
      [theirs.ports[0], undefined, 0, 'user', undefined],
      [own.ports[0], own.pid, 65_534, undefined, 'node'],
    ]
    assert.deepEqual(found, (ports[0] as number) < (ports[1] as number) ? expected : expected.toReversed())
  })

  test('names the parent of workers that share a socket, then a worker', { skip: missing('python3') }, async (t) => {
    using folder = await project()
    const { child, pid, ports, fork } = await hold(t, folder, python, [{ host: '127.0.0.1' }], { more: ['--fork'] })
    const [port = 0] = ports
    // Ids start again at the highest, so that a worker may have the lower one.
    assert.deepEqual(
      (await whoHolds(port)).map((owner) => owner.pid),
      [Math.min(pid, fork)],
    )
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.deepEqual(
      (await whoHolds(port)).map((owner) => owner.pid),
      [fork],
    )
    assert.deepEqual((await openPorts({ ports: [port] })).length, 1)
  })

  test('tells processes apart that share a port by SO_REUSEPORT', { skip: missing('python3') }, async (t) => {
    using folder = await project()
    const more = ['--reuse-port']
    const first = await hold(t, folder, python, [{ host: '127.0.0.1' }], { more })
    const [port = 0] = first.ports
    const second = await hold(t, folder, python, [{ host: '127.0.0.1', port }], { more })
    const pids = [first.pid, second.pid].sort((a, b) => a - b)
    assert.deepEqual(
      (await whoHolds(port)).map(({ pid }) => pid),
      pids,
    )
  })

  test('names the supervisor that starts a process again, with a command that stops both', async (t) => {
    using folder = await project()
    const watch = [process.execPath, '--watch', 'held.mjs']
    const { child, pid, ports } = await hold(t, folder, watch, [{ host: '127.0.0.1' }], { more: ['--token=s3cret'] })
    const [owner] = await whoHolds(ports[0] as number)
    assert.equal(owner?.process?.ppid, pid)
    assert.deepEqual(owner.process.supervisor, { name: 'node --watch', pid, stop: `kill ${pid}` })
    assert.doesNotMatch(JSON.stringify(owner), /s3cret/)
    const ended = once(child, 'exit')
    execFileSync('/bin/sh', ['-c', owner.process.supervisor?.stop ?? 'false'])
    await ended
    assert.deepEqual(await whoHolds(ports[0] as number), [])
  })

  test('finds nothing on the port of a process that ended', async (t) => {
    using folder = await project()
    const { child, ports } = await hold(t, folder, node, [{ host: '127.0.0.1' }])
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.deepEqual(await whoHolds(ports[0] as number), [])
  })

  test(
    'sees no other network namespace, and says that a process is elsewhere',
    { skip: missing('root', 'unshare') },
    async (t) => {
      using folder = await project()
      const apart = await hold(t, folder, ['unshare', '-n', ...node], [{ host: '0.0.0.0', port: await freePort() }])
      const shared = await hold(t, folder, node, [{ host: '127.0.0.1' }])
      assert.deepEqual(await whoHolds(apart.ports[0] as number), [])
      // Another pid namespace with a /proc of its own, as in a container with the network of its host.
      const seen = await scanInProcess(folder, shared.ports, ['unshare', '-pf', '--mount-proc'])
      assert.deepEqual(
        seen.map(({ pid, hidden }) => [pid, hidden]),
        [[undefined, 'elsewhere']],
      )
    },
  )

  test('fails where Node may not read /proc', async () => {
    using folder = await project()
    const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission'
    const program = await scanProgram(folder)
    const { stdout } = spawnSync(process.execPath, [flag, `--allow-fs-read=${folder.path}`, program, '[8008]'])
    assert.equal(stdout.toString(), 'E8008_PORTS_UNREADABLE\n')
  })

  test('takes less than 0.2 s for twelve ports', async (t) => {
    using folder = await project()
    const { ports } = await hold(
      t,
      folder,
      node,
      Array.from({ length: 12 }, () => ({ host: '127.0.0.1' })),
    )
    // Processor time, and the least of several: others use the machine too.
    let least = Infinity
    for (let i = 0; i < 5; i++) {
      const start = processorTime()
      assert.equal((await portOwners({ ports })).length, 12)
      least = Math.min(least, processorTime() - start)
    }
    assert.ok(least < 200, `${least} ms`)
  })
})

test('refuses what is no port', async () => {
  for (const port of [0, 65_536, 1.5, Number.NaN, '8008' as unknown as number]) {
    await assert.rejects(whoHolds(port), { name: 'RangeError', message: /expected an integer from 1 to 65535, got/ })
  }
})

/** The processes of each listening socket, as ss prints them: `LISTEN 0 511 [::1]:8008 [::]:* users:(("node",pid=42,fd=19))`. */
function socketsOfSs(): Map<string, number[]> {
  const sockets = new Map<string, number[]>()
  for (const line of execFileSync('ss', ['-ltnpH']).toString().trim().split('\n')) {
    const [, , , local = ''] = line.split(/\s+/)
    const [, host = '', port] = /^(.*):(\d+)$/.exec(local) ?? []
    const address = host === '*' ? '::' : host.replace(/^\[|\]$/g, '').replace(/%.*/, '')
    const socket = `${address} ${port}`
    const pids = Array.from(line.matchAll(/pid=(\d+)/g), ([, pid]) => Number(pid))
    sockets.set(
      socket,
      [...(sockets.get(socket) ?? []), ...pids].sort((a, b) => a - b),
    )
  }
  return sockets
}

/** A program that prints the owners of ports, for another user or namespace. */
function scanProgram(folder: TempFolder): Promise<string> {
  return bundled(fileURLToPath(new URL('scan-program.ts', import.meta.url)), folder.join('scan.mjs'))
}

async function scanInProcess(
  folder: TempFolder,
  ports: readonly number[],
  before: readonly string[],
  user: SpawnOptions = {},
): Promise<PortOwner[]> {
  const program = await scanProgram(folder)
  const [command, ...args] = [...before, process.execPath, program, JSON.stringify(ports)]
  // Another user may not write into the folder of the coverage.
  const env = { ...process.env, NODE_V8_COVERAGE: '' }
  const { stdout, stderr } = spawnSync(command, args, { ...user, env, cwd: folder.path, stdio: 'pipe' })
  assert.equal(stderr.toString(), '')
  return JSON.parse(stdout.toString()) as PortOwner[]
}
