import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { firstOutput } from '../support/first-output.ts'
import { freePort } from '../support/free-port.ts'
import { folderOf } from './command.ts'
import { runHere, serveHere } from './here.ts'

const skip = process.platform === 'linux' ? false : 'what other systems show is recorded'

/** Answers as the homeserver does, and counts its clients. */
const synapse = `require('http').createServer((q, r) => r.writeHead(302, { server: 'Synapse/1.67.0' }).end())`
/** Accepts connections and says nothing. */
const hung = `require('net').createServer((c) => c.on('error', () => {}))`

/** Holds a port by a process of its own. */
async function holder(t: TestContext, server: string): Promise<{ port: number; pid: number }> {
  const port = await freePort()
  const code = `${server}.listen(${port}, '127.0.0.1', () => console.log('listens'))`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await firstOutput(child)
  return { port, pid: child.pid as number }
}

test(
  'the start names the product on a port that it skipped, and a hung program by its process',
  { skip },
  async (t) => {
    const cwd = await folderOf(t, { 'index.html': 'x' })
    const [first, second] = [await holder(t, synapse), await holder(t, hung)]
    const free = await freePort()
    const { stdout } = await serveHere(t, ['-p', `${first.port},${second.port},${free}`], { cwd })
    const reasons = [
      `${first.port} is in use by Synapse 1\\.67\\.0 \\(pid ${first.pid}\\)`,
      `${second.port} is in use by node \\(pid ${second.pid}\\)`,
    ]
    await stdout(new RegExp(`^serve8008 \\S+, ${reasons.join(', ')}, serving`))
  },
)

test('a start for a program asks no server for its name', { skip }, async (t) => {
  const cwd = await folderOf(t, { 'index.html': 'x' })
  const { port, pid } = await holder(t, synapse)
  const { stderr } = await runHere(t, ['--json', '--port', String(port)], { cwd })
  assert.match(stderr, new RegExp(`"Port ${port} is in use by node \\(pid ${pid}\\)\\. You asked`))
})

test('the error for ports that are all held names what answers on each', { skip }, async (t) => {
  const cwd = await folderOf(t, { 'index.html': 'x' })
  const [first, second] = [await holder(t, synapse), await holder(t, hung)]
  const one = await runHere(t, ['--port', String(first.port)], { cwd })
  assert.match(
    one.stderr,
    new RegExp(
      `^Port ${first.port} is in use by Synapse 1\\.67\\.0 \\(pid ${first.pid}\\)\\. You asked.* To end that program: serve8008 free ${first.port}\\.\nE8008_PORT_HELD`,
    ),
  )
  const all = await runHere(t, ['--port', `${first.port},${second.port}`], { cwd })
  assert.equal(
    all.stderr.split('\nE8008_PORTS_HELD')[0],
    [
      'No port is free:',
      `  - ${first.port} is in use by Synapse 1.67.0 (pid ${first.pid})`,
      `  - ${second.port} is in use by node (pid ${second.pid})`,
    ].join('\n'),
  )
})

test('an error whose port was set by a variable names both', { skip }, async (t) => {
  const cwd = await folderOf(t, { 'index.html': 'x' })
  const { port, pid } = await holder(t, synapse)
  const { stderr } = await runHere(t, [], { cwd, env: { PORT: String(port) } })
  assert.match(stderr, new RegExp(`Synapse 1\\.67\\.0 \\(pid ${pid}\\)\\. You asked.* It was set by PORT\\.`))
})

test('a port of the option listeners is that of a listener, and no flag replaces all of them', { skip }, async (t) => {
  const { port } = await holder(t, hung)
  const listeners = `[{ "port": 0 }, { "name": "second", "port": ${port} }]`
  const cwd = await folderOf(t, { 'index.html': 'x', 'serve8008.config.json': `{ "listeners": ${listeners} }` })
  const { stderr } = await runHere(t, [], { cwd })
  assert.match(
    stderr,
    / It is that of the listener second, set by serve8008\.config\.json\.\nE8008_PORT_HELD {3}Change the port of the listener second\n/,
  )
})
