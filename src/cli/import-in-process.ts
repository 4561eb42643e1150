import { spawn, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { unsettledModule, type ModuleContent } from '../config/sources/unreadable-config.ts'
import { errorText, placedError, type ErrorText } from './error-place.ts'

/** The result of a module in its process. */
type Outcome =
  | { readonly value: unknown }
  | { readonly isCode: true }
  | { readonly fault: ErrorText }
  | { readonly isUnsettled: true }

/** Seconds that a module gets. A config file may ask the network for something; who edits a handler waits for it. */
const patience: Readonly<Record<ModuleContent, number>> = { options: 60, handler: 10 }
/** MiB for the objects of a module. */
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
  const value = typeof config === 'function' && process.argv[2] === 'options' ? await config() : config
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
 * Imports a module as it is now, with all that it imports. Node keeps modules for as long as it runs, and nothing
 * makes it forget one, so each read has a process of its own. That also keeps what the file does out of the server: it
 * may run for ever, fill the memory, wait for a pipe without a writer, or end its process. Code, which is a handler
 * always, is imported into the server once it has loaded there.
 *
 * @param signal Ends the process when its result is no longer needed.
 * @throws what the file threw, or an Error when it ended its process, took too long or was called off
 */
export async function importInProcess(
  url: string,
  content: ModuleContent,
  signal: AbortSignal,
): Promise<{ readonly default: unknown }> {
  // A debugger listens on the port of the server.
  const inherited = process.execArgv.filter((flag) => !flag.startsWith('--inspect'))
  const child = spawn(process.execPath, [...inherited, `--max-old-space-size=${memory}`, '-e', program, url, content], {
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
  const timer = setTimeout(kill, patience[content] * 1000).unref()
  try {
    const outcome = await outcomeOf(child, content)
    if ('value' in outcome) return { default: outcome.value }
    // Functions cannot be sent. The file has just been seen to end well, so it runs here too.
    if ('isCode' in outcome) return await importHere(url)
    throw 'fault' in outcome ? await placedError(outcome.fault, fileURLToPath(url)) : unsettledModule(content)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', kill)
    kill()
  }
}

async function importHere(url: string): Promise<{ readonly default: unknown }> {
  const { importFresh } = await import('./import-fresh.ts')
  try {
    return (await importFresh(url)) as { readonly default: unknown }
  } catch (thrown) {
    throw await placedError(errorText(thrown), fileURLToPath(url), thrown)
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

function outcomeOf(child: ChildProcess, content: ModuleContent): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    child.on('message', (outcome) => {
      if (isOutcome(outcome)) resolve(outcome)
    })
    child.once('error', reject)
    child.once('exit', (_, signal) => {
      reject(
        new Error(
          signal === 'SIGKILL'
            ? `it did not give its ${content} within ${patience[content]} seconds`
            : `it ended its process before it gave its ${content}`,
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
