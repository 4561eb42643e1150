import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import { runningServers } from '../../src/cli/server-process.ts'

const built = process.env['SERVE8008_TEST_COMMAND']

/** The words that run the command: as it was built for the tests, or from its sources. */
export const commandWords: readonly [string, ...string[]] =
  built === undefined
    ? [process.execPath, '--import', import.meta.resolve('tsx'), fileURLToPath(new URL('entry.ts', import.meta.url))]
    : [process.execPath, built]

/** How the command is spawned; the environment holds nothing but this and what a program needs to run. */
export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdio?: SpawnOptions['stdio']
  /** Other words than {@link commandWords}. */
  readonly words?: readonly [string, ...string[]]
}

/** How a process ended. */
export interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command under way. */
export interface Command {
  readonly child: ChildProcess
  /** Resolves once what was printed matches; rejects if the command ends before. */
  stdout(pattern: RegExp): Promise<RegExpExecArray>
  stderr(pattern: RegExp): Promise<RegExpExecArray>
  readonly ended: Promise<Ended>
}

/** What ends the commands of a test. */
const endings = new WeakMap<TestContext, (() => Promise<void>)[]>()

/** Ends a command with its test, and before the folders of the test are removed. */
export function endWith(t: TestContext, end: () => Promise<void>): void {
  t.after(end)
  endings.set(t, [...(endings.get(t) ?? []), end])
}

/** What a command has printed. */
export class Printed {
  readonly texts = { stdout: '', stderr: '' }
  readonly #looks = new Set<() => void>()

  add(name: 'stdout' | 'stderr', text: string): void {
    this.texts[name] += text
    for (const look of this.#looks) look()
  }

  /** Resolves once it matches; rejects if the command ends before. */
  matching(name: 'stdout' | 'stderr', pattern: RegExp, ended: Promise<Ended>): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.texts[name])
        if (match === null) return
        this.#looks.delete(look)
        resolve(match)
      }
      this.#looks.add(look)
      look()
      ended.then((end) => reject(new Error(`ended before ${pattern} came: ${JSON.stringify(end)}`)), reject)
    })
  }
}

/** Spawns the command; whatever the test does, it is gone at its end. */
export function start(t: TestContext, args: readonly string[], options: CommandOptions = {}): Command {
  const [program, ...words] = options.words ?? commandWords
  const child = spawn(program, [...words, ...args], {
    cwd: options.cwd,
    env: { ...inherited(), ...options.env },
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
  })
  const printed = new Printed()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => printed.add(name, chunk))
  }
  const ended = once(child, 'close').then(([exitCode, signal]) => ({
    exitCode: exitCode as number | null,
    signal: signal as NodeJS.Signals | null,
    ...printed.texts,
  }))
  endWith(t, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  return {
    child,
    stdout: (pattern) => printed.matching('stdout', pattern, ended),
    stderr: (pattern) => printed.matching('stderr', pattern, ended),
    ended,
  }
}

/** Runs the command to its end. */
export function run(t: TestContext, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  return start(t, args, options).ended
}

/** Serves, with the system's choice of a port unless the arguments name one, and waits for the plain line. */
export async function serve(
  t: TestContext,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Command & { readonly url: string; readonly port: number }> {
  return addressOf(start(t, withPort(args), options))
}

/** The arguments, with the system's choice of a port unless they name one. */
export function withPort(args: readonly string[]): readonly string[] {
  return args.some((arg) => /^(-p|--port|--socket|--fd)/.test(arg)) ? args : ['--port', '0', ...args]
}

/** Waits for the plain line of a server, which holds its address. */
export async function addressOf<C extends Pick<Command, 'stdout'>>(
  command: C,
): Promise<C & { readonly url: string; readonly port: number }> {
  const [, url = ''] = await command.stdout(/ at (http\S+)/)
  return { ...command, url, port: Number(new URL(url).port) }
}

/** Waits until other commands can find servers, which is a moment after their start. */
export async function registered(env: Readonly<Record<string, string>>, count = 1): Promise<void> {
  // With pauses: a loop without would take the processor from the server that it waits for.
  while (runningServers(env).length < count) await setTimeout(20)
}

/** A temporary folder with the given files, removed at the end of the test. */
export async function folderOf(t: TestContext, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'serve8008-cli-')))
  t.after(async () => {
    // Hooks run in the order of their registration, and a command may write into its folder until its end.
    for (const end of endings.get(t) ?? []) await end()
    rmSync(folder, { recursive: true, force: true })
  })
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

/** The part of our environment that commands get. */
export function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot', 'NODE_V8_COVERAGE']
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}
