import { spawn, type ChildProcess } from 'node:child_process'

/** What came of a module in its process. */
type Outcome = { readonly value: unknown } | { readonly fault: Fault }

/** An error as text: not every one survives being copied. */
interface Fault {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
}

/** Milliseconds that a config file gets, which may ask the network for something. */
const patienceMs = 60_000
/** MiB for the objects of a config file. */
const memory = 512

/**
 * Runs in the process. What it finds is sent as a copy, so it has to be plain data. The file may take `process.send`
 * away, but has not run yet when we take it.
 */
const program = `
const { send } = process
const tell = (outcome) => new Promise((resolve, reject) => {
  send.call(process, outcome, (error) => (error ? reject(error) : resolve()))
})
async function read() {
  const module = await import(process.argv[1])
  const config = await module.default
  await tell({ value: typeof config === 'function' ? await config() : config })
}
read().catch((error) => {
  const isError = error instanceof Error
  const code = isError && typeof error.code === 'string' ? error.code : undefined
  return tell({ fault: { name: isError ? error.name : '', message: isError ? error.message : String(error), code } })
}).finally(() => process.exit())
`

/**
 * Imports a config file as it is now, with all that it imports. Node keeps modules for as long as it runs, and nothing
 * makes it forget one, so each read has a process of its own. That also keeps what the file does out of the server: it
 * may run for ever, fill the memory, wait for a pipe that nobody writes to, or end its process.
 *
 * @param signal Ends the process, when nobody wants to know any more.
 * @throws what the file threw, or an Error when it ended its process, took more than a minute or was called off
 */
export async function importInProcess(url: string, signal: AbortSignal): Promise<{ readonly default: unknown }> {
  // A debugger listens on the port of the server.
  const inherited = process.execArgv.filter((flag) => !flag.startsWith('--inspect'))
  const child = spawn(process.execPath, [...inherited, `--max-old-space-size=${memory}`, '-e', program, url], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
    // ^C in a terminal is meant for the server, which ends this.
    detached: true,
  })
  // It must not keep a server alive that has nothing else to do.
  child.unref()
  child.channel?.unref()
  const kill = (): unknown => child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  const timer = setTimeout(kill, patienceMs).unref()
  try {
    const outcome = await outcomeOf(child)
    if ('value' in outcome) return { default: outcome.value }
    throw errorOf(outcome.fault)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', kill)
    kill()
  }
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    child.on('message', (outcome) => {
      if (isOutcome(outcome)) resolve(outcome)
    })
    child.once('error', reject)
    child.once('exit', (_, signal) => {
      reject(new Error(signal === 'SIGKILL' ? 'it takes more than a minute' : 'it ended instead of giving its options'))
    })
  })
}

/** A config file may send something of its own. */
function isOutcome(message: unknown): message is Outcome {
  return typeof message === 'object' && message !== null && ('value' in message || 'fault' in message)
}

function errorOf({ name, message, code }: Fault): Error {
  const error = name === 'SyntaxError' ? new SyntaxError(message) : new Error(message)
  return code === undefined ? error : Object.assign(error, { code })
}
