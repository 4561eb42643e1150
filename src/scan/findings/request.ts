import { formatHost, isLoopback } from '../../core/util/ip.ts'
import { call } from '../identify/exchange.ts'
import { parseReply, type HttpReply } from '../identify/reply.ts'
import { openTls } from '../identify/secure.ts'

/** Where a server that is examined listens. */
export interface Suspect {
  /** Without brackets. */
  readonly address: string
  readonly port: number
  readonly tls: boolean
}

/** Milliseconds that a server gets for a reply. */
const patienceMs = 1000

/**
 * Requests a path, on a connection of its own and without following redirects. Resolves with undefined where no reply
 * comes.
 */
export async function getPath(
  suspect: Suspect,
  path: string,
  fields: readonly string[] = [],
): Promise<HttpReply | undefined> {
  const { address, port, tls } = suspect
  // Many servers of a machine answer by this name alone.
  const host = isLoopback(address) ? 'localhost' : formatHost(address)
  const send = [`GET ${path} HTTP/1.1`, `Host: ${host}:${port}`, ...fields, 'Connection: close', '', ''].join('\r\n')
  const place = { address, port, signal: AbortSignal.timeout(patienceMs) }
  const secure = tls ? { secure: () => openTls(place, ['http/1.1']) } : {}
  const { bytes } = await call(place, { send, timeMs: patienceMs, ...secure })
  return parseReply(bytes)
}
