import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { withoutField, type HeaderList } from '../message/headers.ts'

/** The part of Node's request that decides about an upgrade. */
interface Message {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
  /** By name in lower case. */
  readonly headers: Record<string, string | string[] | undefined>
}

/** Since version 26 Node reads the content of a request with `Upgrade`; before, it stopped at the header section. */
export const readsContent: boolean = Number.parseInt(process.versions.node, 10) >= 26

/** Whether a request announces content. */
function announcesContent({ method, headers }: Pick<Message, 'method' | 'headers'>): boolean {
  // RFC 9112 section 6.3: a CONNECT has no content, even with a length.
  if (method === 'CONNECT') return false
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0)
}

/**
 * Most bytes of content that a request for an upgrade may have; `docker exec` sends its command as such. Less than Node
 * buffers: Node 26 never reads on where content that fills the buffer was not read before its end.
 */
const maxContent = 64 * 1024 - 1

/**
 * Whether a protocol in `Upgrade` is another version of HTTP, or TLS. Such an upgrade is declined: an upstream would
 * receive requests that the guard never checked (RFC 9113 section 3.1 has removed h2c upgrades).
 */
export function isHttpUpgrade(token: string): boolean {
  return /^(?:h2c|h2|http|tls)(?:\/|$)/i.test(token)
}

/**
 * Bytes of content to read before the upgrade, since the switch follows the content (RFC 9110 section 7.8). Undefined
 * where the upgrade is declined: the content could be long, the client holds it back, or all protocols are HTTP.
 */
export function upgradeContentLength({ method, headers }: Message): number | undefined {
  if (!announcesContent({ method, headers })) return 0
  const length = headers['transfer-encoding'] === undefined ? Number(headers['content-length']) : Infinity
  if (length > maxContent || headers['expect'] !== undefined) return undefined
  const tokens = String(headers['upgrade'] ?? '').split(',')
  return tokens.every((token) => isHttpUpgrade(token.trim())) ? undefined : length
}

/** Requests whose upgrade is declined. */
const ignored = new WeakSet<object>()

/**
 * Ignores `Upgrade`, as a server may (RFC 9110 section 7.8). The field stays in `rawHeaders`: Node reads that list
 * after {@link shouldUpgrade}, and expects its length to be unchanged.
 */
function ignoreUpgrade(request: Message): void {
  delete request.headers['upgrade']
  ignored.add(request)
}

/** Whether the upgrade of a request was declined. */
export function isDeclinedUpgrade(request: object): boolean {
  return ignored.has(request)
}

/** The fields of a request, without `Upgrade` where that is declined. */
export function receivedFields(request: Pick<Message, 'rawHeaders'>): HeaderList {
  return isDeclinedUpgrade(request) ? withoutField(request.rawHeaders, 'upgrade') : request.rawHeaders
}

/**
 * Node's `shouldUpgradeCallback` (since 22.21 and 24.9): declines the upgrade of a request with much content, so that
 * Node reads the content and knows where it ends.
 */
export function shouldUpgrade(request: Message): boolean {
  if (upgradeContentLength(request) !== undefined) return true
  ignoreUpgrade(request)
  return false
}

/**
 * Gives a request with content back to its server without `Upgrade`, as the last one on its connection.
 *
 * @param rest Bytes that were read after the header section.
 * @param handOver Answers the message where Node itself reads its content.
 */
export function declineUpgrade(request: Message, socket: Duplex, rest: Uint8Array, handOver: () => void): void {
  ignoreUpgrade(request)
  if (readsContent) return handOver()
  const { server, encrypted } = socket as unknown as { server: Server; encrypted?: boolean }
  const { method, url, httpVersion } = request
  const fields = receivedFields(request)
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`
  socket.unshift(Buffer.concat([Buffer.from(`${head}Connection: close\r\n\r\n`, 'latin1'), rest]))
  server.emit(encrypted === true ? 'secureConnection' : 'connection', socket)
}
