// slow: waits for programs that do not end
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { commandWords, start, type Ended } from './command.ts'
import { listener, plain } from './listener.ts'

const probe = spawnSync('script', ['--version'], { encoding: 'utf8' })
const skip =
  process.platform === 'linux' && probe.stdout?.includes('util-linux')
    ? false
    : 'there is no script(1) of util-linux here'

/** Answers the question of free in a pseudo-terminal. */
async function answer(t: TestContext, port: number, keys: string): Promise<Ended> {
  const line = [...commandWords, 'free', String(port)].map((word) => `'${word}'`).join(' ')
  const { child, stdout, ended } = start(t, [], {
    words: ['script', '-qefc', line, '/dev/null'],
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { NO_COLOR: '1', SHELL: '/bin/sh', TERM: 'xterm', XDG_RUNTIME_DIR: '/nowhere' },
  })
  const [shown] = await stdout(/[^]*Stop it\? \[y\/N\] /)
  assert.match(shown, new RegExp(`^ {2}Port {5}${port} on 127\\.0\\.0\\.1\r\n {2}Program {2}node \\(pid \\d+\\)\r\n`))
  child.stdin?.write(keys)
  return ended
}

test('free asks in a terminal: no and nothing leave the program, yes ends it', { skip }, async (t) => {
  const { child, port } = await listener(t, plain('127.0.0.1', await freePort()))
  const refused = await Promise.all(['n\r', '\r'].map((keys) => answer(t, port, keys)))
  for (const { exitCode, stdout } of refused) {
    assert.deepEqual([exitCode, child.exitCode, child.signalCode], [1, null, null], stdout)
    assert.doesNotMatch(stdout, /is free/)
  }
  const stopped = once(child, 'exit')
  const { exitCode, stdout } = await answer(t, port, 'y\r')
  assert.deepEqual(await stopped, [null, 'SIGTERM'])
  assert.equal(exitCode, 0)
  assert.match(stdout, new RegExp(`\nPort ${port} is free\\.\r\n$`))
})
