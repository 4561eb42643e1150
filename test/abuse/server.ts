import assert from 'node:assert/strict'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { start, type Command } from '../cli/command.ts'
import { deadPort } from '../support/free-port.ts'
import { RawClient } from '../support/raw.ts'
import { TempFolder } from '../support/server.ts'

/** Why the suite cannot run here; false where it can. */
export const cannotMeasure: string | false =
  process.platform === 'linux' ? false : 'memory and descriptors of another process are read from /proc'

/** Megabytes of memory that the limit `waitingBytes` lets replies hold for clients that do not read. */
export const waitingMegabytes = 134

/** What a server may cost while it is abused. */
export interface Bounds {
  /** Connections that the abuse opens to the server or makes it open. Each may cost one descriptor. Default 0. */
  readonly connections?: number
  /** Files that may be open at once. Default 0. */
  readonly files?: number
  /** Megabytes above those at rest that the server may use. Default 200. */
  readonly megabytes?: number
  /** Megabytes that a limit lets it hold besides. Default 0. */
  readonly heldMegabytes?: number
}

/** Descriptors above those at rest that a server may open for another client, a log or live reload. */
const ownDescriptors = 64
/**
 * What the server may do while another client waits for a reply, as the processor time of so many ordinary requests: each
 * other connection that the limit admits may come first with one. Unlike a clock, other programs hardly change it.
 */
const workRequests = 2048
/** Ordinary requests by which the time for one is measured, after as many that warm the server up. */
const measuredRequests = 300
/** Milliseconds after which a wait counts as endless, however little of the machine is left to the server. */
const patienceMs = 15_000

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

/** What another client of the server saw. */
interface Neighbour {
  /** Requests that it made, and those that got no reply. */
  readonly asked: number
  readonly failed: number
  /** The longest that one waited for its reply. */
  readonly slowestMs: number
  /** The most milliseconds of processor time that the server spent meanwhile. */
  readonly mostWorkMs: number
  /** The same for all requests together. */
  readonly workMs: number
}

/** The built command in a process of its own. */
export class AbusedServer {
  readonly folder: TempFolder
  readonly command: Command
  readonly port: number
  readonly pid: number
  /** Milliseconds of processor time for an ordinary request. */
  #requestMs = 0

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
    await server.#warmUp()
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

  /** What is loaded with the first requests belongs to the state at rest. */
  async #warmUp(): Promise<void> {
    for (let i = 0; i < 2; i++) {
      const { failed, workMs } = await this.#neighbour(() => Promise.resolve(), measuredRequests)
      assert.equal(failed, 0)
      this.#requestMs = workMs / measuredRequests
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
    const { connections = 0, files = 0, megabytes = 200, heldMegabytes = 0 } = bounds
    this.forgetPeak()
    const rest = { megabytes: this.peakMegabytes, descriptors: this.descriptors }
    let most = rest.descriptors
    const look = setInterval(() => (most = Math.max(most, this.descriptors)), 10)
    const { asked, failed, slowestMs, mostWorkMs } = await this.#neighbour(abuse).finally(() => clearInterval(look))
    const cost = {
      megabytes: Math.round(this.peakMegabytes - rest.megabytes),
      descriptors: most - rest.descriptors,
      workMs: mostWorkMs,
      waitMs: Math.round(slowestMs),
    }
    t.diagnostic(JSON.stringify({ ...cost, requestMs: this.#requestMs, asked, failed }))
    assert.equal(failed, 0, `${failed} of ${asked} other requests failed`)
    assert.ok(asked > 0, 'no other client was served')
    const allowed = {
      megabytes: megabytes + heldMegabytes,
      descriptors: ownDescriptors + connections + files,
      workMs: Math.round(workRequests * this.#requestMs),
      waitMs: patienceMs,
    }
    const exceeded = Object.entries(allowed).filter(([name, bound]) => cost[name as keyof typeof cost] > bound)
    assert.deepEqual(exceeded, [], `it cost ${JSON.stringify(cost)}, allowed are ${JSON.stringify(allowed)}`)
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

  /** @param count Requests after which the other client ends. Default: when the rest is done. */
  async #neighbour(meanwhile: () => Promise<unknown>, count?: number): Promise<Neighbour> {
    const workerData = { port: this.port, path: '/small.txt', pid: this.pid, count }
    const worker = new Worker(new URL('neighbour.js', import.meta.url), { workerData })
    try {
      await once(worker, 'online')
      await meanwhile()
    } finally {
      if (count === undefined) worker.postMessage('stop')
    }
    const [counts] = (await once(worker, 'message')) as [Neighbour]
    return counts
  }
}
