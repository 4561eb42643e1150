/**
 * Runs the command in this process, by its sources, which saves the start of another process. For what a command does and
 * prints; how its process ends, and what it does to the terminal and to its streams, is seen only in a process of its own.
 */
import { EventEmitter } from 'node:events'
import type { TestContext } from 'node:test'
import { main } from '../../src/cli/main.ts'
import type { Output, Program } from '../../src/cli/process-io.ts'
import {
  addressOf,
  commandWords,
  endWith,
  inherited,
  Printed,
  withPort,
  type Command,
  type CommandOptions,
  type Ended,
} from './command.ts'

type HereOptions = Pick<CommandOptions, 'cwd' | 'env'>

/** A command under way in this process. */
export interface CommandHere extends Omit<Command, 'child'> {
  /** Tells the command of a signal, as the system would. */
  signal(name: NodeJS.Signals): void
}

/** Runs the command to its end. */
export function runHere(t: TestContext, args: readonly string[], options: HereOptions = {}): Promise<Ended> {
  return inPlaceOf(options, () => begin(t, args, options).ended)
}

/** Starts the command, and waits until it has printed a text. */
export function startHere(
  t: TestContext,
  args: readonly string[],
  options: HereOptions,
  pattern: RegExp,
): Promise<CommandHere> {
  return inPlaceOf(options, async () => {
    const command = begin(t, args, options)
    await command.stdout(pattern)
    return command
  })
}

/** Serves, and waits for the plain line, as `serve` does. */
export function serveHere(
  t: TestContext,
  args: readonly string[],
  options: HereOptions = {},
): Promise<CommandHere & { readonly url: string; readonly port: number }> {
  return inPlaceOf(options, () => addressOf(begin(t, withPort(args), options)))
}

function begin(t: TestContext, args: readonly string[], { cwd = process.cwd(), env = {} }: HereOptions): CommandHere {
  const printed = new Printed()
  const events = new EventEmitter()
  const output = (name: 'stdout' | 'stderr'): Output => ({
    write(text, done) {
      printed.add(name, typeof text === 'string' ? text : Buffer.from(text).toString())
      done?.()
    },
    on() {},
  })
  let isOver = false
  const ended = new Promise<number>((exit, fail) => {
    const program: Program = {
      argv: args,
      env: { ...inherited(), ...env },
      cwd,
      script: commandWords.at(-1) ?? '',
      pid: process.pid,
      stdout: output('stdout'),
      stderr: output('stderr'),
      elapsed: () => performance.now(),
      on: (event, listener) => void events.on(event, listener),
      exit(code) {
        isOver = true
        exit(code)
      },
    }
    main(program).catch(fail)
  }).then((exitCode) => ({ exitCode, signal: null, ...printed.texts }))
  endWith(t, async () => {
    if (!isOver && events.emit('SIGTERM')) await ended
  })
  return {
    stdout: (pattern) => printed.matching('stdout', pattern, ended),
    stderr: (pattern) => printed.matching('stderr', pattern, ended),
    ended,
    signal: (name) => void events.emit(name, name),
  }
}

let earlier: Promise<unknown> = Promise.resolve()

/**
 * Gives this process the folder and the environment of a command meanwhile: `homedir()`, what a config file reads and
 * what the command starts know of nothing else. One command at a time has them.
 */
function inPlaceOf<T>({ cwd, env = {} }: HereOptions, use: () => Promise<T>): Promise<T> {
  const mine = earlier.then(async () => {
    const folder = process.cwd()
    const before = { ...process.env }
    try {
      if (cwd !== undefined) process.chdir(cwd)
      setEnvironment({ ...inherited(), ...env })
      return await use()
    } finally {
      process.chdir(folder)
      setEnvironment(before)
    }
  })
  earlier = mine.catch(() => {})
  return mine
}

function setEnvironment(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
  Object.assign(process.env, env)
}
