import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import type { Host } from './types.ts'

/** Milliseconds after which a reading program is killed. Java is slow. */
const runMs = 20_000

/** The machine that this process runs on. Programs run as another user where `asUser` says so. */
export function machine(
  options: Pick<Host, 'platform' | 'home' | 'javaHome'>,
  asUser: (argv: readonly string[]) => readonly string[],
): Host {
  return {
    ...options,
    run(argv) {
      const [program = '', ...words] = asUser(argv)
      return new Promise((resolve) => {
        execFile(program, words, { timeout: runMs, windowsHide: true }, (error, stdout) => {
          const code = error === null ? 0 : error.code
          resolve({ code: code === 'ENOENT' ? undefined : typeof code === 'number' ? code : 1, stdout })
        }).stdin?.end()
      })
    },
    has: existsSync,
    read: (path) => attempt(() => readFileSync(path, 'utf8')),
    list: (folder) => attempt(() => readdirSync(folder)) ?? [],
    canWrite: (path) => attempt(() => accessSync(path, constants.W_OK) ?? true) ?? false,
  }
}

function attempt<Value>(act: () => Value): Value | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
