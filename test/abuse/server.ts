import assert from 'node:assert/strict'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { start, type Command } from '../cli/command.ts'
import { deadPort } from '../support/backend.ts'
import { RawClient } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'

/** Why the suite cannot run here; false where it can. */
export const cannotMeasure: string | false =
  process.platform === 'linux' ? false : 'memory and descriptors of another process are read from /proc'

/** What a server may cost while it is abused. */
export interface Bounds {
  /** Megabytes of memory above those at rest. Default 200. */
  readonly megabytes?: number
  /** Descriptors above those at rest. Default 64. */
  readonly descriptors?: number
  /** Milliseconds that another client waits for its reply at most. Default 5000: this process takes its share of the machine. */
  readonly waitMs?: number
}

/** Opens connections that stay open. Those that the server closes again count as opened. */
export async function openMany(port: number, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = []
  // The queue of a listener is shorter than what a flood asks for.
  while (clients.length < count) {
    const batch = Array.from({ length: Math.min(100, count - clients.length) }, () => RawClient.open(port))
    clients.push(...(await Promise.all(batch)))
  }
  return clients
}

/** Ends connections when the server has had time to do its worst with them. */
export async function drain(clients: readonly RawClient[]): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 500))
  for (const client of clients) client.end()
}

/** How the command is started. */
export interface AbusedOptions {
  readonly args?: readonly string[]
  /** Format of the log. Default: none. */
  readonly log?: 'json'
  /** Path of a config file. Default: none is read. */
  readonly config?: string
  /** Path of what its standard output goes to. Default: a pipe that is read. */
  readonly output?: string
}

/** The built command in a process of its own. */
export class AbusedServer {
  readonly folder: TempFolder
  readonly command: Command
  readonly port: number
  readonly pid: number

  private constructor(folder: TempFolder, command: Command, port: number) {
    this.folder = folder
    this.command = command
    this.port = port
    this.pid = command.child.pid as number
  }

  /** Serves a temporary folder until the test ends. `/small.txt` is always there. */
  static async start(
    t: TestContext,
    files: Readonly<Record<string, string | Uint8Array>> = {},
    { args = [], log, config, output }: AbusedOptions = {},
  ): Promise<AbusedServer> {
    const folder = await new TempFolder().write({ 'small.txt': 'small', ...files })
    t.after(() => folder[Symbol.dispose]())
    const port = await deadPort()
    const basics = [folder.path, '--port', String(port), '--host', '127.0.0.1', '--log', log ?? 'none']
    const source = config === undefined ? ['--no-config'] : ['--config', config]
    const stdout = output === undefined ? 'pipe' : openSync(output, 'w')
    const command = start(t, [...basics, ...source, ...args], { stdio: ['ignore', stdout, 'pipe'] })
    if (typeof stdout === 'number') closeSync(stdout)
    const server = new AbusedServer(folder, command, port)
    await server.#listens()
    // What is loaded with the first request belongs to the state at rest.
    const { failed } = await server.#neighbour(() => Promise.resolve())
    assert.equal(failed, 0)
    return server
  }

  async #listens(): Promise<void> {
    for (let isUp = false; !isUp;) {
      assert.equal(this.command.child.exitCode, null, 'the command ended')
      isUp = await RawClient.open(this.port)
        .then((client) => (client.end(), true))
        .catch(() => false)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Open descriptors. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }

  /** Megabytes of resident memory, the most since {@link forgetPeak}. */
  get peakMegabytes(): number {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) / 1024
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5')
  }

  /**
   * Abuses the server while another client asks for `/small.txt`, and checks what it cost. Afterwards every descriptor
   * must be closed again: `abuse` ends its connections.
   */
  async bear(t: TestContext, abuse: () => Promise<unknown>, bounds: Bounds = {}): Promise<void> {
    const { megabytes = 200, descriptors = 64, waitMs = 5000 } = bounds
    this.forgetPeak()
    const rest = { megabytes: this.peakMegabytes, descriptors: this.descriptors }
    let most = rest.descriptors
    const look = setInterval(() => (most = Math.max(most, this.descriptors)), 10)
    const { asked, failed, slowestMs } = await this.#neighbour(abuse).finally(() => clearInterval(look))
    const cost = {
      megabytes: Math.round(this.peakMegabytes - rest.megabytes),
      descriptors: most - rest.descriptors,
      waitMs: Math.round(slowestMs),
    }
    t.diagnostic(JSON.stringify({ ...cost, asked, failed }))
    assert.equal(failed, 0, `${failed} of ${asked} other requests failed`)
    assert.ok(asked > 0, 'no other client was served')
    assert.ok(cost.megabytes <= megabytes, `${cost.megabytes} MB more, ${megabytes} are allowed`)
    assert.ok(cost.descriptors <= descriptors, `${cost.descriptors} descriptors more, ${descriptors} are allowed`)
    assert.ok(cost.waitMs <= waitMs, `another client waited ${cost.waitMs} ms, ${waitMs} are allowed`)
    await this.rests(rest.descriptors)
  }

  /** Waits until no more descriptors are open than at rest. */
  async rests(descriptors: number): Promise<void> {
    // One more: live reload opens the descriptor by which the system reports changes when it is first needed.
    for (let tries = 0; this.descriptors > descriptors + 1; tries++) {
      assert.ok(tries < 300, `${this.descriptors} descriptors are open, ${descriptors} were at rest`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async #neighbour(meanwhile: () => Promise<unknown>): Promise<{ asked: number; failed: number; slowestMs: number }> {
    const workerData = { port: this.port, path: '/small.txt' }
    const worker = new Worker(new URL('neighbour.js', import.meta.url), { workerData })
    try {
      await once(worker, 'online')
      await meanwhile()
    } finally {
      worker.postMessage('stop')
    }
    const [counts] = (await once(worker, 'message')) as [{ asked: number; failed: number; slowestMs: number }]
    return counts
  }
}
