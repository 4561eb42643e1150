// slow: waits for programs that do not end
// starts first: programs get seconds to end and to come back
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test, type TestContext } from 'node:test'
import { processInfo } from '../../src/scan/scan.ts'
import { firstOutput } from '../support/first-output.ts'
import { freePort } from '../support/free-port.ts'
import { folderOf, registered, serve } from './command.ts'
import { runHere } from './here.ts'
import { listener, plain } from './listener.ts'

const skip = process.platform === 'linux' ? false : 'what other systems show is recorded'

function free(t: TestContext, port: number, ...flags: string[]): ReturnType<typeof runHere> {
  return runHere(t, ['free', String(port), ...flags], { env: { XDG_RUNTIME_DIR: '/nowhere' } })
}

test('free says that nothing listens, and refuses what is no port', { skip }, async (t) => {
  const port = await freePort()
  const nothing = await free(t, port)
  assert.deepEqual([nothing.exitCode, nothing.stdout], [0, `Nothing listens on port ${port}.\n`])
  assert.deepEqual(JSON.parse((await free(t, port, '--json')).stdout), {
    port,
    free: true,
    stopped: [],
    left: [],
  })
  for (const word of ['70000', `${port},1`, `${port}-1`]) assert.equal((await runHere(t, ['free', word])).exitCode, 2)
  for (const word of [`:${port}`, `localhost:${port}`]) {
    assert.equal((await runHere(t, ['free', word])).stdout, `Nothing listens on port ${port}.\n`)
  }
  const unnamed = await runHere(t, ['free', '--json'])
  assert.equal(unnamed.exitCode, 2)
  // A program that runs what an error suggests must stop nothing that was not named.
  const { error } = JSON.parse(unnamed.stderr) as { error: Record<string, unknown> }
  assert.deepEqual([error['hint'], error['command']], ['serve8008 free PORT --json', null])
})

test('free stops nothing without a yes, and a program with one', { skip }, async (t) => {
  const { child, port, pid } = await listener(t, plain('127.0.0.1', await freePort()))
  const asked = await free(t, port)
  assert.deepEqual([asked.exitCode, child.exitCode, child.signalCode], [2, null, null])
  assert.match(asked.stdout, new RegExp(`^ {2}Port {5}${port} on 127.0.0.1\n {2}Program {2}node \\(pid ${pid}\\)\n`))
  assert.match(asked.stderr, new RegExp(`try: serve8008 free ${port} --yes\n$`))

  const ended = once(child, 'exit')
  const done = await free(t, port, '--yes', '--json')
  assert.deepEqual(await ended, [null, 'SIGTERM'])
  assert.equal(done.exitCode, 0)
  assert.deepEqual(JSON.parse(done.stdout), {
    port,
    free: true,
    stopped: [{ pid, program: 'node', command: null }],
    left: [],
  })
})

test('free ends a program that ignores SIGTERM with --force only', { skip }, async (t) => {
  const { child, port } = await listener(t, `process.on('SIGTERM', () => {}); ${plain('127.0.0.1', await freePort())}`)
  // Both wait five seconds.
  const [ignored, inJson] = await Promise.all([free(t, port, '--yes'), free(t, port, '--yes', '--json')])
  assert.equal(ignored.exitCode, 3)
  assert.match(ignored.stderr, new RegExp(`ignores SIGTERM.*\n.*try: serve8008 free ${port} --force`))
  assert.equal(child.signalCode, null)
  const again = JSON.parse(inJson.stderr) as { error: { command: string } }
  assert.equal(again.error.command, `serve8008 free ${port} --force --yes --json`)
  const ended = once(child, 'exit')
  assert.equal((await free(t, port, '--yes', '--force')).exitCode, 0)
  assert.deepEqual(await ended, [null, 'SIGKILL'])
})

/** Stops a process as ^Z does, and waits until it is. */
async function suspend(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  while ((await processInfo([pid])).get(pid)?.stopped === false);
}

