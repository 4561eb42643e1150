import type { Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { withoutField, type HeaderList } from '../message/headers.ts'

/** What is read of Node's request. */
interface Message {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly rawHeaders: readonly string[]
  /** By name in lower case. */
  readonly headers: Record<string, string | string[] | undefined>
}

/** From here on Node reads the content of a request that asks for an upgrade; before, it ended at the header section. */
export const readsContent: boolean = Number.parseInt(process.versions.node, 10) >= 26

/** Whether a request announces content, beside whatever else it asks for. */
function announcesContent({ method, headers }: Pick<Message, 'method' | 'headers'>): boolean {
  // A CONNECT has no content, whatever it says (RFC 9112 section 6.3).
  if (method === 'CONNECT') return false
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0)
}

/** Bytes of content that an upgrade may bring, such as what `docker exec` is to run. */
const maxContent = 64 * 1024

/**
 * Whether `Upgrade` names another version of HTTP, or TLS: such a wish is ignored. Past it a server behind us would see
 * requests that no guard saw (RFC 9113 section 3.1 has retired it anyway).
 */
export function isHttpUpgrade(token: string): boolean {
  return /^(?:h2c|h2|http|tls)(?:\/|$)/i.test(token)
}

/**
 * The length of content with which an upgrade may go on, in bytes: a request asks for the switch when its content is
 * over (RFC 9110 section 7.8), so that is read before. Undefined where it could be long, or is held back.
 */
export function upgradeContentLength({ method, headers }: Message): number | undefined {
  if (!announcesContent({ method, headers })) return 0
  const length = headers['transfer-encoding'] === undefined ? Number(headers['content-length']) : Infinity
  if (length > maxContent || headers['expect'] !== undefined) return undefined
  const tokens = String(headers['upgrade'] ?? '').split(',')
  return tokens.every((token) => isHttpUpgrade(token.trim())) ? undefined : length
}

/** Requests whose wish for an upgrade is ignored. */
const ignored = new WeakSet<object>()

/**
 * Ignores the wish for an upgrade, as a server may (RFC 9110 section 7.8). The field stays in `rawHeaders`: Node goes on
 * reading that list after it has asked {@link shouldUpgrade}, and trusts that it kept its length.
 */
function ignoreUpgrade(request: Message): void {
  delete request.headers['upgrade']
  ignored.add(request)
}

/** The fields of a request, without the wish for an upgrade where that is ignored. */
export function receivedFields(request: Pick<Message, 'rawHeaders'>): HeaderList {
  return ignored.has(request) ? withoutField(request.rawHeaders, 'upgrade') : request.rawHeaders
}

/**
 * Node's `shouldUpgradeCallback`, which its releases since 22.21 and 24.9 ask: requests with much content stay ordinary
 * ones, so that the content is read, and told from what comes behind it.
 */
export function shouldUpgrade(request: Message): boolean {
  if (upgradeContentLength(request) !== undefined) return true
  ignoreUpgrade(request)
  return false
}

/**
 * Gives an upgrade with content back to the server that it came from, as the ordinary request that it is without. It is
 * the last on its connection.
 *
 * @param rest What was read behind the header section.
 * @param handOver Answers a message whose content Node has read or goes on reading.
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
