/** Runs a program and resolves to its standard output. */
export type Run = (program: string, args: readonly string[], ms?: number) => Promise<string>

/**
 * Runs a program without a shell. Never rejects: a program that fails counts as one that printed
 * nothing, because lsof exits with 1 when it finds nothing.
 *
 * @param ms milliseconds after which the program is killed. Default: 2000.
 */
export async function run(program: string, args: readonly string[], ms: number = 2000): Promise<string> {
  const { execFile } = await import('node:child_process')
  return new Promise((resolve) => {
    execFile(program, args, { timeout: ms, maxBuffer: 4 * 1024 * 1024, windowsHide: true }, (_error, stdout) => {
      resolve(stdout)
    })
  })
}
