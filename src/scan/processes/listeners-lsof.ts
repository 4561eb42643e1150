import { parseLsof, run, type Run } from '../../net/owners/owners.ts'
import type { Listener, ListenerTable } from './listeners.ts'

/** A listening socket in `netstat -anW -p tcp`, which prints those of every user, without their process. */
export interface BsdSocket {
  readonly address: string
  readonly port: number
}

/**
 * Parses the listening sockets of `netstat -anW -p tcp` (macOS, BSD): `tcp4 0 0 127.0.0.1.8008 *.* LISTEN`. A dot stands
 * before the port. Columns behind the state move between releases; none is read. `tcp46` is dual-stack.
 */
export function parseBsdNetstat(text: string): BsdSocket[] {
  return text.split('\n').flatMap((line) => {
    const [, protocol, host, port] = /^(tcp(?:4|6|46)?)\s+\d+\s+\d+\s+(\S+)\.(\d+)\s+\S+\s+LISTEN\b/.exec(line) ?? []
    if (host === undefined) return []
    const address = host === '*' ? (protocol === 'tcp4' ? '0.0.0.0' : '::') : host.replace(/%\w+$/, '')
    return { address, port: Number(port) }
  })
}

/**
 * Asks lsof (macOS, BSD) which sockets listen and which connections they have. It prints only processes of this user,
 * so netstat adds the sockets of others. Undefined where neither program answers.
 *
 * @param ms most milliseconds
 */
export async function lsofListeners(
  { ports, ms }: { readonly ports?: readonly number[] | undefined; readonly ms: number },
  execute: Run = run,
): Promise<ListenerTable | undefined> {
  const which = ports === undefined ? '-iTCP' : `-iTCP:${ports.join(',')}`
  const [lsof, netstat] = await Promise.all([
    execute('lsof', ['-nP', '+c', '0', which, '-sTCP:LISTEN,ESTABLISHED', '-F', 'pun'], ms),
    execute('netstat', ['-anW', '-p', 'tcp'], ms),
  ])
  const all = parseBsdNetstat(netstat)
  const seen = parseLsof(lsof)
  if (all.length === 0 && seen.length === 0 && netstat === '') return undefined
  const keyOf = (pid: number, port: number): string => `${pid} ${port}`
  const sockets: Listener[] = []
  const clients = new Map<string, number>()
  const known = new Set<string>()
  for (const { address, port, pid, uid, isConnection } of seen) {
    const key = keyOf(pid, port)
    if (isConnection) clients.set(key, (clients.get(key) ?? 0) + 1)
    else {
      // lsof writes a wildcard of both families, or of one, as `*`.
      const wildcards = all.filter((other) => other.port === port && /^(?:::|0\.0\.0\.0)$/.test(other.address))
      const addresses = address === '*' ? wildcards.map((other) => other.address) : [address]
      for (const each of addresses.length === 0 ? ['::'] : addresses) {
        known.add(`${port} ${each}`)
        sockets.push({ address: each, port, pid, uid, key })
      }
    }
  }
  for (const { address, port } of all) {
    if (known.has(`${port} ${address}`) || ports?.includes(port) === false) continue
    known.add(`${port} ${address}`)
    sockets.push({ address, port, pid: undefined, uid: undefined, hidden: 'user', key: `hidden ${port} ${address}` })
  }
  return { sockets, clients }
}
