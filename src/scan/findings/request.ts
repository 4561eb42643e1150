import { connect, type Socket } from 'node:net'
import { formatHost, isLoopback } from '../../core/util/ip.ts'
import { call } from '../identify/exchange.ts'
import { parseReply, type HttpReply } from '../identify/reply.ts'
import { openTls } from '../identify/secure.ts'
import { findRelay } from '../verify/relay.ts'

/** Where a server that is examined listens. */
export interface Suspect {
  /** Without brackets. */
  readonly address: string
  readonly port: number
  readonly tls: boolean
}

/** Milliseconds that a server gets for a reply. */
const patienceMs = 1000

/** Many servers of a machine answer by this name alone. */
function authorityOf({ address, port }: Suspect): string {
  return `${isLoopback(address) ? 'localhost' : formatHost(address)}:${port}`
}

/**
 * Asks a server to forward requests to a listener of ours.
 *
 * @returns the request that it forwarded, as a line; undefined where it forwarded none.
 */
export function relayOf(suspect: Suspect): Promise<string | undefined> {
  const { address, port, tls } = suspect
  const signal = AbortSignal.timeout(patienceMs)
  const open = (): Socket => (tls ? openTls({ address, port, signal }, ['http/1.1']) : connect(port, address))
  const endpoint = { authority: authorityOf(suspect), path: '/', timeoutMs: patienceMs }
  return findRelay(endpoint, { name: 'HTTP/1.1', version: '1.1', isTls: tls, open })
}

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
  const send = [`GET ${path} HTTP/1.1`, `Host: ${authorityOf(suspect)}`, ...fields, 'Connection: close', '', ''].join(
    '\r\n',
  )
  const place = { address, port, signal: AbortSignal.timeout(patienceMs) }
  const secure = tls ? { secure: () => openTls(place, ['http/1.1']) } : {}
  const { bytes } = await call(place, { send, timeMs: patienceMs, ...secure })
  return parseReply(bytes)
}