test('free ends a program that is stopped, without --force', { skip }, async (t) => {
  const { child, port, pid } = await listener(t, plain('127.0.0.1', await freePort()))
  await suspend(pid)
  const ended = once(child, 'exit')
  const { exitCode, stdout } = await free(t, port, '--yes')
  assert.equal(exitCode, 0)
  assert.deepEqual(await ended, [null, 'SIGTERM'])
  assert.match(stdout, new RegExp(`^ {2}State {4}stopped .*; to continue it instead: kill -CONT ${pid}$`, 'm'))
})

test('scan and verify say that a program is stopped', { skip }, async (t) => {
  const { port, pid } = await listener(t, plain('127.0.0.1', await freePort()))
  await suspend(pid)
  const env = { XDG_RUNTIME_DIR: '/nowhere' }
  const scanned = await runHere(t, ['scan', String(port)], { env })
  assert.match(scanned.stdout, /node \(stopped\)[^]*S8008_STOPPED {3}kill -CONT \d+\n/)
  const verified = await runHere(t, ['verify', `127.0.0.1:${port}`], { env })
  assert.match(verified.stdout, new RegExp(`its process is stopped .*\\s+.*kill -CONT\\s+${pid}`))
  assert.match(verified.stdout, /\n {2}\? {4}15 other checks {5}it does not answer\n\n/)
})

test('free reports that a supervisor has started the program again', { skip }, async (t) => {
  const again = `
    const { spawn } = require('child_process')
    let port = 0
    process.title = 'nodemon'
    process.on('SIGTERM', () => process.exit())
    function run() {
      // It ends with its parent, however that ends.
      const code = "process.stdin.resume().on('end', () => process.exit()); const s = require('net').createServer().listen(" + port + ", '127.0.0.1', () => console.log(s.address().port))"
      const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] })
      child.stdout.once('data', (chunk) => { if (port === 0) console.log(port = Number(chunk)) })
      child.on('exit', run)
    }
    run()`
  const { child, port } = await listener(t, again)
  const { exitCode, stdout, stderr } = await free(t, port, '--yes')
  child.kill('SIGTERM')
  await once(child, 'exit')
  assert.equal(exitCode, 3)
  assert.match(
    stdout,
    new RegExp(`^ {2}Again {4}nodemon starts it again; to stop that instead: kill ${child.pid}$`, 'm'),
  )
  assert.match(
    stderr,
    new RegExp(
      `Port ${port} was free for a moment and is in use again by node \\(pid \\d+\\)\\. nodemon started it again\\.\n.*try: kill ${child.pid}\n`,
    ),
  )
})

test('free stops a worker that keeps the socket of its parent', { skip }, async (t) => {
  const code = [
    'import os, signal, socket',
    's = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()',
    // A worker that is left ends by itself.
    'worker = os.fork(); signal.alarm(60)',
    'if worker: print(s.getsockname()[1], flush=True)',
    'signal.pause()',
  ].join('\n')
  const { port } = await listener(t, code, ['python3', '-c'])
  const { exitCode, stdout } = await free(t, port, '--yes', '--json')
  assert.equal(exitCode, 0)
  assert.equal((JSON.parse(stdout) as { stopped: unknown[] }).stopped.length, 2)
})

test('free with --pid stops one of two programs that share a port on different addresses', { skip }, async (t) => {
  const first = await listener(t, plain('127.0.0.1', await freePort()))
  const second = await listener(t, plain('::1', first.port))
  const wrong = await free(t, first.port, '--pid', String(process.pid), '--yes')
  assert.equal(wrong.exitCode, 3)
  assert.match(wrong.stderr, /does not listen on port/)
  const ended = once(second.child, 'exit')
  const { exitCode, stdout } = await free(t, first.port, '--pid', String(second.pid), '--yes')
  await ended
  assert.equal(exitCode, 0)
  assert.deepEqual([first.child.exitCode, first.child.signalCode], [null, null])
  const left = `node (pid ${first.pid}) on 127.0.0.1`
  const last = `Stopped node (pid ${second.pid}). Port ${first.port} is still in use by ${left}.\n`
  assert.equal(stdout.slice(-last.length), last)
})

