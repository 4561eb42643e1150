import { loadSelfTest } from '../net/net.ts'
import { findingsOf, type Examined } from './findings/findings.ts'
import { identify } from './identify/identify.ts'
import { inTurns } from './in-turns.ts'
import { installedVersion, portOwners } from './processes/processes.ts'
import { contactOf, familiesOf, reachOf } from './reach.ts'
import type { Identity, PortOwner, ProcessInfo, ScannedPort } from './types.ts'

/** What to look at. */
export interface ScanOptions {
  /** Only these ports. Default: every port on which something listens. */
  readonly ports?: readonly number[]
  /** Ports that are looked at even if nothing listens there. Default: `ports`. */
  readonly expected?: readonly number[]
  /**
   * The result before: what it says of ports whose addresses and process are still the same is taken over, without a
   * request to them.
   */
  readonly previous?: ScanResult
  /** Ends the scan early; it then rejects with the reason. */
  readonly signal?: AbortSignal
}

/** A port on which nothing listens that we can see. */
export interface IdlePort {
  readonly port: number
  /**
   * `free`: we could listen on it, on both loopback addresses. `denied`: this user may not. `held`: something holds it
   * that the system does not show.
   */
  readonly state: 'free' | 'denied' | 'held'
}

/** The result of a scan. */
export interface ScanResult {
  /** In the order of the ports. */
  readonly ports: readonly ScannedPort[]
  readonly idle: readonly IdlePort[]
}

/** Milliseconds to find the processes: on a busy machine a late answer is better than none. */
const searchMs = 3000
/** Ports that are examined at a time. */
const atOnce = 32
/**
 * Milliseconds after which a port that has not answered lets the next one begin: it costs no time of the processor. As a
 * port has 2 s in all, at most 430 wait.
 */
const patienceMs = 150

/**
 * What listens on this machine; `scan` of the library describes it.
 *
 * @throws RangeError for a port outside 1 to 65535, and the reason of the signal
 */
export async function scanPorts(options: ScanOptions): Promise<ScanResult> {
  const { ports, expected = ports ?? [], previous, signal } = options
  for (const port of [...(ports ?? []), ...expected]) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new RangeError(`${port} is not a port: a port is a whole number from 1 to 65535.`)
  }
  signal?.throwIfAborted()
  const open = (await portOwners({ ms: searchMs })).filter(({ port }) => ports?.includes(port) ?? true)
  const turns = { signal, patienceMs }
  const known = new Map(previous?.ports.map((row) => [stateKey(row), row]))
  const examined = await inTurns(open, atOnce, (owner) => examine(owner, known), turns)
  const withFindings = async (row: Examined): Promise<ScannedPort> => {
    const findings = known.get(stateKey(row))?.findings ?? (await findingsOf(row, examined, contactOf(row.addresses)))
    return { ...row, findings }
  }
  const scanned = await inTurns(examined, atOnce, withFindings, turns)
  const held = new Set(open.map(({ port }) => port))
  const missing = [...new Set(expected)].filter((port) => !held.has(port))
  const idle = await idlePorts(missing)
  return { ports: scanned.toSorted((a, b) => a.port - b.port), idle: idle.toSorted((a, b) => a.port - b.port) }
}

/** The same text for a listener that is still the same. */
function stateKey({ port, pid, uid, process, addresses }: PortOwner): string {
  return [port, pid, uid, process?.startedAt?.getTime(), process?.stopped, ...addresses].join(' ')
}

async function examine(owner: PortOwner, known: ReadonlyMap<string, ScannedPort>): Promise<Examined> {
  const { port, addresses, process } = owner
  const target = { address: contactOf(addresses), port, command: process?.command ?? process?.program }
  const identity = known.get(stateKey(owner))?.identity ?? (await withVersion(await identify(target), process))
  return { ...owner, families: familiesOf(addresses), reach: reachOf(addresses), identity }
}

/** Adds the version that is installed where the replies do not tell one. A container has files of its own. */
async function withVersion(identity: Identity, owner: ProcessInfo | undefined): Promise<Identity> {
  if (identity.version !== undefined || owner?.container !== undefined) return identity
  const found = await installedVersion(identity.product, owner?.cwd)
  if (found === undefined) return identity
  const { version, file } = found
  return { ...identity, version, evidence: [...identity.evidence, `installed: ${file}, ${version}`] }
}

/** Whether we could have these ports, on both loopback addresses. */
async function idlePorts(ports: readonly number[]): Promise<IdlePort[]> {
  const { testPorts } = await loadSelfTest()
  const misses = await testPorts(ports, { host: 'localhost', lan: false })
  const codes = new Map(misses.map(({ port, code }) => [port, code]))
  return ports.map((port) => {
    const code = codes.get(port)
    return { port, state: code === undefined ? 'free' : code === 'EACCES' ? 'denied' : 'held' }
  })
}
