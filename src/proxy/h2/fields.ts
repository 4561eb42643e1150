import type { OutgoingHttpHeaders } from 'node:http2'
import { getField, isToken, isFieldValue, type HeaderList } from '../../http/message/headers.ts'
import { trailerPairs } from '../../http/message/trailers.ts'
import type { ResolvedUpstream } from '../../config/route-types.ts'
import { hopByHopFields } from '../../http/message/field-classes.ts'
import { fieldTokens, withoutHopFields } from '../hop-by-hop.ts'
import type { OutboundRequest } from '../types.ts'

/** Fields whose values Node takes once only, and that must not be joined either. */
const given: ReadonlySet<string> = new Set(['host', 'content-length'])

/** The header section of a request in HTTP/2 (RFC 9113 sections 8.2 and 8.3). */
export function http2RequestFields(request: OutboundRequest, upstream: ResolvedUpstream): OutgoingHttpHeaders {
  const { method, path, headers, length } = request
  const fields: OutgoingHttpHeaders = {
    ':method': method,
    ':scheme': upstream.protocol === 'h2:' ? 'https' : 'http',
    ':authority': getField(headers, 'host') ?? upstream.authority,
    ':path': path,
  }
  const kept = withoutHopFields(headers)
  for (let i = 0; i < kept.length; i += 2) {
    const name = (kept[i] as string).toLowerCase()
    if (!given.has(name) && !name.startsWith(':')) append(fields, name, kept[i + 1] as string)
  }
  if (length !== undefined && request.body !== null) fields['content-length'] = String(length)
  // RFC 9110 section 6.6.2: it tells the next ones what to miss when it does not come.
  if (request.announced !== undefined && request.announced.length > 0) fields['trailer'] = request.announced.join(', ')
  // gRPC servers refuse calls that cannot take trailers, and this hop can.
  if (fieldTokens(headers, 'te').includes('trailers') || isGrpc(headers)) fields['te'] = 'trailers'
  return fields
}

/** A trailer section as it goes on: what may not stand there, or in HTTP/2, is left out (RFC 9110 section 6.5.1). */
export function http2Trailers(trailers: HeaderList): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {}
  for (const [name, value] of trailerPairs(trailers)) {
    const lower = name.toLowerCase()
    if (!hopByHopFields.has(lower) && isToken(lower) && isFieldValue(value)) append(fields, lower, value)
  }
  return fields
}

/** Whether a message is part of a gRPC or gRPC-Web call, which may stream for ever. */
export function isGrpc(headers: HeaderList): boolean {
  return /^application\/grpc(?:-web(?:-text)?)?(?:$|[+;\s])/i.test(getField(headers, 'content-type') ?? '')
}

function append(fields: OutgoingHttpHeaders, name: string, value: string): void {
  const before = fields[name]
  // Several Cookie lines are one in pieces (RFC 9113 section 8.2.3); Node joins them the right way.
  fields[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [String(before), value]
}

/** What a header or trailer section of HTTP/2 is for the client: without pseudo-fields and fields of a connection. */
export function plainFields(raw: HeaderList): string[] {
  const fields: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    if (!(raw[i] as string).startsWith(':')) fields.push(raw[i] as string, raw[i + 1] as string)
  }
  return withoutHopFields(fields)
}
