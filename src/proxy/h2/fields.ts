import type { OutgoingHttpHeaders } from 'node:http2'
import { hopByHopFields } from '../../http/message/field-classes.ts'
import { getField, isToken, isFieldValue, type HeaderList } from '../../http/message/headers.ts'
import { trailerPairs } from '../../http/message/trailers.ts'
import type { ResolvedUpstream } from '../../config/kinds/proxy-types.ts'
import { fieldTokens, withoutHopByHop } from '../hop-by-hop.ts'
import type { UpstreamRequest } from '../types.ts'

/** Fields that are written separately, because Node rejects a second value for them. */
const singleFields: ReadonlySet<string> = new Set(['host', 'content-length'])

/** The header section of a request in HTTP/2 (RFC 9113 sections 8.2 and 8.3). */
export function http2RequestFields(request: UpstreamRequest, upstream: ResolvedUpstream): OutgoingHttpHeaders {
  const { method, path, headers, length } = request
  const fields: OutgoingHttpHeaders = {
    ':method': method,
    ':scheme': upstream.protocol === 'h2:' ? 'https' : 'http',
    ':authority': getField(headers, 'host') ?? upstream.authority,
    ':path': path,
  }
  const kept = withoutHopByHop(headers)
  for (let i = 0; i < kept.length; i += 2) {
    const name = (kept[i] as string).toLowerCase()
    if (!singleFields.has(name) && !name.startsWith(':')) append(fields, name, kept[i + 1] as string)
  }
  if (length !== undefined && request.body !== null) fields['content-length'] = String(length)
  // RFC 9110 section 6.6.2: recipients can detect announced trailer fields that are missing.
  if (request.announced !== undefined && request.announced.length > 0) fields['trailer'] = request.announced.join(', ')
  // gRPC servers reject calls without `TE: trailers`, and this proxy forwards trailers.
  if (fieldTokens(headers, 'te').includes('trailers') || isGrpc(headers)) fields['te'] = 'trailers'
  return fields
}

/** A trailer section for HTTP/2, without fields that are forbidden there (RFC 9110 section 6.5.1). */
export function http2Trailers(trailers: HeaderList): OutgoingHttpHeaders {
  const fields: OutgoingHttpHeaders = {}
  for (const [name, value] of trailerPairs(trailers)) {
    const lower = name.toLowerCase()
    if (!hopByHopFields.has(lower) && isToken(lower) && isFieldValue(value)) append(fields, lower, value)
  }
  return fields
}

/** Whether a message belongs to a gRPC or gRPC-Web call, which may stream without end. */
export function isGrpc(headers: HeaderList): boolean {
  return /^application\/grpc(?:-web(?:-text)?)?(?:$|[+;\s])/i.test(getField(headers, 'content-type') ?? '')
}

function append(fields: OutgoingHttpHeaders, name: string, value: string): void {
  const before = fields[name]
  // HTTP/2 may split Cookie into several fields (RFC 9113 section 8.2.3); Node joins them correctly.
  fields[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [String(before), value]
}

/** The end-to-end fields of an HTTP/2 header or trailer section, without pseudo-fields. */
export function plainFields(raw: HeaderList): string[] {
  const fields: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    if (!(raw[i] as string).startsWith(':')) fields.push(raw[i] as string, raw[i + 1] as string)
  }
  return withoutHopByHop(fields)
}
