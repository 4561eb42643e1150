/** Runs a program and resolves to what it printed. */
export type Run = (program: string, args: readonly string[]) => Promise<string>

/** Milliseconds after which a program is stopped. */
const runMs = 2000

/**
 * Runs a program without a shell, for at most two seconds. Never rejects: whatever fails has printed nothing, and
 * lsof exits 1 for success with nothing found.
 */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const { execFile } = await import('node:child_process')
  return new Promise((resolve) => {
    execFile(program, args, { timeout: runMs, maxBuffer: 4 * 1024 * 1024, windowsHide: true }, (_error, stdout) => {
      resolve(stdout)
    })
  })
}
