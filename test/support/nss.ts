import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** Makes an empty database of certificates, as browsers of Mozilla and Chromium on Linux keep it, where there is none. */
export function makeDatabase(folder: string): void {
  mkdirSync(folder, { recursive: true })
  if (!existsSync(join(folder, 'cert9.db'))) certutil('-N', '-d', `sql:${folder}`, '--empty-password')
}

/** Lets the browser that uses a database trust an authority (PEM) for servers. */
export function trustAuthority(folder: string, file: string): void {
  makeDatabase(folder)
  certutil('-A', '-d', `sql:${folder}`, '-t', 'C,,', '-n', 'test', '-i', file)
}

function certutil(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('certutil', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`certutil ${args.join(' ')}: ${error?.message ?? stderr}`)
}
