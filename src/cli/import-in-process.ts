import { spawn, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { unsettledConfig } from '../config/sources/unreadable-config.ts'
import { placedError, type ErrorText } from './error-place.ts'

/** The result of a module in its process. */
type Outcome =
  | { readonly value: unknown }
  | { readonly isCode: true }
  | { readonly fault: ErrorText }
  | { readonly isUnsettled: true }

/** Milliseconds that a config file gets, which may ask the network for something. */
const patienceMs = 60_000
/** MiB for the objects of a config file. */
const memory = 512

/** Descriptor of a pipe that ends with the server. */
const lifeline = 3

/**
 * Runs beside the config file, in a worker thread: a killed server cannot end its children, and a config file in an
 * endless loop handles no events. On POSIX it ends what the config file has started as well.
 */
const watchdog = `
const { Socket } = require('node:net')
const end = () => {
  try {
    if (process.platform !== 'win32') process.kill(-process.pid, 'SIGKILL')
  } finally {
    process.kill(process.pid, 'SIGKILL')
  }
}
new Socket({ fd: ${lifeline}, readable: true, writable: false }).on('error', end).on('close', end).resume()
`

/**
 * Runs in the process. What it finds is sent as a copy, so it has to be plain data; code is left to the server. The file
 * may take `process.send` away, but has not run yet when we take it.
 */
const program = `
const { Worker } = process.getBuiltinModule('node:worker_threads')
const { send } = process
new Worker(${JSON.stringify(watchdog)}, { eval: true, execArgv: [] }).unref()
const tell = (outcome) => new Promise((resolve, reject) => {
  send.call(process, outcome, (error) => (error ? reject(error) : resolve()))
})
const seen = new Set()
const isCode = (value) => {
  if (typeof value !== 'object' || value === null || seen.has(value)) return typeof value === 'function'
  seen.add(value)
  const isPlain = [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(value))
  return !isPlain || Object.values(value).some(isCode)
}
async function read() {
  const module = await import(process.argv[1])
  const config = await module.default
  const value = typeof config === 'function' ? await config() : config
  await tell(isCode(value) ? { isCode: true } : { value })
}
const fail = (error) => {
  const isError = error instanceof Error
  const code = isError && typeof error.code === 'string' ? error.code : undefined
  const { name, message, stack } = isError ? error : { name: '', message: String(error), stack: '' }
  return tell({ fault: { name, message, code, stack } })
}
process.once('beforeExit', () => tell({ isUnsettled: true }))
read().catch(fail).finally(() => process.exit())
`

/**
 * Imports a config file as it is now, with all that it imports. Node keeps modules for as long as it runs, and nothing
 * makes it forget one, so each read has a process of its own. That also keeps what the file does out of the server: it
 * may run for ever, fill the memory, wait for a pipe without a writer, or end its process.
 *
 * @param signal Ends the process when its result is no longer needed.
 * @throws what the file threw, or an Error when it ended its process, took more than a minute or was called off
 */
export async function importInProcess(url: string, signal: AbortSignal): Promise<{ readonly default: unknown }> {
  // A debugger listens on the port of the server.
  const inherited = process.execArgv.filter((flag) => !flag.startsWith('--inspect'))
  const child = spawn(process.execPath, [...inherited, `--max-old-space-size=${memory}`, '-e', program, url], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    // ^C in a terminal is meant for the server, which ends this.
    detached: true,
  })
  // It must not keep a server alive that has nothing else to do.
  child.unref()
  child.channel?.unref()
  const pipe = child.stdio[lifeline] as Socket
  pipe.on('error', () => {}).unref()
  const kill = (): void => endGroup(child)
  signal.addEventListener('abort', kill)
  const timer = setTimeout(kill, patienceMs).unref()
  try {
    const outcome = await outcomeOf(child)
    if ('value' in outcome) return { default: outcome.value }
    // Functions cannot be sent. The file has just been seen to end well, so it runs here too.
    if ('isCode' in outcome)
      return (await (await import('./import-fresh.ts')).importFresh(url)) as { readonly default: unknown }
    throw 'fault' in outcome ? await placedError(outcome.fault, fileURLToPath(url)) : unsettledConfig()
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', kill)
    kill()
  }
}

/** Ends a process and, on POSIX, what it has started. */
function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    child.on('message', (outcome) => {
      if (isOutcome(outcome)) resolve(outcome)
    })
    child.once('error', reject)
    child.once('exit', (_, signal) => {
      reject(
        new Error(
          signal === 'SIGKILL' ? 'it ran for more than a minute' : 'it ended its process before it gave its options',
        ),
      )
    })
  })
}

/** A config file may send something of its own. */
function isOutcome(message: unknown): message is Outcome {
  return (
    typeof message === 'object' &&
    message !== null &&
    ['value', 'isCode', 'fault', 'isUnsettled'].some((key) => key in message)
  )
}
