import { readdirSync, readlinkSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Milliseconds that the search may hold the event loop before others get their turn. */
const sliceMs = 5

/** The processes that have sockets open. */
export interface SocketOwners {
  /** Process id by inode. */
  readonly pids: ReadonlyMap<string, number>
  /** Whether every process was looked at, or every socket found, in time. */
  readonly isWhole: boolean
}

/**
 * Finds the process of each socket in /proc. Of several processes with one socket it is the one with the lowest id,
 * because workers inherit sockets from their parent; the first process of the system, which opens sockets for services
 * that it starts, comes last.
 *
 * Synchronous in slices: a link takes a few microseconds to read, and several times that in the thread pool.
 *
 * @param wanted inodes
 * @param searchMs most milliseconds
 */
export async function findSocketOwners(
  proc: string,
  wanted: ReadonlySet<string>,
  searchMs: number,
): Promise<SocketOwners> {
  const pids = new Map<string, number>()
  const deadline = performance.now() + searchMs
  let sliceEnd = performance.now() + sliceMs
  for (const pid of wanted.size === 0 ? [] : processIds(proc)) {
    if (performance.now() >= deadline) return { pids, isWhole: false }
    for (const inode of socketsOf(`${proc}/${pid}/fd`, wanted, deadline)) if (!pids.has(inode)) pids.set(inode, pid)
    if (pids.size === wanted.size) break
    if (performance.now() < sliceEnd) continue
    await nextTurn()
    sliceEnd = performance.now() + sliceMs
  }
  return { pids, isWhole: performance.now() < deadline }
}

/** All process ids in the order of the search. This process first: however many there are, it is found in time. */
function processIds(proc: string): number[] {
  const rank = (pid: number): number => (pid === process.pid ? 0 : pid === 1 ? Number.POSITIVE_INFINITY : pid)
  return names(proc)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => rank(a) - rank(b))
}

/** The wanted sockets that a process has open; none when we may not read its descriptors. */
function socketsOf(folder: string, wanted: ReadonlySet<string>, deadline: number): string[] {
  const inodes: string[] = []
  for (const fd of names(folder)) {
    if (performance.now() >= deadline) break
    const inode = /^socket:\[(\d+)\]$/.exec(linkText(`${folder}/${fd}`))?.[1]
    if (inode !== undefined && wanted.has(inode)) inodes.push(inode)
  }
  return inodes
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Empty for a descriptor that was closed meanwhile. */
function linkText(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
