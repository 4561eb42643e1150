import { Worker } from 'node:worker_threads'
import type { ImportModule } from '../config/file.ts'

/** What came of a module in its thread. */
type Outcome = { readonly value: unknown } | { readonly error: unknown; readonly code: unknown }

/** Milliseconds that a config file gets, which may ask the network for something. */
const patienceMs = 60_000

/**
 * Runs in the thread. What it finds is sent as a copy: a value that is no plain data would lose what it is. A config
 * file was warned of at the start, so nothing is said again.
 */
const program = `
const { parentPort, workerData } = require('node:worker_threads')
process.removeAllListeners('warning')
async function read() {
  const module = await import(workerData)
  const config = await module.default
  return typeof config === 'function' ? await config() : config
}
read().then((value) => parentPort.postMessage({ value })).catch((error) => {
  const isError = error instanceof Error
  parentPort.postMessage({ error: isError ? error : String(error), code: isError ? error.code : undefined })
})
`

/**
 * Imports a config file as it is now, with all that it imports. Node keeps modules for as long as a thread lives, and
 * nothing makes it forget one, so each read has a thread of its own; it also keeps what the file does out of the server.
 *
 * @throws what the file threw, or an Error when it ended its thread or took more than a minute
 */
export const importInThread: ImportModule = async (url) => {
  const thread = new Worker(program, { eval: true, workerData: url })
  // It must not keep a server alive that has nothing else to do.
  thread.unref()
  try {
    const outcome = await outcomeOf(thread)
    if ('value' in outcome) return { default: outcome.value }
    const { error, code } = outcome
    // A copy of an error has no code.
    throw error instanceof Error && code !== undefined ? Object.assign(error, { code }) : error
  } finally {
    void thread.terminate()
  }
}

function outcomeOf(thread: Worker): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it takes more than a minute')), patienceMs).unref()
    thread.once('message', resolve).once('error', reject)
    thread.once('exit', () => {
      clearTimeout(timer)
      reject(new Error('it ended instead of giving its options'))
    })
  })
}
