import { closeSync, openSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { findSocketOwners, parseSocketLine } from '../../net/owners/owners.ts'
import type { Listener, ListenerTable } from './listeners.ts'

/** Milliseconds of reading before the event loop gets its turn. */
const sliceMs = 5

/** Options of {@link linuxListeners}. */
export interface LinuxOptions {
  /** Default: all. */
  readonly ports?: readonly number[] | undefined
  /** Default: `/proc`. */
  readonly proc?: string | undefined
  /** Most milliseconds. A process that is not found until then is reported as hidden by `search`. */
  readonly ms: number
}

/** A listening socket before we know its process. */
type Found = Omit<Listener, 'pid' | 'hidden'> & { readonly inode: string }

/** Reads from /proc which sockets listen in this network namespace. Undefined where the system does not tell. */
export async function linuxListeners({ ports, proc = '/proc', ms }: LinuxOptions): Promise<ListenerTable | undefined> {
  const deadline = performance.now() + ms
  const first = await readTables(proc, ports, deadline)
  if (first === undefined) return undefined
  const { clients } = first
  let { found } = first
  const wanted = new Set(found.map(({ inode }) => inode))
  const { pids, isWhole } = await findSocketOwners(proc, wanted, deadline - performance.now())
  if (pids.size < wanted.size && isWhole) {
    // A process that ended meanwhile is not a hidden one: its socket is gone too.
    const now = await readTables(proc, ports, deadline)
    const left = new Set(now?.found.map(({ inode }) => inode))
    found = found.filter(({ inode }) => pids.has(inode) || left.has(inode))
  }
  const own = process.getuid?.()
  const sockets = found.map(({ inode, ...socket }): Listener => {
    const pid = pids.get(inode)
    if (pid !== undefined) return { ...socket, pid }
    return { ...socket, pid, hidden: isWhole ? (socket.uid === own ? 'elsewhere' : 'user') : 'search' }
  })
  return { sockets, clients }
}

/** Reads the tables of both families. Undefined when neither can be read: IPv6 may be absent from the kernel. */
async function readTables(
  proc: string,
  ports: readonly number[] | undefined,
  deadline: number,
): Promise<{ found: Found[]; clients: Map<string, number> } | undefined> {
  const found: Found[] = []
  const clients = new Map<string, number>()
  let isRead = false
  for (const table of ['tcp', 'tcp6']) {
    // The kernel prints listening sockets first, so that only connections to them are kept. Those that an IPv6 listener
    // accepted stand in the table of IPv6, also when they came by IPv4.
    const listening = new Map<string, string>()
    let isAmongConnections = false
    const visit = (line: string): void => {
      const [, local, words, port, state] = row.exec(line) ?? []
      if (local === undefined || words === undefined || port === undefined) return
      isAmongConnections ||= state !== '0A'
      if (state === '0A') {
        const socket = parseSocketLine(line)
        if (socket === undefined || ports?.includes(socket.port) === false) return
        const key = `${table} ${local}`
        listening.set(local, key)
        const { address, uid, inode } = socket
        found.push({ address, port: socket.port, uid, inode, key })
      } else if (state === '01') {
        const key = listening.get(local) ?? listening.get(`${'0'.repeat(words.length)}:${port}`)
        if (key !== undefined) clients.set(key, (clients.get(key) ?? 0) + 1)
      }
    }
    // However late it is, no listening socket is left out.
    const isEnough = (): boolean => isAmongConnections && performance.now() >= deadline
    isRead = (await eachLine(`${proc}/net/${table}`, visit, isEnough)) || isRead
  }
  return isRead ? { found, clients } : undefined
}

/** Number, own address with port, remote one, state. */
const row = /^\s*\d+: (([0-9A-F]+):([0-9A-F]{4})) \S+ ([0-9A-F]{2}) /

/** Reads a file line by line until it ends or is enough. Resolves to whether it could be read. */
async function eachLine(path: string, visit: (line: string) => void, isEnough: () => boolean): Promise<boolean> {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return false
  }
  try {
    const buffer = Buffer.allocUnsafe(64 * 1024)
    let rest = ''
    let sliceEnd = performance.now() + sliceMs
    for (let size = 1; size > 0 && !isEnough();) {
      size = readSync(fd, buffer)
      const lines = (rest + buffer.toString('latin1', 0, size)).split('\n')
      rest = lines.pop() ?? ''
      lines.forEach(visit)
      if (performance.now() < sliceEnd) continue
      await nextTurn()
      sliceEnd = performance.now() + sliceMs
    }
    visit(rest)
    return true
  } catch {
    return false
  } finally {
    closeSync(fd)
  }
}
