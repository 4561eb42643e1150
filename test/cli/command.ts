import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import { main } from '../../src/cli/main.ts'
import type { Output, Program } from '../../src/cli/process-io.ts'
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

/** Spawns the command; whatever the test does, it is gone at its end. */
export function start(t: TestContext, args: readonly string[], options: CommandOptions = {}): Command {
  const [program, ...words] = options.words ?? commandWords
  const child = spawn(program, [...words, ...args], {
    cwd: options.cwd,
    env: { ...inherited(), ...options.env },
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
  })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk
    })
  }
  const ended = once(child, 'close').then(([exitCode, signal]) => ({
    exitCode: exitCode as number | null,
    signal: signal as NodeJS.Signals | null,
    ...texts,
  }))
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  }
  t.after(end)
  endings.set(t, [...(endings.get(t) ?? []), end])

  function printed(name: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(texts[name])
        if (match === null) return
        child[name]?.off('data', look)
        resolve(match)
      }
      child[name]?.on('data', look)
      look()
      void ended.then((end) => reject(new Error(`ended before ${pattern} came: ${JSON.stringify(end)}`)))
    })
  }

  return {
    child,
    stdout: (pattern) => printed('stdout', pattern),
    stderr: (pattern) => printed('stderr', pattern),
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
  const named = args.some((arg) => /^(-p|--port|--socket|--fd)/.test(arg))
  const command = start(t, named ? args : ['--port', '0', ...args], options)
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

function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot', 'NODE_V8_COVERAGE']
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

/**
 * Runs the command to its end in this process, which saves the start of another one. For commands that print and end, and
 * whose way to end is not what is tested.
 */
export async function runHere(
  _t: TestContext,
  args: readonly string[],
  { cwd = process.cwd(), env = {} }: Pick<CommandOptions, 'cwd' | 'env'> = {},
): Promise<Ended> {
  const texts = { stdout: '', stderr: '' }
  const output = (name: 'stdout' | 'stderr'): Output => ({
    write(text, done) {
      texts[name] += text
      done?.()
    },
    on() {},
  })
  const exitCode = await new Promise<number>((exit, fail) => {
    const program: Program = {
      argv: args,
      env: { ...inherited(), ...env },
      cwd,
      script: commandWords.at(-1) ?? '',
      pid: process.pid,
      stdout: output('stdout'),
      stderr: output('stderr'),
      elapsed: () => performance.now(),
      on() {},
      exit,
    }
    main(program).catch(fail)
  })
  return { exitCode, signal: null, ...texts }
}
