import { ServeError } from '../../core/serve-error.ts'
import type { Run } from '../../net/owners/owners.ts'
import type { OpenPort } from '../types.ts'
import { linuxListeners } from './listeners-linux.ts'
import { lsofListeners } from './listeners-lsof.ts'
import { windowsListeners } from './listeners-windows.ts'
import { groupByOwner } from './listeners.ts'

/** Milliseconds that the search may take: a machine can have very many processes. */
const mostMs = 1000

/** Options of {@link openPorts}. */
export interface OpenPortsOptions {
  /** Only these ports. Default: all. */
  readonly ports?: readonly number[]
  /** Most milliseconds, by default 1000. A process that is not found until then is hidden by `search`. */
  readonly ms?: number
  readonly platform?: NodeJS.Platform
  /** Where Linux shows its processes. Default: `/proc`. */
  readonly proc?: string
  /** Runs the tools of other systems. */
  readonly execute?: Run
}

/**
 * Every listening TCP socket of this machine, grouped by port and owner. A socket whose process the system hides is
 * reported too. Sockets of other network namespaces are not visible.
 *
 * @throws ServeError `E8008_PORTS_UNREADABLE` when the system does not show its sockets: a port may be in use then
 */
export async function openPorts(options: OpenPortsOptions = {}): Promise<OpenPort[]> {
  const { ports, ms = mostMs, platform = process.platform, proc, execute } = options
  const found = await (platform === 'linux'
    ? linuxListeners({ ports, proc, ms })
    : platform === 'win32'
      ? windowsListeners({ ports, ms }, execute)
      : lsofListeners({ ports, ms }, execute))
  if (found !== undefined) return groupByOwner(found)
  const source = platform === 'linux' ? '/proc/net/tcp' : platform === 'win32' ? 'netstat' : 'lsof and netstat'
  throw new ServeError(
    'E8008_PORTS_UNREADABLE',
    `The system does not show which ports are in use: ${source} cannot be read.`,
  )
}
