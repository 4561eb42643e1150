import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { folderOf, run, start } from './command.ts'
import { announced, manyRequests, unreadPipe } from './unread-output.ts'

const linux = process.platform === 'linux' ? false : 'only Linux has /dev/full and /proc'

/** A descriptor that takes nothing: every write fails with ENOSPC, as on a full disk. */
function fullDisk(t: TestContext): number {
  const fd = openSync('/dev/full', 'w')
  t.after(() => closeSync(fd))
  return fd
}

const printing: readonly (readonly string[])[] = [
  ['check'],
  ['check', '--json'],
  ['--help'],
  ['help', 'trust'],
  ['--version'],
  ['--version', '--json'],
  ['completion', 'bash'],
  ['explain', '/'],
  ['explain', '/', '--json'],
  ['trust', '--status'],
  ['cert', 'app.localhost', '--json'],
  ['fetch', '/'],
  ['fetch', '/', '-i'],
]

for (const args of printing) {
  test(`${args.join(' ')} exits with 1 when standard output is a full disk`, { skip: linux }, async (t) => {
    const home = await folderOf(t, {})
    const env = { HOME: home, XDG_DATA_HOME: home }
    const { exitCode, stderr } = await run(t, args, { cwd: home, env, stdio: ['ignore', fullDisk(t), 'pipe'] })
    assert.equal(exitCode, 1)
    assert.match(stderr, /Standard output cannot be written \(ENOSPC: no space left on device\)\./)
    assert.match(stderr, /E8008_OUTPUT/)
  })
}

test('fetch stops to read content that it cannot print', { skip: linux }, async (t) => {
  const handler = `const endless = () => new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1024)) })
    export default () => new Response(endless())`
  const cwd = await folderOf(t, { 'app.mjs': handler })
  const args = ['fetch', '/endless', '--handler', 'app.mjs']
  const { exitCode, stderr } = await run(t, args, { cwd, stdio: ['ignore', fullDisk(t), 'pipe'] })
  assert.equal(exitCode, 1)
  assert.match(stderr, /E8008_OUTPUT/)
})

test('an error keeps its exit code where standard error is a full disk', { skip: linux }, async (t) => {
  const { exitCode } = await run(t, ['--no-such'], { stdio: ['ignore', 'pipe', fullDisk(t)] })
  assert.equal(exitCode, 2)
})

test('a command exits with 0 when the reader closes the pipe early', { skip: linux }, async (t) => {
  const { child, ended } = start(t, ['--help'])
  child.stdout?.destroy()
  assert.equal((await ended).exitCode, 0)
})

test('a server outlives a full disk under its log, says so once, and ends with 0', { skip: linux }, async (t) => {
  const cwd = await folderOf(t, { 'index.html': 'still here', 'run/.keep': '' })
  const fd = fullDisk(t)
  const args = ['--port', '0', '--json']
  const { child, stderr, ended, port } = await announced(t, cwd, args, fd)
  await stderr(/"W8008_OUTPUT".*keeps serving/)
  for (let i = 0; i < 3; i++) {
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'still here')
  }
  child.kill('SIGTERM')
  const { exitCode, stderr: text } = await ended
  assert.equal(exitCode, 0)
  assert.equal(text.match(/keeps serving/g)?.length, 1)
  assert.match(text, /[34] log lines dropped: ENOSPC/)
})

test('a stalled reader of the log does not hold up the end', { skip: linux }, async (t) => {
  const cwd = await folderOf(t, {})
  const command = await announced(t, cwd, ['--port', '0', '--log', 'json'], await unreadPipe(t))
  await manyRequests(command.port, 500, 4000)
  command.child.kill('SIGTERM')
  const { exitCode, stderr } = await command.ended
  assert.equal(exitCode, 0)
  assert.match(stderr, /\d+ log lines dropped/)
})
