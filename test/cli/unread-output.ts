import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { runningServers } from '../../src/cli/server-process.ts'
import { folderOf, start, type Command } from './command.ts'

/** Both ends of a named pipe that has no reader until the test reads. */
export async function unreadPipe(t: TestContext): Promise<number> {
  const path = join(await folderOf(t, {}), 'log')
  assert.equal(spawnSync('mkfifo', [path]).status, 0)
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  t.after(() => closeSync(fd))
  return fd
}

/** Sends many requests with long paths over one connection and waits for the last reply. */
export async function manyRequests(port: number, count: number, length: number): Promise<void> {
  const client = connect(port, '127.0.0.1')
  const ended = once(client, 'close')
  client.resume()
  const head = `GET /${'x'.repeat(length)} HTTP/1.1\r\nHost: localhost:${port}\r\n`
  for (let i = 1; i < count; i++) {
    if (!client.write(`${head}\r\n`)) await once(client, 'drain')
  }
  client.end(`${head}Connection: close\r\n\r\n`)
  await ended
}

/** Serves with standard output on a descriptor that tells nothing: the port is read where `reload` finds it. */
export async function announced(
  t: TestContext,
  cwd: string,
  args: readonly string[],
  fd: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Command & { readonly port: number }> {
  const run = await folderOf(t, {})
  const command = start(t, args, { cwd, env: { ...env, XDG_RUNTIME_DIR: run }, stdio: ['ignore', fd, 'pipe'] })
  for (;;) {
    const port = runningServers({ XDG_RUNTIME_DIR: run })[0]?.port
    if (port !== undefined) return { ...command, port }
    await new Promise((resolve) => setImmediate(resolve))
  }
}