test('free with --pid says in JSON which program still has the port', { skip }, async (t) => {
  const first = await listener(t, plain('127.0.0.1', await freePort()))
  const second = await listener(t, plain('::1', first.port))
  const { exitCode, stdout } = await free(t, first.port, '--pid', String(first.pid), '--yes', '--json')
  assert.equal(exitCode, 0)
  assert.deepEqual(JSON.parse(stdout), {
    port: first.port,
    free: false,
    stopped: [{ pid: first.pid, program: 'node', command: null }],
    left: [{ pid: second.pid, program: 'node', command: null }],
  })
})

test('free does not call a port free whose socket a shell has inherited', { skip }, async (t) => {
  const code = [
    'import socket, subprocess',
    's = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); s.set_inheritable(True)',
    'p = subprocess.Popen(["sh", "-c", "read x <&3; true"], close_fds=False)',
    'print(s.getsockname()[1], flush=True); p.wait()',
  ].join('\n')
  const child = spawn('python3', ['-c', code], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  // The shell outlives its parent, and ends with this pipe.
  t.after(() => child.stdio[3]?.destroy())
  const [chunk] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  const port = Number(chunk.toString())
  const { exitCode, stderr } = await free(t, port, '--yes')
  assert.equal(exitCode, 3)
  const stopped = `Stopped python \\(pid ${child.pid}\\)\\.`
  const why = 'It is a shell, so it was not stopped\\.'
  assert.match(
    stderr,
    new RegExp(`^${stopped} Port ${port} is still in use by \\S+ \\(pid \\d+\\) on 127.0.0.1\\. ${why}\\n`),
  )
})

test('free never stops a client of the port', { skip }, async (t) => {
  const { child, port } = await listener(t, plain('127.0.0.1', await freePort()))
  const client = spawn(
    process.execPath,
    [
      '-e',
      `const s = require('net').connect(${port}, '127.0.0.1', () => console.log('in')); s.on('error', () => {}); setInterval(() => {}, 1000)`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  t.after(() => client.kill('SIGKILL'))
  await firstOutput(client)
  // Our own connection does not make this process a holder.
  const own = connect(port, '127.0.0.1').on('error', () => {})
  t.after(() => own.destroy())
  await once(own, 'connect')
  const ended = once(child, 'exit')
  const { exitCode, stdout } = await free(t, port, '--yes')
  await ended
  assert.equal(exitCode, 0)
  assert.match(stdout, /^ {2}Clients {2}2 connected; they are not stopped$/m)
  assert.deepEqual([client.exitCode, client.signalCode], [null, null])
})

test('free lets a server of ours finish as stop does, one that is stopped too', { skip }, async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}) }
  const cwd = await folderOf(t, { 'package.json': '{ "name": "shop" }' })
  const { port, ended, child } = await serve(t, [], { cwd, env })
  await registered(env)
  await suspend(child.pid as number)
  const { exitCode, stdout } = await runHere(t, ['free', String(port), '--yes'], { cwd, env })
  assert.equal(exitCode, 0)
  assert.match(stdout, /^ {2}Project {2}shop$/m)
  assert.equal((await ended).exitCode, 0)
})

const root = skip === false && process.getuid?.() === 0 ? false : 'only root can start programs of another user'

test('free never stops a program of another user', { skip: root }, async (t) => {
  const code = `process.setgid(65534); process.setuid(65534); ${plain('127.0.0.1', await freePort())}`
  const { child, port, pid } = await listener(t, code)
  for (const flags of [['--yes'], ['--yes', '--force'], ['--yes', '--pid', String(pid)]]) {
    const { exitCode, stderr } = await free(t, port, ...flags)
    assert.deepEqual([exitCode, child.exitCode, child.signalCode], [3, null, null])
    assert.match(stderr, /It belongs to another user/)
  }
})
