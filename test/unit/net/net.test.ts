import assert from 'node:assert/strict'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { isServeError, type ServeError } from '../../../src/core/serve-error.ts'
import { bind, type BindOptions, type Bound } from '../../../src/net/net.ts'
import { FakeServer } from './fake-server.ts'

function options(differences: Partial<BindOptions> = {}): BindOptions {
  return { host: 'localhost', ports: [0], fallback: true, lan: false, create: () => createServer(), ...differences }
}

async function bound(t: TestContext, differences: Partial<BindOptions> = {}): Promise<Bound> {
  const result = await bind(options(differences))
  for (const server of result.servers) t.after(() => server.close())
  return result
}

async function refused(differences: Partial<BindOptions>): Promise<ServeError> {
  const error: unknown = await bind(options(differences)).then(
    (result) => {
      for (const server of result.servers) server.close()
    },
    (reason: unknown) => reason,
  )
  assert.ok(isServeError(error), `not refused: ${String(error)}`)
  return error
}

async function hold(t: TestContext, host: string, port = 0): Promise<number> {
  const server = createServer().listen({ host, port, exclusive: true })
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

async function reaches(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** A port that was free a moment ago on both loopback addresses. */
async function freePort(): Promise<number> {
  const { port, servers } = await bind(options())
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
  return port
}

const noVersion6 = (host: string): string | undefined => (host.includes(':') ? 'EADDRNOTAVAIL' : undefined)

test('localhost is both loopback addresses on one port', async (t) => {
  const { addresses, port, servers, skipped } = await bound(t)
  assert.deepEqual(addresses, ['127.0.0.1', '::1'])
  assert.deepEqual(skipped, [])
  assert.deepEqual(
    servers.map((server) => (server.address() as AddressInfo).port),
    [port, port],
  )
  assert.ok((await reaches('127.0.0.1', port)) && (await reaches('::1', port)))
})

test('resolves names below localhost to loopback without a DNS query', async (t) => {
  for (const host of ['LOCALHOST', 'localhost.', 'app.localhost']) {
    assert.deepEqual((await bound(t, { host })).addresses, ['127.0.0.1', '::1'])
  }
})

test('listens on one family when the other is switched off', async (t) => {
  for (const code of ['EADDRNOTAVAIL', 'EAFNOSUPPORT']) {
    const only4 = (host: string): string | undefined => (host === '::1' ? code : undefined)
    const only6 = (host: string): string | undefined => (host === '127.0.0.1' ? code : undefined)
    assert.deepEqual((await bound(t, { create: () => new FakeServer(only4) })).addresses, ['127.0.0.1'])
    assert.deepEqual((await bound(t, { create: () => new FakeServer(only6) })).addresses, ['::1'])
  }
})

test('releases the first address when the port is held on the second', async (t) => {
  for (const host of ['::1', '127.0.0.1']) {
    const held = await hold(t, host)
    const result = await bound(t, { ports: [held, 0] })
    assert.notEqual(result.port, held)
    assert.deepEqual(
      result.skipped.map(({ port, code }) => [port, code]),
      [[held, 'EADDRINUSE']],
    )
    assert.equal(await reaches(host === '::1' ? '127.0.0.1' : '::1', held), false)
  }
})

test('skips a port that a wildcard listener of another program holds', async (t) => {
  for (const host of ['0.0.0.0', '::']) {
    const held = await hold(t, host)
    assert.equal((await bound(t, { ports: [held, 0] })).skipped[0]?.port, held)
  }
})

test('creates each server once, however many ports are tried', async (t) => {
  const held = [await hold(t, '::1'), await hold(t, '127.0.0.1'), await hold(t, '::')]
  const made: Server[] = []
  const create = (): Server => {
    const server = createServer()
    made.push(server)
    return server
  }
  const { servers, skipped } = await bound(t, { ports: [...held, 0], create })
  assert.equal(skipped.length, 3)
  assert.deepEqual(made, servers)
})

test('chooses port 0 again while its port is held on the second address', async (t) => {
  let refusals = 3
  const codeFor = (host: string): string | undefined => (host === '::1' && refusals-- > 0 ? 'EADDRINUSE' : undefined)
  const { addresses, servers, skipped } = await bound(t, { create: () => new FakeServer(codeFor) })
  assert.equal(refusals, -1)
  assert.deepEqual(addresses, ['127.0.0.1', '::1'])
  assert.equal(new Set(servers.map((server) => (server.address() as AddressInfo).port)).size, 1)
  assert.deepEqual(skipped, [])
})

test('stops choosing port 0 when every port is held', async () => {
  const codeFor = (host: string): string | undefined => (host === '::1' ? 'EADDRINUSE' : undefined)
  assert.equal((await refused({ create: () => new FakeServer(codeFor) })).code, 'E8008_PORT_HELD')
})

test('skips held and denied ports and reports the reason of each', async (t) => {
  const held = await hold(t, '127.0.0.1')
  const codeFor = (_host: string, port: number): string | undefined => (port === 591 ? 'EACCES' : undefined)
  const { skipped } = await bound(t, { ports: [held, 591, 0], create: () => new FakeServer(codeFor) })
  assert.deepEqual(
    skipped.map(({ port, code }) => [port, code]),
    [
      [held, 'EADDRINUSE'],
      [591, 'EACCES'],
    ],
  )
  assert.equal(skipped[0]?.reason, `${held} is in use by this very process`)
  assert.equal(skipped[0]?.holder?.pid, process.pid)
  assert.equal(
    skipped[1]?.reason,
    process.platform === 'win32' ? '591 is reserved by Windows' : '591 needs administrator rights',
  )
})

test('tries only the first port without fallback, and suggests a free one', async (t) => {
  const held = await hold(t, '127.0.0.1')
  const one = await refused({ ports: [held], fallback: false })
  assert.equal(one.code, 'E8008_PORT_HELD')
  assert.equal(
    one.message,
    `Port ${held} is in use by this very process. You asked for this port, so no other was tried.`,
  )
  assert.deepEqual(
    one.skipped.map(({ port, holder }) => [port, holder?.address, holder?.pid]),
    [[held, '127.0.0.1', process.pid]],
  )
  const free = Number(/^port: (\d+)$/.exec(one.hint ?? '')?.[1])
  assert.ok(free > held)
  assert.equal((await bound(t, { ports: [free], fallback: false })).port, free)

  const strict = await refused({ ports: [held, 0], fallback: false })
  assert.match(strict.message, /\. Only the first port may be tried, so no other was tried\.$/)
})

test('never suggests a held port', async (t) => {
  const first = await freePort()
  for (const port of [first, first + 1, first + 2]) await hold(t, '127.0.0.1', port).catch(() => {})
  const error = await refused({ ports: [first], fallback: false })
  assert.ok(Number(/\d+$/.exec(error.hint ?? '')?.[0]) > first + 2, error.hint)
})

test('reports a denied port as denied, and suggests one that needs no root', async () => {
  for (const code of ['EACCES', 'EPERM']) {
    const create = (): Server => new FakeServer((_host, port) => (port < 1024 ? code : undefined))
    const error = await refused({ ports: [80], fallback: false, create })
    assert.equal(error.code, 'E8008_PORT_DENIED')
    assert.equal(error.exitCode, 3)
    assert.match(error.hint ?? '', /^port: 80[89]\d$/)
    if (process.platform !== 'win32')
      assert.equal(error.message, 'Port 80 needs administrator rights. You asked for this port, so no other was tried.')
  }
})

test('names the process behind each port when none is free', async (t) => {
  const held = [await hold(t, '::1'), await hold(t, '::')]
  const error = await refused({ ports: held })
  assert.equal(error.code, 'E8008_PORTS_HELD')
  assert.equal(error.exitCode, 3)
  assert.deepEqual(
    error.problems,
    held.map((port) => `${port} is in use by this very process`),
  )
  assert.equal(error.message, `No port is free: ${error.problems.join(', ')}.`)
  assert.match(error.hint ?? '', /^port: \d+$/)
})

test('listens with lan on every address of both families, or on IPv4 when IPv6 is off', async (t) => {
  const dual = await bound(t, { lan: true })
  assert.deepEqual(dual.addresses, ['::'])
  assert.ok((await reaches('127.0.0.1', dual.port)) && (await reaches('::1', dual.port)))
  const single = await bound(t, { lan: true, create: () => new FakeServer(noVersion6) })
  assert.deepEqual(single.addresses, ['0.0.0.0'])
})

test('never widens a named host, neither by lan nor by the fallback', async (t) => {
  const held = await hold(t, '127.0.0.1')
  for (const lan of [true, false]) {
    const { addresses, port } = await bound(t, { host: '127.0.0.1', lan, ports: [held, 0] })
    assert.deepEqual(addresses, ['127.0.0.1'])
    assert.equal(await reaches('::1', port), false)
  }
})

test('addresses are accepted bare and in brackets', async (t) => {
  for (const [host, address] of [
    ['[::1]', '::1'],
    ['::1', '::1'],
    ['0.0.0.0', '0.0.0.0'],
    ['[::]', '::'],
  ] as const) {
    assert.deepEqual((await bound(t, { host })).addresses, [address])
  }
})

test('fails with E8008_ADDRESS for an address that this machine does not have', async () => {
  const create = (): Server => new FakeServer(() => 'EADDRNOTAVAIL')
  const one = await refused({ host: '192.0.2.1', ports: [0, 0], create })
  assert.equal(one.code, 'E8008_ADDRESS')
  assert.match(one.message, /192\.0\.2\.1/)
  assert.deepEqual(one.fix, { option: 'host', value: 'localhost' })
  assert.match((await refused({ create })).message, /127\.0\.0\.1, ::1/)
  const broken = await refused({ host: '::1', create: () => new FakeServer(() => 'EINVAL') })
  assert.equal(broken.code, 'E8008_ADDRESS')
  assert.match(broken.message, /EINVAL/)
  for (const code of ['EMFILE', 'ENFILE']) {
    const { hint, fix } = await refused({ host: '::1', create: () => new FakeServer(() => code) })
    assert.deepEqual([hint, fix], ['ulimit -n 8192', undefined], code)
  }
})

test('fails with E8008_ADDRESS for a name without an address, and for the empty name', async () => {
  for (const host of ['', '[]', 'no such\x1b[2Jname']) {
    const error = await refused({ host })
    assert.equal(error.code, 'E8008_ADDRESS')
    assert.ok(!error.message.includes('\x1b'))
  }
})

test("passes on an error that is not the system's", async () => {
  await assert.rejects(bind(options({ ports: [70_000] })), { code: 'ERR_SOCKET_BAD_PORT' })
})
