import type { OpenPort } from '../types.ts'

/** One listening socket. */
export interface Listener extends Omit<OpenPort, 'addresses' | 'clients'> {
  readonly address: string
  /** Groups the connections that it may have accepted: sockets that listen on one address together share them. */
  readonly key: string
}

/** The listening sockets of the machine, and how many connections each of their keys has. */
export interface ListenerTable {
  readonly sockets: readonly Listener[]
  readonly clients: ReadonlyMap<string, number>
}

/** Groups listening sockets by port and owner, in the order of ports. */
export function groupByOwner({ sockets, clients }: ListenerTable): OpenPort[] {
  const groups = new Map<string, Listener[]>()
  for (const socket of sockets) {
    const { port, pid, uid, hidden } = socket
    const owner = pid === undefined ? `${uid} ${hidden}` : `pid ${pid}`
    const group = groups.get(`${port} ${owner}`)
    if (group === undefined) groups.set(`${port} ${owner}`, [socket])
    else group.push(socket)
  }
  return [...groups.values()]
    .map((group): OpenPort => {
      const { port, pid, uid, hidden } = group[0] as Listener
      const addresses = [...new Set(group.map(({ address }) => address))].sort()
      const keys = new Set(group.map(({ key }) => key))
      const sum = [...keys].reduce((total, key) => total + (clients.get(key) ?? 0), 0)
      return { port, addresses, pid, uid, ...(hidden === undefined ? {} : { hidden }), clients: sum }
    })
    .sort((a, b) => a.port - b.port || (a.pid ?? 0) - (b.pid ?? 0))
}
