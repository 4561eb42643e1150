import { readdir, readFile, readlink } from 'node:fs/promises'
import type { PortHolder } from '../types.ts'
import { parseProcNet, type ListeningSocket } from './proc-net.ts'
import { processName } from './process-name.ts'

/** Milliseconds that the search for processes may take: a machine can have very many. */
const mostSearchMs = 1000
/** Most sockets that are reported. A port without a listener may have thousands of closed connections. */
const mostSockets = 256
/** Processes that are read in parallel. */
const width = 8

/** Reads from /proc which processes hold some ports. A hidden process is reported with the uid of its owner. */
export async function linuxHolders(
  ports: readonly number[],
  proc: string = '/proc',
  searchMs: number = mostSearchMs,
): Promise<PortHolder[]> {
  const tables = await Promise.all([`${proc}/net/tcp`, `${proc}/net/tcp6`].map((path) => readText(path)))
  const found = tables.flatMap((text) => parseProcNet(text)).filter(({ port }) => ports.includes(port))
  const listeningPorts = new Set(found.filter(({ state }) => state === 'listening').map(({ port }) => port))
  // The connections of a listener, perhaps thousands, belong to the same process.
  const sockets = found
    .filter(({ port, state }) => state === 'listening' || !listeningPorts.has(port))
    .toSorted((a, b) => weight[a.state] - weight[b.state])
    .slice(0, mostSockets)
  const open = sockets.filter(({ state }) => state !== 'closing')
  const { owners, isWhole } = await findOwners(proc, new Set(open.map(({ inode }) => inode)), searchMs)
  return Promise.all(sockets.map((socket) => portHolder(proc, socket, owners.get(socket.inode), isWhole)))
}

/** Order in which the sockets of a port are reported: a listener first, a closed connection last. */
const weight: Readonly<Record<ListeningSocket['state'], number>> = { listening: 0, connection: 1, closing: 2 }

async function portHolder(
  proc: string,
  socket: ListeningSocket,
  pid: string | undefined,
  isWhole: boolean,
): Promise<PortHolder> {
  const { address, port, uid, state } = socket
  if (pid === undefined) {
    const unseen = isWhole ? (uid === process.getuid?.() ? 'elsewhere' : 'user') : 'search'
    const hidden = state === 'closing' ? 'closing' : unseen
    return { address, port, holder: { pid: undefined, name: undefined, command: undefined, uid, hidden } }
  }
  const [cmdline, comm, executable] = await Promise.all([
    readText(`${proc}/${pid}/cmdline`),
    readText(`${proc}/${pid}/comm`),
    readlink(`${proc}/${pid}/exe`).catch(() => undefined),
  ])
  const argv = cmdline.replace(/\0+$/, '').split('\0')
  const named = processName({ executable, argv, comm: comm.trim() })
  return { address, port, holder: { pid: Number(pid), ...named, uid: undefined } }
}

/**
 * Finds the process of each socket, and says whether the search was complete. Of several processes with one socket it is
 * the one with the lowest id, because workers inherit sockets from their parent.
 */
async function findOwners(
  proc: string,
  wanted: Set<string>,
  searchMs: number,
): Promise<{ owners: Map<string, string>; isWhole: boolean }> {
  const owners = new Map<string, string>()
  const entries = wanted.size === 0 ? [] : await readdir(proc).catch(() => [])
  // This process first: however many there are, it is found in time.
  const rank = (pid: string): number => (Number(pid) === process.pid ? 0 : Number(pid))
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).sort((a, b) => rank(a) - rank(b))
  const deadline = performance.now() + searchMs
  for (let i = 0; i < pids.length && owners.size < wanted.size && performance.now() < deadline; i += width) {
    const group = pids.slice(i, i + width)
    const found = await Promise.all(group.map((pid) => socketsOf(`${proc}/${pid}/fd`, wanted, deadline)))
    for (const [index, inodes] of found.entries()) {
      for (const inode of inodes) if (!owners.has(inode)) owners.set(inode, group[index] as string)
    }
  }
  return { owners, isWhole: performance.now() < deadline }
}

/** The wanted sockets that a process has open; none when we may not read its descriptors. */
async function socketsOf(folder: string, wanted: Set<string>, deadline: number): Promise<string[]> {
  const inodes: string[] = []
  for (const fd of await readdir(folder).catch(() => [])) {
    if (performance.now() >= deadline) break
    const link = await readlink(`${folder}/${fd}`).catch(() => '')
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
    if (inode !== undefined && wanted.has(inode)) inodes.push(inode)
  }
  return inodes
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
