import { spawn, type SpawnOptions } from 'node:child_process'

/** How a command ended. */
export interface Ended {
  /** Exit code; 1 when a signal ended it. */
  readonly code: number
  /** What it printed; empty when it printed to our own terminal. */
  readonly output: string
  /** Milliseconds it took. */
  readonly ms: number
}

/** Runs a command to its end, in the package's root unless told otherwise. Never rejects for an exit code. */
export async function runCommand(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  const startedAt = performance.now()
  const child = spawn(command, args, { stdio: 'inherit', ...options })
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode) => resolve(exitCode ?? 1))
  })
  return { code, output: Buffer.concat(chunks).toString(), ms: performance.now() - startedAt }
}

/**
 * npm as the running npm started it, so that no shell is needed and Windows finds it too.
 *
 * @throws Error outside of `npm run`.
 */
export function runNpm(args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  const npm = process.env['npm_execpath']
  if (npm === undefined) throw new Error('Run this through npm: it tells where npm is.')
  return runCommand(process.execPath, [npm, ...args], options)
}

/** Prints rows in columns, the first row as a heading. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

/** Milliseconds as people read them. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
