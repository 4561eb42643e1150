import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { parse } from 'valibot'
import { scanSchema } from '../../src/cli/commands/scan-schema.ts'
import { freePort } from '../support/free-port.ts'
import { folderOf, run, serve, start } from './command.ts'
import { runHere } from './here.ts'

interface Row {
  readonly port: number
  readonly pid: number
  readonly product: string | null
  readonly reach: string
  readonly project: { readonly name: string } | null
  readonly findings: readonly { readonly code: string; readonly severity: string }[]
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
  const { stdout } = await runHere(t, ['scan', `:${port}`])
  const [heading, line] = stdout.split('\n')
  assert.match(heading ?? '', /^shop {2}\S/)
  assert.match(line ?? '', new RegExp(`^ *${port}  serve8008.* this machine  pid ${child.pid} `))
})

test('scan shows a port on which nothing listens as free', async (t) => {
  const port = await freePort()
  const { stdout, exitCode } = await runHere(t, ['scan', String(port)])
  assert.deepEqual([stdout, exitCode], [`${port}: free\n`, 0])
  const json = await runHere(t, ['scan', `${port}`, '--json'])
  assert.deepEqual(JSON.parse(json.stdout), { ports: [], idle: [{ port, state: 'free' }] })
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
