// slow: looks at every process of the machine
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { parse } from 'valibot'
import { scanSchema } from '../../src/cli/commands/scan-schema.ts'
import { freePort } from '../support/free-port.ts'
import type { Finding } from '../../src/scan/scan.ts'
import { registerServer } from '../../src/control/server-registry.ts'
import { folderOf, registered, run, serve, start } from './command.ts'
import { runHere } from './here.ts'

interface Row {
  readonly port: number
  readonly pid: number
  readonly product: string | null
  readonly reach: string
  readonly project: { readonly name: string } | null
  readonly findings: readonly Finding[]
}

function rowsOf(stdout: string): Row[] {
  const facts = JSON.parse(stdout) as { ports: Row[] }
  assert.deepEqual(parse(scanSchema, facts), facts)
  return facts.ports
}

async function listen(t: TestContext, answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

test('scan names a server of ours with its project, for people and for programs', async (t) => {
  const cwd = await folderOf(t, { 'package.json': '{ "name": "shop" }', 'index.html': 'x' })
  const { port, child } = await serve(t, [], { cwd })
  const json = await run(t, ['scan', String(port), '--json'])
  assert.equal(json.exitCode, 0)
  const [row, ...more] = rowsOf(json.stdout)
  assert.deepEqual(more, [])
  assert.deepEqual(
    [row?.port, row?.pid, row?.product, row?.reach, row?.project?.name, row?.findings],
    [port, child.pid, 'serve8008', 'machine', 'shop', []],
  )
  assert.equal((await runHere(t, ['scan', String(port), '--quiet'])).stdout, '')
  const { stdout } = await runHere(t, ['scan', `:${port}`])
  const [heading, line] = stdout.split('\n')
  assert.match(heading ?? '', /^shop {2}\S/)
  assert.match(line ?? '', new RegExp(`^ *${port}  serve8008.* this machine  pid ${child.pid} `))
})

test('scan shows a port on which nothing listens as free', async (t) => {
  const port = await freePort()
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const { stdout, exitCode } = await runHere(t, ['scan', String(port)], { env })
  assert.deepEqual([stdout, exitCode], [`${port}: free\n`, 0])
  const json = await runHere(t, ['scan', `${port}`, '--json'], { env })
  assert.deepEqual(JSON.parse(json.stdout), { ports: [], idle: [{ port, state: 'free' }], findings: [] })
})

test('scan ends with 1 when a finding is dangerous', async (t) => {
  const port = await listen(t, ({ url = '' }, response) => {
    const isFile = url.startsWith('/@fs/etc/passwd')
    const type = url === '/@vite/client' ? 'text/javascript' : 'text/html'
    response.writeHead(200, { 'content-type': type })
    response.end(isFile ? 'root:x:0:0:root:/root:/bin/sh\n' : '<script type="module" src="/@vite/client"></script>')
  })
  const { stdout, exitCode } = await runHere(t, ['scan', String(port), '--json'])
  const findings = rowsOf(stdout)[0]?.findings.map(({ code, severity }) => `${code} ${severity}`)
  assert.deepEqual([findings, exitCode], [['S8008_FILES danger'], 1])
})

test('scan finds the entry of a server that was killed, on its port too, and the fix removes it', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const port = await freePort()
  const cwd = await folderOf(t, { 'index.html': 'x' })
  const { child, ended } = await serve(t, ['--port', String(port)], { cwd, env })
  await registered(env)
  child.kill('SIGKILL')
  await ended
  const why = `The server of ${cwd} on port ${port} (pid ${child.pid}) was killed and is still registered`
  const finding = { code: 'S8008_REGISTRY', severity: 'note', why: `${why}.`, fix: 'serve8008 ls' }
  const free = await runHere(t, ['scan', String(port), '--json'], { env })
  assert.deepEqual(JSON.parse(free.stdout), { ports: [], idle: [{ port, state: 'free' }], findings: [finding] })
  const { stdout } = await runHere(t, ['scan', String(port)], { env })
  assert.match(stdout, /note {2}The server of [^]*S8008_REGISTRY {3}serve8008 ls\n$/)
  // Of other ports it says nothing.
  const other = await runHere(t, ['scan', String(await freePort()), '--json'], { env })
  assert.deepEqual((JSON.parse(other.stdout) as { findings: unknown }).findings, [])

  const server = createServer((_, response) => response.end('x')).listen(port, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const held = await runHere(t, ['scan', String(port), '--json'], { env })
  const [onPort] = rowsOf(held.stdout)[0]?.findings ?? []
  assert.ok(onPort?.why.startsWith(`${why}; node (pid ${process.pid}`), onPort?.why)
  assert.match(onPort?.why ?? '', /\) has the port now\.$/)
  assert.equal((await runHere(t, ['ls'], { env })).exitCode, 0)
  assert.deepEqual(rowsOf((await runHere(t, ['scan', String(port), '--json'], { env })).stdout)[0]?.findings, [])
})

test('scan and doctor find a server that runs while another program has its port, and stop ends it', async (t) => {
  const port = await listen(t, (_, response) => response.end('x'))
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const cwd = await folderOf(t, { 'server.cjs': 'console.log(1); setInterval(() => {}, 1000)', 'index.html': 'x' })
  const script = join(cwd, 'server.cjs')
  const server = start(t, [], { words: [process.execPath, script] })
  await server.stdout(/1/)
  const { pid = 0 } = server.child
  const texts = { url: `http://localhost:${port}/`, root: cwd, cwd, script, settings: '', reload: '', token: '' }
  registerServer({ pid, port, tlsPort: 0, ...texts }, env)
  const { stdout } = await runHere(t, ['scan', String(port), '--json'], { env })
  const fix = `serve8008 stop --port ${port}`
  const [finding] = rowsOf(stdout)[0]?.findings ?? []
  assert.deepEqual([finding?.code, finding?.severity, finding?.fix], ['S8008_REGISTRY', 'warning', fix])
  const why = `The server of ${cwd} (pid ${pid}) runs and is registered on port ${port}, which node (pid ${process.pid}`
  assert.ok(finding?.why.startsWith(why), finding?.why)
  const doctor = await runHere(t, ['doctor', '--json'], { cwd, env })
  assert.ok(doctor.stdout.includes('D8008_REGISTRY_PORT') && doctor.stdout.includes(fix), doctor.stdout)
  await runHere(t, fix.split(' ').slice(1), { cwd, env })
  await server.ended
  // A server of ours would have removed its entry itself.
  await runHere(t, ['ls'], { env })
  assert.deepEqual(rowsOf((await runHere(t, ['scan', String(port), '--json'], { env })).stdout)[0]?.findings, [])
})

for (const word of ['0', '65536', '3010-3000', 'http', '3000-', '1e3']) {
  test(`scan refuses ${word} as a port`, async (t) => {
    const { exitCode, stderr } = await runHere(t, ['scan', word])
    assert.equal(exitCode, 2)
    assert.match(stderr, /takes ports from 1 to 65535, such as 3000 or 3000-3010, but got .*\.\nE8008_USAGE {3}try: /)
  })
}

test('scan --watch prints again when a listener comes', async (t) => {
  const port = await freePort()
  const command = start(t, ['scan', String(port), '--watch', '--json'])
  await command.stdout(/"ports":\[\]/)
  const server = createServer((_, response) => response.end('x')).listen(port, '127.0.0.1')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await command.stdout(new RegExp(`"port":${port},"addresses"`))
  command.child.kill('SIGTERM')
  await command.ended
})
