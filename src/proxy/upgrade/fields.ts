import type { Exchange } from '../../http/message/exchange.ts'
import type { HeaderList } from '../../http/message/headers.ts'
import { webSocketAccept } from '../../http/message/websocket-accept.ts'
import { isHttpUpgrade } from '../../http/h1/declined-upgrade.ts'
import { fieldTokens, withoutHopFields } from '../hop-by-hop.ts'
import type { OutboundRequest } from '../types.ts'
import { UpstreamError } from '../upstream/upstream-error.ts'

/**
 * What a request asks to switch to, as it goes into `Upgrade`, or undefined when it is to be forwarded as a plain
 * request: one whose content is still to come is.
 */
export function wantedUpgrade({ headers, version, body }: Exchange): string | undefined {
  // Nearly every request.
  if (!headers.has('upgrade')) return undefined
  // RFC 9110 section 7.8: ignored in HTTP/1.0, and without its name in Connection.
  if (version === '1.0' || (body.expected && body.whole === undefined)) return undefined
  if (!fieldTokens(headers.raw, 'connection').includes('upgrade')) return undefined
  const wanted = headers
    .all('upgrade')
    .flatMap((value) => value.split(','))
    .map((token) => token.trim())
    .filter((token) => token !== '' && !isHttpUpgrade(token))
  return wanted.length === 0 ? undefined : wanted.join(', ')
}

/** Fields that this hop writes itself. */
const framing: ReadonlySet<string> = new Set(['content-length', 'expect'])

/** The field section of an upgrade request: end-to-end fields, then what belongs to this upgrade. */
export function upgradeRequestFields(x: Exchange, { method, headers }: OutboundRequest, wanted: string): string[] {
  const fields: string[] = []
  const given = withoutHopFields(headers)
  for (let i = 0; i < given.length; i += 2) {
    if (!framing.has((given[i] as string).toLowerCase())) fields.push(given[i] as string, given[i + 1] as string)
  }
  const length = x.body.whole?.byteLength ?? 0
  // Node would announce chunks for a method that may have content.
  if (length > 0 || (method !== 'GET' && method !== 'HEAD')) fields.push('Content-Length', String(length))
  return [...fields, 'Connection', 'Upgrade', 'Upgrade', wanted]
}

/**
 * The field section of a 101 as it goes to the client, checked.
 *
 * @throws UpstreamError when it switches to what nobody asked for, or does not prove that it read the request.
 */
export function acceptedFields(headers: HeaderList, wanted: string, key: string | undefined): string[] {
  const given = fieldTokens(headers, 'upgrade')
  const asked = wanted.toLowerCase().split(', ')
  if (given.length === 0 || !given.every((token) => asked.includes(token))) {
    throw forged(`It switched to ${given.length === 0 ? 'nothing' : `"${given.join(', ')}"`}, asked for "${wanted}".`)
  }
  if (given.includes('websocket')) {
    const accepts = valuesOf(headers, 'sec-websocket-accept')
    // RFC 6455 section 4.1: else a server, or a cache, that took it for a plain request could be made to speak frames.
    if (key === undefined || accepts.length !== 1 || accepts[0]?.trim() !== webSocketAccept(key)) {
      throw forged('Its Sec-WebSocket-Accept does not fit the key.')
    }
  }
  return [...withoutHopFields(headers), 'Upgrade', valuesOf(headers, 'upgrade').join(', ')]
}

function forged(message: string): UpstreamError {
  return new UpstreamError('protocol', message, { wrote: true })
}

function valuesOf(headers: HeaderList, name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && (headers[i - 1] as string).toLowerCase() === name)
}
