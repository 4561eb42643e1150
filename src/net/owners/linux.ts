import { readFile, readlink } from 'node:fs/promises'
import type { PortHolder } from '../types.ts'
import { parseProcNet, type ListeningSocket } from './proc-net.ts'
import { processName } from './process-name.ts'
import { findSocketOwners } from './socket-search.ts'

/** Milliseconds that the search for processes may take: a machine can have very many. */
const mostSearchMs = 1000
/** Most sockets that are reported. A port without a listener may have thousands of closed connections. */
const mostSockets = 256

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
  const { pids, isWhole } = await findSocketOwners(proc, new Set(open.map(({ inode }) => inode)), searchMs)
  return Promise.all(sockets.map((socket) => portHolder(proc, socket, pids.get(socket.inode), isWhole)))
}

/** Order in which the sockets of a port are reported: a listener first, a closed connection last. */
const weight: Readonly<Record<ListeningSocket['state'], number>> = { listening: 0, connection: 1, closing: 2 }

async function portHolder(
  proc: string,
  socket: ListeningSocket,
  pid: number | undefined,
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
  return { address, port, holder: { pid, ...named, uid: undefined } }
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
