import { printableJson } from '../core/util/sanitize.ts'
import { getField, type HeaderList } from '../http/message/headers.ts'
import type { HarExchange, HarMessage } from './har/har-exchange.ts'
import type { RecordedForwarding } from './types.ts'
import type { RedactedExchange, RedactedMessage } from './redact/redact.ts'

/**
 * An exchange as one line of JSON. The keys are those of the JSON access log, and more: `id`, `port`, `tls`, `firstByteMs`,
 * `type`, `forwarded` (attempts), `requestBytes`, `requestHeaders`, `headers`, `requestTrailers`, `trailers`; and with content `requestContent` and
 * `content`, each `{ "text" }`, `{ "base64" }` or `{ "withheld" }`. `status` and `ms` are null where there is no reply.
 */
export function exchangeLine(exchange: RedactedExchange, hasContent: boolean): string {
  const { peer, request, reply } = exchange
  const field = (name: string): string => getField(request.headers, name) ?? ''
  return printableJson({
    id: exchange.id,
    time: new Date(exchange.time).toJSON(),
    address: peer.address,
    port: peer.port,
    localAddress: peer.localAddress,
    tls: peer.encrypted,
    method: exchange.method,
    target: exchange.target,
    version: exchange.version,
    host: exchange.authority,
    status: reply?.status ?? null,
    bytes: reply?.bytes ?? 0,
    ms: exchange.endMs ?? null,
    firstByteMs: exchange.firstByteMs ?? null,
    aborted: exchange.aborted,
    type: getField(reply?.headers ?? [], 'content-type') ?? '',
    referer: field('referer'),
    userAgent: field('user-agent'),
    user: exchange.user,
    refusal: exchange.refusal,
    remark: exchange.remark,
    route: exchange.route,
    upstream: exchange.upstream,
    reason: exchange.reason,
    site: exchange.site,
    listener: exchange.listener,
    forwarded: exchange.forwarded.map(({ headers, replyHeaders, ...each }) => ({
      ...each,
      headers: pairs(headers),
      replyHeaders: pairs(replyHeaders),
    })),
    requestBytes: request.bytes,
    requestHeadBytes: request.headBytes ?? null,
    requestHeaders: pairs(request.headers),
    headers: pairs(reply?.headers ?? []),
    requestTrailers: pairs(request.trailers),
    trailers: pairs(reply?.trailers ?? []),
    ...(hasContent ? { requestContent: contentOf(request), content: reply && contentOf(reply) } : {}),
  })
}

function pairs(list: HeaderList): (readonly string[])[] {
  return list.flatMap((value, i) => (i % 2 === 0 ? [] : [[list[i - 1] as string, value]]))
}

function contentOf({ content, withheld }: RedactedMessage): object {
  if (withheld !== '') return { withheld }
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? { text } : { base64: bytes.toString('base64') }
}

type Fields = Readonly<Record<string, unknown>>

/** Reads what {@link exchangeLine} has written; undefined for another line, such as one about lost records. */
export function readExchange(line: Fields): HarExchange | undefined {
  if (typeof line['id'] !== 'number') return undefined
  const text = (name: string): string => (typeof line[name] === 'string' ? line[name] : '')
  const number = (name: string): number | undefined => (typeof line[name] === 'number' ? line[name] : undefined)
  const message = (start: string, bytes: number): HarMessage => {
    const name = (end: string): string => (start === '' ? end[0]?.toLowerCase() + end.slice(1) : start + end)
    return {
      headers: listOf(line[name('Headers')]),
      trailers: listOf(line[name('Trailers')]),
      bytes,
      ...readContent(line[name('Content')]),
    }
  }
  const status = number('status')
  return {
    id: line['id'],
    time: Date.parse(text('time')),
    peer: {
      address: text('address'),
      port: number('port') ?? 0,
      localAddress: text('localAddress'),
      encrypted: line['tls'] === true,
    },
    version: text('version'),
    method: text('method'),
    target: text('target'),
    authority: text('host'),
    request: { ...message('request', number('requestBytes') ?? 0), headBytes: number('requestHeadBytes') },
    reply: status === undefined ? undefined : { ...message('', number('bytes') ?? 0), status },
    forwarded: readForwarded(line['forwarded']),
    firstByteMs: number('firstByteMs'),
    endMs: number('ms'),
    aborted: line['aborted'] === true,
    user: text('user'),
    route: text('route'),
    upstream: text('upstream'),
    reason: text('reason'),
    refusal: text('refusal'),
    remark: text('remark'),
    site: text('site'),
    listener: text('listener'),
  }
}

function readForwarded(value: unknown): RecordedForwarding[] {
  if (!Array.isArray(value)) return []
  return (value as RecordedForwarding[]).map(({ headers, replyHeaders, ...each }) => ({
    ...{ isReused: undefined, connectedMs: undefined, answeredMs: undefined, status: undefined },
    ...each,
    headers: listOf(headers),
    replyHeaders: listOf(replyHeaders),
  }))
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.flat().map(String) : []
}

function readContent(value: unknown): { readonly content: Uint8Array; readonly withheld: string } {
  const { text, base64, withheld } = (value ?? {}) as { text?: unknown; base64?: unknown; withheld?: unknown }
  const content =
    typeof text === 'string' ? Buffer.from(text) : Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64')
  return { content: new Uint8Array(content), withheld: typeof withheld === 'string' ? withheld : '' }
}
