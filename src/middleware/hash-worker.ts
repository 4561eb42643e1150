import { Worker } from 'node:worker_threads'
import type { HashAnswer, HashQuestion } from './auth/match-hash.ts'

// Source and built files both lie two folders below the package root.
const script = new URL('../../dist/worker/match-hash.js', import.meta.url)

interface Waiting {
  readonly resolve: (isGood: boolean) => void
  readonly reject: (error: Error) => void
}

const waiting = new Map<number, Waiting>()
let worker: Worker | undefined
let questions = 0

/**
 * Whether a password matches a stored hash. One worker thread for the process computes it, so that a hash which takes a
 * second holds up no other request. It does not keep the process running.
 */
export function matchesInWorker(password: string, hash: string): Promise<boolean> {
  worker ??= start()
  const id = ++questions
  const asked = worker
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    asked.ref()
    asked.postMessage({ id, password, hash } satisfies HashQuestion)
  })
}

function start(): Worker {
  const started = new Worker(script, { workerData: 'serve8008-passwords', execArgv: [], env: {} })
  const end = (error: Error): void => {
    // Another one may run already.
    if (worker !== started) return
    worker = undefined
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  started.on('message', ({ id, isGood, error }: HashAnswer) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) started.unref()
    if (error === undefined) asked?.resolve(isGood === true)
    else asked?.reject(new Error(error))
  })
  started.on('error', (error) => end(error instanceof Error ? error : new Error(String(error))))
  started.on('exit', () => end(new Error('the worker thread that checks passwords has ended')))
  started.unref()
  return started
}
