import { existsSync, readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Environment } from '../config/sources/env.ts'
import { ServeError } from '../core/serve-error.ts'
import type { Keyboard } from './keyboard.ts'

/** A stream that the command prints to. */
export interface Output {
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): unknown
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
  readonly isTTY?: boolean
  /** Width of the terminal in characters; absent when it is none. */
  readonly columns?: number
}

/** Everything of the process that the command touches, in one place so that a test can stand in for it. */
export interface Program {
  /** The words after the program's name. */
  readonly argv: readonly string[]
  readonly env: Environment
  readonly cwd: string
  /** Path of the script that runs. */
  readonly script?: string
  readonly pid: number
  readonly stdout: Output
  readonly stderr: Output
  /** Where the user types; absent without a terminal. */
  readonly stdin?: Readable & { readonly isTTY?: boolean }
  /** Lets a terminal that is stopped (^S, a lost connection) take its text later, instead of stopping the process. */
  unblock?(): void
  /** The keyboard of the terminal; only where standard input is one. */
  keyboard?(): Promise<Keyboard>
  /** Milliseconds since the process was started. */
  elapsed(): number
  /** Listens to a signal, or to an uncaught exception. */
  on(event: string, listener: (cause: unknown) => void): void
  exit(code: number): void
}

/** The program as the running process sees it. */
export function currentProgram(): Program {
  // While a config file runs, `process.exit` is another one.
  const { exit } = process
  return {
    argv: process.argv.slice(2),
    env: process.env,
    // Asked when it is needed: where the folder is gone, that is an error of the command, not of its start.
    get cwd() {
      return workingFolder()
    },
    script: process.argv[1] ?? '',
    pid: process.pid,
    stdout: process.stdout,
    stderr: process.stderr,
    // Opening standard input has effects, so only readers open it.
    get stdin() {
      return process.stdin
    },
    unblock() {
      for (const stream of [process.stdout, process.stderr]) if (stream.isTTY) unblocked(stream)
    },
    keyboard: async () => (await import('./keyboard.ts')).processKeyboard(),
    // Not performance.now(), which loads node:perf_hooks.
    elapsed: () => process.uptime() * 1000,
    on: (event, listener) => void process.on(event, listener),
    exit: (code) => exit.call(process, code),
  }
}

function workingFolder(): string {
  try {
    return process.cwd()
  } catch (cause) {
    throw new ServeError('E8008_USAGE', 'The working directory does not exist any more.', {
      hint: 'change to a folder that exists (cd "$PWD" where it was made again)',
      cause,
    })
  }
}

/** Node writes to terminals synchronously, and has no public way to change that. */
function unblocked(stream: object): void {
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (on: boolean) => void } }
  handle?.setBlocking?.(false)
}

/** The version in package.json, which lies two folders above this file in the sources and in the package alike. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** Versions by package. */
export type Packages = Readonly<Record<string, string>>

/** What the build bundled. Its list lies above the built file and not above this one: the sources bundle nothing. */
export function bundledPackages(): Packages {
  const list = new URL('../packages.json', import.meta.url)
  return existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as Packages) : {}
}
