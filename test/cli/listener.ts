import { spawn, type ChildProcess } from 'node:child_process'
import type { TestContext } from 'node:test'
import { firstOutput } from '../support/first-output.ts'

/** Starts a program that prints its port, and waits for it. */
export async function listener(
  t: TestContext,
  code: string,
  words: readonly [string, ...string[]] = [process.execPath, '-e'],
): Promise<{ child: ChildProcess; port: number; pid: number }> {
  const [program, ...rest] = words
  const child = spawn(program, [...rest, code], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  return { child, port: Number(await firstOutput(child)), pid: child.pid as number }
}

/** Code that listens and prints its port. */
export const plain = (host: string, port: number): string =>
  `const s = require('net').createServer(c => c.on('error', () => {})).listen(${port}, '${host}', () => console.log(s.address().port))`
