import { readdir, readFile, readlink } from 'node:fs/promises'
import type { PortHolder } from './types.ts'
import { parseProcNet, type ListeningSocket } from './proc-net.ts'
import { processName } from './process-name.ts'

/** Milliseconds that the search for processes may take. A machine can have very many. */
const mostSearchMs = 1000
/** Most sockets that are reported: a port without a listener may have thousands of closed connections. */
const mostSockets = 256
/** Processes that are looked at in parallel. */
const width = 8

/** Reads who listens on some ports from /proc, without another program. What is hidden keeps its owner's uid. */
export async function linuxHolders(
  ports: readonly number[],
  proc: string = '/proc',
  searchMs: number = mostSearchMs,
): Promise<PortHolder[]> {
  const tables = await Promise.all([`${proc}/net/tcp`, `${proc}/net/tcp6`].map((path) => readText(path)))
  const found = tables.flatMap((text) => parseProcNet(text)).filter(({ port }) => ports.includes(port))
  const heard = new Set(found.filter(({ state }) => state === 'listening').map(({ port }) => port))
  // A listener has connections of its own, perhaps thousands; they say nothing more.
  const sockets = found
    .filter(({ port, state }) => state === 'listening' || !heard.has(port))
    .toSorted((a, b) => weight[a.state] - weight[b.state])
    .slice(0, mostSockets)
  const open = sockets.filter(({ state }) => state !== 'closing')
  const { owners, isWhole } = await findOwners(proc, new Set(open.map(({ inode }) => inode)), searchMs)
  return Promise.all(sockets.map((socket) => describe(proc, socket, owners.get(socket.inode), isWhole)))
}

/** Who is named for a port: a listener before a connection, and that before one that is closed. */
const weight: Readonly<Record<ListeningSocket['state'], number>> = { listening: 0, connection: 1, closing: 2 }

async function describe(
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

/** The process of each socket, and whether the search came to its end: the one with the lowest id, because workers inherit from their parent. */
async function findOwners(
  proc: string,
  wanted: Set<string>,
  searchMs: number,
): Promise<{ owners: Map<string, string>; isWhole: boolean }> {
  const owners = new Map<string, string>()
  const entries = wanted.size === 0 ? [] : await readdir(proc).catch(() => [])
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).sort((a, b) => Number(a) - Number(b))
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

/** Which of the wanted sockets a process has open; none when its descriptors may not be read. */
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
