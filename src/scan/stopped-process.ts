import { portOwners } from './processes/processes.ts'

/** Where a server listens. */
export interface ListeningAddress {
  readonly address: string
  /** 0 for a unix socket. */
  readonly port: number
}

/**
 * The process that listens at an address of this machine, where a signal or a terminal has stopped it: the system accepts
 * connections for it, and it answers none. Undefined for one that runs, and where the system does not tell. Never rejects.
 *
 * @returns process id
 */
export async function stoppedProcess({ address, port }: ListeningAddress): Promise<number | undefined> {
  if (port === 0) return undefined
  const owners = await portOwners({ ports: [port] }).catch(() => [])
  // No owner of the address itself: one of the wildcard accepts for it.
  const own = owners.filter(({ addresses }) => addresses.includes(address))
  return (own.length === 0 ? owners : own).find(({ process }) => process?.stopped)?.pid
}
