import type { Exchange } from '../http/message/exchange.ts'
import type { HeaderList } from '../http/message/headers.ts'
import { webSocketAccept } from '../http/message/websocket-accept.ts'
import { isHttpUpgrade } from '../http/h1/declined-upgrade.ts'
import { fieldTokens, withoutHopByHop } from './hop-by-hop.ts'
import { UpstreamError } from './upstream/upstream-error.ts'

/**
 * The value of `Upgrade` for the upstream, or undefined if the request is forwarded without an upgrade.
 */
export function wantedUpgrade({ headers, version, body }: Exchange): string | undefined {
  // Fast path for nearly every request.
  if (!headers.has('upgrade')) return undefined
  // RFC 9110 section 7.8: Upgrade has no effect in HTTP/1.0, or without its name in Connection.
  if (version === '1.0' || !body.allowsUpgrade) return undefined
  if (!fieldTokens(headers.raw, 'connection').includes('upgrade')) return undefined
  const wanted = headers
    .all('upgrade')
    .flatMap((value) => value.split(','))
    .map((token) => token.trim())
    .filter((token) => token !== '' && !isHttpUpgrade(token))
  return wanted.length === 0 ? undefined : wanted.join(', ')
}

/** The header section of an upgrade request: end-to-end fields, then those of the upgrade. */
export function upgradeRequestFields(headers: HeaderList, wanted: string): string[] {
  return [...withoutHopByHop(headers), 'Connection', 'Upgrade', 'Upgrade', wanted]
}

/**
 * Checks a 101 response, and returns its header section for the client.
 *
 * @throws UpstreamError if the upstream switches to a protocol that the client did not request, or its
 *   `Sec-WebSocket-Accept` does not match the request.
 */
export function acceptedFields(headers: HeaderList, wanted: string, key: string | undefined): string[] {
  // RFC 9110 section 7.8: Upgrade has no effect without its name in Connection.
  const switched = fieldTokens(headers, 'connection').includes('upgrade') ? fieldTokens(headers, 'upgrade') : []
  const asked = wanted.toLowerCase().split(', ')
  if (switched.length === 0 || !switched.every((token) => asked.includes(token))) {
    throw invalidSwitch(
      `It switched to ${switched.length === 0 ? 'nothing' : `"${switched.join(', ')}"`}, asked for "${wanted}".`,
    )
  }
  if (switched.includes('websocket')) {
    const accepts = valuesOf(headers, 'sec-websocket-accept')
    // RFC 6455 section 4.1: proves that the server read the upgrade. Others, such as caches, could be attacked by frames.
    if (key === undefined || accepts.length !== 1 || accepts[0]?.trim() !== webSocketAccept(key)) {
      throw invalidSwitch('Its Sec-WebSocket-Accept does not match the key.')
    }
  }
  return [...withoutHopByHop(headers), 'Upgrade', valuesOf(headers, 'upgrade').join(', ')]
}

function invalidSwitch(message: string): UpstreamError {
  return new UpstreamError('protocol', message, { wrote: true })
}

function valuesOf(headers: HeaderList, name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && (headers[i - 1] as string).toLowerCase() === name)
}
