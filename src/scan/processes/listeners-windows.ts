import { netstat, parseNetstat, run, type Run } from '../../net/owners/owners.ts'
import type { Listener, ListenerTable } from './listeners.ts'

/**
 * Asks netstat which sockets listen on Windows and which connections they have. Undefined when it does not answer.
 *
 * @param ms most milliseconds
 */
export async function windowsListeners(
  { ports, ms }: { readonly ports?: readonly number[] | undefined; readonly ms: number },
  execute: Run = run,
): Promise<ListenerTable | undefined> {
  const all = parseNetstat(await execute(netstat, ['-ano'], ms))
  if (all.length === 0) return undefined
  const keyOf = (pid: number, port: number): string => `${pid} ${port}`
  const sockets: Listener[] = []
  const clients = new Map<string, number>()
  for (const { address, port, pid, isConnection } of all) {
    if (ports?.includes(port) === false) continue
    const key = keyOf(pid, port)
    // A closed connection belongs to no process, so that it is not counted.
    if (isConnection) clients.set(key, (clients.get(key) ?? 0) + 1)
    else sockets.push({ address, port, pid, uid: undefined, key })
  }
  return { sockets, clients }
}
