/** Runs a program and resolves to its standard output. */
export type Run = (program: string, args: readonly string[]) => Promise<string>

/** Milliseconds after which the program is killed. */
const runMs = 2000

/**
 * Runs a program without a shell, for at most two seconds. Never rejects: a program that fails counts as one that printed
 * nothing, because lsof exits with 1 when it finds nothing.
 */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const { execFile } = await import('node:child_process')
  return new Promise((resolve) => {
    execFile(program, args, { timeout: runMs, maxBuffer: 4 * 1024 * 1024, windowsHide: true }, (_error, stdout) => {
      resolve(stdout)
    })
  })
}
