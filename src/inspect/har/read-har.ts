import type { HeaderList } from '../../http/message/headers.ts'
import type { HarExchange, HarMessage, HarPhases, HarSocketMessage } from './har-exchange.ts'

/** A text is no HAR file. */
export class HarError extends Error {}

/** How {@link readHar} reads. */
export interface ReadHarOptions {
  /** Content that the file keeps beside itself (`_file`, as Playwright writes it); undefined where it is missing. */
  readonly attachment?: (name: string) => Uint8Array | undefined
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads the exchanges of a HAR file, in the order of the file. What programs leave out, or write as null or -1, is
 * undefined or empty.
 *
 * @throws HarError for a text that is no HAR file
 */
export function readHar(text: string, { attachment = () => undefined }: ReadHarOptions = {}): HarExchange[] {
  const { log } = objectOf(parse(text))
  const { entries } = objectOf(log)
  if (!Array.isArray(entries)) throw new HarError('A HAR file must have log.entries, and this file has none.')
  return entries.map((entry, i) => exchangeOf(objectOf(entry), i + 1, attachment))
}

function parse(text: string): unknown {
  try {
    // Some Windows tools begin with a byte order mark.
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (cause) {
    throw new HarError('A HAR file must be JSON, and this file is not.', { cause })
  }
}

function exchangeOf(entry: Fields, place: number, attachment: (name: string) => Uint8Array | undefined): HarExchange {
  const request = objectOf(entry['request'])
  const response = objectOf(entry['response'])
  const timings = objectOf(entry['timings'])
  const { protocol, authority, target } = urlParts(textOf(request['url']))
  const headers = fieldsOf(request['headers'])
  const status = numberOf(response['status']) ?? 0
  const error = textOf(entry['_error']) || textOf(response['_error'])
  const phases = phasesOf(timings)
  const { wait = 0, receive = 0, send = 0, blocked = 0, dns = 0, connect = 0 } = phases
  const firstByteMs = blocked + dns + connect + send + wait
  const version = versionOf(
    textOf(entry['_httpVersion']) || textOf(request['httpVersion']) || textOf(response['httpVersion']),
  )
  const [, address = '', port = ''] = /^(.*):(\d+)$/.exec(textOf(entry['connection'])) ?? []
  const time = Date.parse(textOf(entry['startedDateTime']))
  return {
    id: numberOf(entry['_id']) ?? place,
    time: Number.isNaN(time) ? 0 : time,
    peer: {
      address: textOf(entry['_clientAddress']) || address,
      port: Number(port),
      localAddress: textOf(entry['serverIPAddress']).replace(/^\[|\]$/g, ''),
      encrypted: /^(?:https|wss):$/.test(protocol),
    },
    version,
    method: textOf(request['method']) || 'GET',
    target,
    authority,
    request: requestOf(request, headers, fieldsOf(entry['_requestTrailers'])),
    reply: status > 0 ? replyOf(response, status, fieldsOf(entry['_trailers']), attachment) : undefined,
    phases,
    forwarded: forwardedIn(entry['_forwarded']),
    firstByteMs: status > 0 ? firstByteMs : undefined,
    endMs: Math.max(numberOf(entry['time']) ?? 0, firstByteMs + receive),
    aborted: status <= 0 || error !== '',
    user: textOf(entry['_user']),
    route: textOf(entry['_route']),
    upstream: textOf(entry['_upstream']),
    reason: textOf(entry['_reason']),
    refusal: textOf(entry['_errorCode']),
    remark: textOf(entry['_remark']),
    site: textOf(entry['_site']),
    listener: '',
    ...messagesOf(entry['_webSocketMessages']),
  }
}

/** `blocked`, `dns`, `connect` and `ssl` are -1 where they did not take place; some programs write null, or nothing. */
function phasesOf(timings: Fields): HarPhases {
  const phase = (name: string): number | undefined => {
    const ms = numberOf(timings[name])
    return ms === undefined || ms < 0 ? undefined : ms
  }
  return {
    blocked: phase('blocked'),
    dns: phase('dns'),
    connect: phase('connect'),
    tls: phase('ssl'),
    send: phase('send'),
    wait: phase('wait'),
    receive: phase('receive'),
  }
}

function requestOf(request: Fields, headers: HeaderList, trailers: HeaderList): HarMessage {
  const postData = objectOf(request['postData'])
  const params = Array.isArray(postData['params']) ? postData['params'].map(objectOf) : []
  const text =
    textOf(postData['text']) ||
    new URLSearchParams(params.map(({ name, value }): [string, string] => [textOf(name), textOf(value)])).toString()
  const content = bytesOf(text, textOf(postData['_encoding']))
  const bytes = numberOf(request['bodySize']) ?? -1
  const head = numberOf(request['headersSize']) ?? -1
  return {
    headers,
    content,
    bytes: bytes < 0 ? content.byteLength : bytes,
    trailers,
    headBytes: head < 0 ? undefined : head,
    withheld: withheldOf(postData),
  }
}

function replyOf(
  response: Fields,
  status: number,
  trailers: HeaderList,
  attachment: (name: string) => Uint8Array | undefined,
): NonNullable<HarExchange['reply']> {
  const content = objectOf(response['content'])
  const file = textOf(content['_file'])
  const bytes =
    (file === '' ? undefined : attachment(file)) ?? bytesOf(textOf(content['text']), textOf(content['encoding']))
  const wire = numberOf(response['bodySize']) ?? -1
  const head = numberOf(response['headersSize']) ?? -1
  return {
    status,
    reason: textOf(response['statusText']),
    headers: fieldsOf(response['headers']),
    content: bytes,
    bytes: wire < 0 ? Math.max(0, numberOf(content['size']) ?? 0) : wire,
    trailers,
    headBytes: head < 0 ? undefined : head,
    withheld: withheldOf(content),
  }
}

function withheldOf(message: Fields): string {
  return /^withheld: (.*)$/s.exec(textOf(message['comment']))?.[1] ?? ''
}

/** What this server has written of its attempts to forward. */
function forwardedIn(list: unknown): HarExchange['forwarded'] {
  if (!Array.isArray(list)) return []
  return list.map(objectOf).map((each) => ({
    upstream: textOf(each['upstream']),
    method: textOf(each['method']),
    target: textOf(each['target']),
    headers: fieldsOf(each['headers']),
    isReused: typeof each['isReused'] === 'boolean' ? each['isReused'] : undefined,
    startMs: numberOf(each['startMs']) ?? 0,
    connectedMs: numberOf(each['connectedMs']),
    answeredMs: numberOf(each['answeredMs']),
    status: numberOf(each['status']),
    replyHeaders: fieldsOf(each['replyHeaders']),
  }))
}

function messagesOf(messages: unknown): { messages?: readonly HarSocketMessage[] } {
  if (!Array.isArray(messages)) return {}
  return {
    messages: messages.map(objectOf).map(({ type, time, opcode, data }) => ({
      isSent: type === 'send',
      time: (numberOf(time) ?? 0) * 1000,
      opcode: numberOf(opcode) ?? 1,
      data: bytesOf(textOf(data), opcode === 1 || opcode === undefined ? '' : 'base64'),
    })),
  }
}

/** HTTP/2 in the words of browsers: `h2`, `http/2.0`, `HTTP/2`. */
function versionOf(text: string): string {
  const version = text.toLowerCase().replace(/^(?:http\/|h)/, '')
  return version === '2.0' || version === '3.0' ? version.slice(0, 1) : version || '1.1'
}

function urlParts(text: string): { readonly protocol: string; readonly authority: string; readonly target: string } {
  const [, scheme = 'http', host = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)/is.exec(text) ?? []
  const authority = host.replace(/^.*@/s, '')
  return { protocol: `${scheme.toLowerCase()}:`, authority, target: rest.startsWith('/') ? rest : `/${rest}` }
}

/** Browsers list the pseudo-fields of HTTP/2 too, which are no fields. */
function fieldsOf(list: unknown): string[] {
  if (!Array.isArray(list)) return []
  return list.map(objectOf).flatMap(({ name, value }) => {
    const field = textOf(name)
    return field === '' || field.startsWith(':') ? [] : [field, textOf(value)]
  })
}

function bytesOf(text: string, encoding: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8'))
}

function objectOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}
