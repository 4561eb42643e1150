/** Runs workloads in interleaved rounds: each server in turn, so that what disturbs the machine disturbs all of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from '../support/certificate.ts'
import { freePort } from '../support/free-port.ts'
import { startBackend, writeSite } from './backends.ts'
import { measure, probe } from './loads.ts'
import type { Contender, Place } from './peers.ts'
import { start, usageOf, type Running } from './processes.ts'
import { timeSaves, writePage } from './saves.ts'
import { quantile } from './statistics.ts'
import type { Workload } from './workloads.ts'

/** How long is measured. */
export interface Extent {
  readonly rounds: number
  /** Seconds of a round. */
  readonly seconds: number
  /** Seconds of load before the rounds, on servers whose code is compiled while it runs. */
  readonly warmSeconds: number
  /** Seconds that a cold round takes, from the first answer on. */
  readonly coldSeconds: number
  readonly starts: number
  readonly saves: number
}

/** What a round showed. */
export interface Round {
  /** Requests per second, or milliseconds where the workload is one that takes time. */
  readonly value: number
  /** Microseconds of processor time for each request. */
  readonly cpu?: number
  readonly p99Ms?: number
  /** MiB of memory: the highest, or after the start what the idle server holds. */
  readonly memory?: number
  readonly failed?: number
}

/** What a workload showed. */
export interface Outcome {
  readonly workload: string
  readonly unit: '/s' | 'ms'
  readonly rounds: Readonly<Record<string, readonly Round[]>>
  /** Why a server was not measured, by its name. */
  readonly without: Readonly<Record<string, string>>
}

/** Where all servers run. */
type Common = Pick<Place, 'site' | 'cert' | 'key'>

/** A server that takes a workload. */
interface Ready {
  readonly server: Running
  measure(seconds: number): Promise<Round>
}

/**
 * Measures workloads.
 *
 * @param tell Given what each showed, as soon as it has ended.
 */
export async function compare(
  workloads: readonly Workload[],
  contenders: readonly Contender[],
  extent: Extent,
  tell: (outcome: Outcome) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-bench-'))
  try {
    const { cert, key } = await makeCertificate('localhost', '127.0.0.1')
    const common = { site: join(folder, 'site'), cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
    writeSite(common.site)
    writeFileSync(common.cert, cert)
    writeFileSync(common.key, key)
    for (const workload of workloads) {
      const scratch = mkdtempSync(join(folder, 'work-'))
      const run = workload.tool === 'save' ? compareSaves : compareServers
      tell(await run(workload, contenders, extent, scratch, common))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function compareServers(
  workload: Workload,
  contenders: readonly Contender[],
  extent: Extent,
  scratch: string,
  common: Common,
): Promise<Outcome> {
  const { tool, isCold = false } = workload
  const backend = workload.backend && (await startBackend(workload.backend, common.site, join(scratch, 'backend')))
  const rounds: Record<string, Round[]> = {}
  const without: Record<string, string> = {}
  const running: Running[] = []
  const stopAll = async (): Promise<void> => {
    await Promise.all(running.splice(0).map((each) => each.stop()))
  }
  /** Keeps the reason why a server cannot do it. */
  const attempt = async <T>(contender: Contender, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      without[contender.name] = (error as Error).message.trim()
      return undefined
    }
  }
  /** A server that answers as the workload wants it; undefined when its README does not say how. */
  const prepare = async (contender: Contender): Promise<Ready | undefined> => {
    // What a first start leaves here, such as a certificate, is there for the next ones.
    const home = join(scratch, contender.name.replaceAll('/', '-'))
    mkdirSync(home, { recursive: true })
    const port = await freePort()
    const command = contender.command(workload.task, { ...common, folder: home, port, backend: backend?.port ?? 0 })
    if (command === undefined) return undefined
    const origin = `${workload.task.startsWith('tls') ? 'https' : 'http'}://127.0.0.1:${port}`
    const server = await start(command, 0, `${origin}/1k.txt`, home)
    running.push(server)
    const target = { pid: server.pid, origin }
    const headers = tool === 'start' ? {} : await probe(workload, target)
    return {
      server,
      measure: async (seconds) => asRound(await measure(workload, target, headers, seconds, scratch)),
    }
  }
  /** Cold servers live for a round; the first start of each fills the caches of the system. */
  const startsAnew = isCold || tool === 'start'
  const runRound = async (contender: Contender): Promise<Round | undefined> => {
    const ready = await prepare(contender)
    const shown = tool === 'start' ? ready && started(ready.server) : await ready?.measure(extent.coldSeconds)
    await stopAll()
    return shown
  }
  try {
    const takers = new Map<Contender, () => Promise<Round | undefined>>()
    for (const contender of contenders) {
      await attempt(contender, async () => {
        const ready = await prepare(contender)
        if (startsAnew) await stopAll()
        else if (contender.kind !== 'native') await ready?.measure(extent.warmSeconds)
        if (ready === undefined) return
        takers.set(contender, startsAnew ? () => runRound(contender) : () => ready.measure(extent.seconds))
      })
    }
    for (let round = 0; round < (tool === 'start' ? extent.starts : extent.rounds); round++) {
      for (const [contender, take] of takers) {
        const shown = await attempt(contender, take)
        if (shown === undefined) takers.delete(contender)
        else (rounds[contender.name] ??= []).push(shown)
      }
    }
  } finally {
    await stopAll()
    await backend?.stop()
  }
  return { workload: workload.name, unit: tool === 'start' ? 'ms' : '/s', rounds, without }
}

function asRound({ perSecond, cpu, p99Ms, peakMiB, failed }: Awaited<ReturnType<typeof measure>>): Round {
  return { value: perSecond, cpu, p99Ms, memory: peakMiB, failed }
}

function started({ pid, startedMs }: Running): Round {
  const { cpu, rssMiB } = usageOf(pid)
  return { value: startedMs, cpu, memory: rssMiB }
}

/** Only serve8008 has this page's socket; its yardstick is bare fs.watch. */
async function compareSaves(
  workload: Workload,
  contenders: readonly Contender[],
  { saves }: Extent,
  scratch: string,
  common: Common,
): Promise<Outcome> {
  const rounds: Record<string, Round[]> = {}
  for (const contender of contenders.filter(({ kind }) => kind === 'ours')) {
    const folder = mkdtempSync(join(scratch, 'saves-'))
    const site = join(folder, 'site')
    writePage(site)
    const port = await freePort()
    const command = contender.command('files', { ...common, folder, site, port, backend: 0 }) ?? []
    const server = await start(command, 0, `http://127.0.0.1:${port}/`, folder)
    try {
      const { served, bare } = await timeSaves(port, site, saves)
      rounds[contender.name] = served.map((value) => ({ value, p99Ms: quantile(served, 0.99) }))
      rounds['bare fs.watch'] ??= bare.map((value) => ({ value, p99Ms: quantile(bare, 0.99) }))
    } finally {
      await server.stop()
    }
  }
  return { workload: workload.name, unit: 'ms', rounds, without: {} }
}
