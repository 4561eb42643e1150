import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ProxyOptions } from '../../../src/index.ts'
import { startServer } from '../../support/server.ts'

/** Options of http-proxy that a test sets, beside the target. */
export type PeerOptions = Readonly<Record<string, string | number | boolean | object>>

/** A listening proxy. */
export interface Contender extends AsyncDisposable {
  readonly port: number
}

/** The process of http-proxy. */
export class Peer implements AsyncDisposable {
  #child: ChildProcess | undefined

  /** Starts a proxy, in a new process where the last one crashed. */
  async start(target: string, options: PeerOptions = {}): Promise<Contender> {
    this.#child ??= this.#fork()
    const child = this.#child
    child.send({ options: { target, ...options } })
    const [{ port }] = (await once(child, 'message')) as [{ port: number }]
    return { port, [Symbol.asyncDispose]: () => Promise.resolve() }
  }

  /** Whether the process ended since it was started. A crash closes its connections before the exit is reported. */
  async hasCrashed(): Promise<boolean> {
    const child = this.#child
    if (child === undefined) return true
    const listening = new AbortController()
    const { signal } = listening
    const answered = once(child, 'message', { signal }).then(() => false)
    const exited = once(child, 'exit', { signal }).then(() => true)
    // The one that loses is aborted.
    for (const each of [answered, exited]) each.catch(() => {})
    child.send({}, () => {})
    return await Promise.race([answered, exited]).finally(() => listening.abort())
  }

  #fork(): ChildProcess {
    const child = fork(fileURLToPath(new URL('peer.js', import.meta.url)), { execArgv: [], stdio: 'ignore' })
    child.once('exit', () => (this.#child = undefined))
    return child
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
}

/** Starts this server with one route for everything. */
export async function startOurs(target: string, options: Partial<ProxyOptions> = {}): Promise<Contender> {
  return startServer({}, { proxy: { '/': { to: target, ...options } }, live: false })
}
