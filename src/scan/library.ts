import type { ScanOptions, ScanResult } from './scan-ports.ts'
import type { PortOwner } from './types.ts'
import type { VerifyOptions, VerifyResult } from './verify/types.ts'

/**
 * Who listens on a TCP port of this machine: one entry for each owner, because each address may have another one. Empty
 * when no socket listens. A process that the system hides is an entry too, without `pid`.
 *
 * @param port 1 to 65535
 * @throws RangeError for another number
 * @throws ServeError `E8008_PORTS_UNREADABLE` when the system does not show its sockets
 */
export async function whoHolds(port: number): Promise<PortOwner[]> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(`whoHolds(port): expected an integer from 1 to 65535, got ${port}`)
  }
  // Loaded late: a program that serves does not need it.
  const { portOwners } = await import('./scan.ts')
  return portOwners({ ports: [port] })
}

/**
 * Tests whether a server of this machine is safe: whether it forwards to where a request says, answers for foreign names, lets
 * pages of other sites in, or serves files that it should not. It sends about two hundred requests to each address, a few at
 * once, and takes a minute at most. Of `localhost` both 127.0.0.1 and ::1 are tested.
 *
 * @param url URL, `host:port`, a port of localhost, or `unix:/path`
 * @throws ServeError `E8008_USAGE` for what is no address, `E8008_NOT_LOCAL` for another machine that `host` does not name,
 *   `E8008_NOT_RUNNING` where nothing listens
 * @example
 * const { passed, checks } = await verify('http://localhost:3000/')
 * for (const { code, verdict, why } of checks) if (verdict === 'failed') console.log(code, why)
 */
export async function verify(url: string, options: VerifyOptions = {}): Promise<VerifyResult> {
  // Its clients for HTTP/2 and TLS are nothing that a server needs.
  const { verifyServer } = await import('./verify/verify.ts')
  return verifyServer(url, options)
}

/**
 * What listens on this machine: which process, what answers, who can reach it, and what its owner should know. It connects
 * to addresses of this machine alone, and changes nothing. Sixteen ports that hang take about 3 s.
 *
 * @throws RangeError for a port outside 1 to 65535, and the reason of the signal
 * @throws ServeError `E8008_PORTS_UNREADABLE` when the system does not show its sockets
 */
export async function scan(options: ScanOptions = {}): Promise<ScanResult> {
  const { scanPorts } = await import('./scan.ts')
  return scanPorts(options)
}
