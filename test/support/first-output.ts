import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'

/**
 * The first text that a program prints. Rejects when it ends before: a test would wait for ever.
 *
 * @throws Error
 */
export async function firstOutput({ stdout, spawnfile }: ChildProcess): Promise<string> {
  for await (const chunk of (stdout as Readable).iterator({ destroyOnReturn: false })) return String(chunk)
  throw new Error(`${spawnfile} ended before it printed anything`)
}
