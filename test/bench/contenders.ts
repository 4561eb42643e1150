import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const root = resolve(import.meta.dirname, '../..')

/** A server process that listens. */
export interface Running {
  /** With a slash at the end. */
  readonly url: string
  readonly pid: number
  /** Ends the process and waits for it. */
  stop(): Promise<void>
}

/** Makes a folder with a file of 1 KiB; `remove` deletes it. */
export function makeSite(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-bench-'))
  writeFileSync(join(folder, 'file.txt'), Buffer.alloc(1024, 'x'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The command line of bare node:http. */
export function bareCommand(): string[] {
  return [process.execPath, join(root, 'test/bench/bare-server.js')]
}

/** The command line of serve8008 as built, log off. */
export function ourCommand(folder: string): string[] {
  const flags = ['--port', '0', '--host', '127.0.0.1', '--log', 'none', '--no-config', '--json']
  return [process.execPath, join(root, 'bin/serve8008.js'), folder, ...flags]
}

/** Starts a server and waits for the line of JSON that tells its `url`. */
export async function start([command = '', ...args]: readonly string[]): Promise<Running> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const [line] = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`${args[0]} ended with ${code} before it listened.`)),
    ),
  ])
  const { url } = JSON.parse(line) as { url: string }
  return { url, pid: child.pid ?? 0, stop: () => stop(child) }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}
