import { isUtf8 } from 'node:buffer'
import { getField, type HeaderList } from '../../http/message/headers.ts'
import { statusTitle } from '../../pages/status-title.ts'
import type { HarExchange, HarMessage } from './har-exchange.ts'

/** Builds one HAR file (version 1.2). */
export interface HarWriter {
  /** Adds an exchange. Returns the length of what it adds, in UTF-16 units. */
  add(exchange: HarExchange): number
  /** The file: entries by their start, then the pages that they belong to. */
  end(): string
}

/** Reason phrases that HTTP/1.1 sends (RFC 9110 section 15), beside those of error pages. */
const phrases: Readonly<Record<number, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
}

/** A page, to which entries belong. */
interface Page {
  readonly id: string
  readonly url: string
  readonly startedDateTime: string
}

/** Makes a HAR file. Exchanges come without secrets, which the file says. @param version Of serve8008. */
export function harWriter(version: string): HarWriter {
  const entries: { readonly time: number; readonly json: string }[] = []
  const pages: Page[] = []

  /** The page that an exchange opens, or that its Referer names. */
  function pageOf(exchange: HarExchange, url: string): string | undefined {
    const { headers } = exchange.request
    if (getField(headers, 'sec-fetch-dest') === 'document' && getField(headers, 'sec-fetch-mode') === 'navigate') {
      const id = `page_${pages.length + 1}`
      pages.push({ id, url, startedDateTime: isoTime(exchange.time) })
      return id
    }
    const referer = getField(headers, 'referer')
    return referer === undefined ? undefined : pages.findLast((page) => page.url === withoutFragment(referer))?.id
  }

  return {
    add(exchange) {
      const url = urlOf(exchange)
      const pageref = pageOf(exchange, url)
      const json = JSON.stringify({ ...(pageref === undefined ? {} : { pageref }), ...entryOf(exchange, url) })
      entries.push({ time: exchange.time, json })
      return json.length
    },
    end() {
      const creator = { name: 'serve8008', version, comment: 'redacted' }
      const list = pages.map(({ id, url, startedDateTime }) => ({ startedDateTime, id, title: url, pageTimings: {} }))
      const head = JSON.stringify({ version: '1.2', creator, comment: 'redacted', pages: list }).slice(0, -1)
      const sorted = entries.toSorted((one, other) => one.time - other.time)
      return `{"log":${head},"entries":[${sorted.map(({ json }) => `\n${json}`).join(',')}\n]}}\n`
    },
  }
}

function entryOf(exchange: HarExchange, url: string): object {
  const { request, reply, aborted, refusal, version, peer } = exchange
  const { timings, time } = timingsOf(exchange)
  const isLost = reply === undefined || aborted
  return {
    startedDateTime: isoTime(exchange.time),
    time,
    request: requestOf(exchange, url),
    response: responseOf(exchange),
    cache: {},
    timings,
    ...(peer.localAddress === '' ? {} : { serverIPAddress: peer.localAddress }),
    ...(peer.port === 0 ? {} : { connection: `${peer.address}:${peer.port}` }),
    ...(isLost ? { _error: refusal === '' ? 'the client left' : refusal } : {}),
    ...(exchange.messages === undefined && !isSocket(exchange) ? {} : { _resourceType: 'websocket' }),
    ...(exchange.messages === undefined ? {} : { _webSocketMessages: exchange.messages.map(messageOf) }),
    ...own({
      _requestTrailers: pairs(request.trailers),
      _trailers: pairs(reply?.trailers ?? []),
      _id: exchange.id,
      _clientAddress: peer.address,
      _route: exchange.route,
      _upstream: exchange.upstream,
      _user: exchange.user,
      _errorCode: refusal,
      _remark: exchange.remark,
      _site: exchange.site,
      _forwarded: exchange.forwarded.map(({ headers, replyHeaders, ...each }) => ({
        ...each,
        headers: pairs(headers),
        replyHeaders: pairs(replyHeaders),
      })),
      _reason: exchange.reason,
      _httpVersion: version,
    }),
  }
}

/** Fields of our own, which begin with `_` (HAR 1.2, "Custom fields"), without those that are empty. */
function own(fields: Readonly<Record<string, string | number | readonly unknown[]>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => typeof value === 'number' || value.length > 0))
}

/**
 * `connect` includes `ssl`, which the sum does not count again. Only the phases of the connection may be -1: it was reused,
 * or was not measured.
 */
function timingsOf({ phases = {}, firstByteMs, endMs }: HarExchange): { timings: object; time: number } {
  const { blocked = -1, dns = -1, connect = -1, tls = -1, send = 0 } = phases
  const before = [blocked, dns, connect, send].reduce((sum, ms) => sum + Math.max(0, ms), 0)
  const { wait = Math.max(0, (firstByteMs ?? endMs ?? 0) - before) } = phases
  const { receive = Math.max(0, (endMs ?? 0) - (firstByteMs ?? endMs ?? 0)) } = phases
  const timings = { blocked, dns, connect, ssl: tls, send, wait, receive }
  return { timings, time: Math.round((before + wait + receive) * 1000) / 1000 }
}

function requestOf(exchange: HarExchange, url: string): object {
  const { method, request } = exchange
  return {
    method,
    url,
    httpVersion: versionOf(exchange),
    cookies: cookiesOf(request.headers),
    headers: pairs(request.headers),
    queryString: queryOf(url),
    headersSize: request.headBytes ?? -1,
    bodySize: request.bytes,
    ...(request.bytes > 0 ? { postData: postDataOf(request) } : {}),
  }
}

/** For every method: PROPFIND, QUERY and DELETE have content too. `text` excludes `params`. */
function postDataOf(request: HarMessage): object {
  const { content } = request
  const isText = isUtf8(content)
  return {
    mimeType: getField(request.headers, 'content-type') ?? '',
    text: isText ? textOf(content) : Buffer.from(content).toString('base64'),
    // HAR has no field for the encoding of what was sent.
    ...(isText ? {} : { _encoding: 'base64' }),
    ...commentOf(request),
  }
}

function responseOf(exchange: HarExchange): object {
  const { reply, aborted, refusal } = exchange
  const common = { httpVersion: versionOf(exchange) }
  if (reply === undefined) {
    const content = { size: 0, mimeType: 'x-unknown' }
    return {
      status: 0,
      statusText: '',
      ...common,
      cookies: [],
      headers: [],
      content,
      redirectURL: '',
      headersSize: -1,
      bodySize: -1,
    }
  }
  const { status, headers } = reply
  return {
    status,
    statusText:
      reply.reason ?? (exchange.version === '2' ? '' : (phrases[status] ?? (status < 400 ? '' : statusTitle(status)))),
    ...common,
    cookies: setCookiesOf(headers),
    headers: pairs(headers),
    content: contentOf(reply),
    redirectURL: getField(headers, 'location') ?? '',
    headersSize: reply.headBytes ?? -1,
    bodySize: status === 304 ? 0 : reply.bytes,
    ...(aborted ? { comment: `incomplete: ${refusal === '' ? 'the client left' : refusal}` } : {}),
  }
}

/** `size` is that of the decoded content, and `compression` what the coding has saved. */
function contentOf(reply: HarMessage & { readonly status: number }): object {
  const { content, bytes, headers, status, withheld = '' } = reply
  const isCoded = (getField(headers, 'content-encoding') ?? 'identity') !== 'identity'
  const isShown = content.byteLength > 0
  // What was cut off, and what was not decoded, has a size that is known only without a coding.
  const size = isShown && (isCoded || content.byteLength > bytes) ? content.byteLength : bytes
  const hasCompression = isCoded && isShown && status !== 304 && status !== 206
  const isText = isUtf8(content)
  return {
    size,
    ...(hasCompression ? { compression: size - bytes } : {}),
    mimeType: getField(headers, 'content-type') ?? 'x-unknown',
    ...(isShown ? { text: isText ? textOf(content) : Buffer.from(content).toString('base64') } : {}),
    ...(isShown && !isText ? { encoding: 'base64' } : {}),
    ...(withheld === '' ? commentOf(reply) : { comment: `withheld: ${withheld}` }),
  }
}

/** Says where content is not whole. */
function commentOf({ content, bytes, headers, withheld = '' }: HarMessage): object {
  if (withheld !== '') return { comment: `withheld: ${withheld}` }
  const isCoded = (getField(headers, 'content-encoding') ?? 'identity') !== 'identity'
  if (isCoded || content.byteLength >= bytes) return {}
  return { comment: `the first ${content.byteLength} of ${bytes} bytes` }
}

function versionOf({ version }: HarExchange): string {
  return version === '2' ? 'HTTP/2.0' : `HTTP/${version}`
}

/** The URL that the client asked for. A URL cannot hold the brackets of a placeholder, nor a fragment in a request. */
function urlOf(exchange: HarExchange): string {
  const { target, authority, peer } = exchange
  const scheme = `${isSocket(exchange) ? 'ws' : 'http'}${peer.encrypted ? 's' : ''}`
  const host = authority === '' ? 'localhost' : authority
  const isWhole = /^[a-z][a-z0-9+.-]*:\/\//i.test(target)
  const url = isWhole ? target : `${scheme}://${host}${target.startsWith('/') ? target : '/'}`
  const [, start = '', user = '', literal = '', rest = ''] =
    /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*@)?(\[[^\]]*\])?(.*)$/is.exec(withoutFragment(url)) ?? []
  // What clients send as it is, such as spaces of a broken one, is encoded as a URL demands.
  return start + encoded(user) + literal + encoded(rest)
}

function encoded(text: string): string {
  return text.replace(/[^\w!$&'()*+,;=:@/?.~%-]/g, (unit) =>
    Array.from(Buffer.from(unit, 'latin1'), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  )
}

function withoutFragment(url: string): string {
  return url.replace(/#.*$/s, '')
}

function isSocket({ request, reply, version }: HarExchange): boolean {
  const isUpgraded = reply?.status === 101 || (reply?.status === 200 && version === '2')
  return isUpgraded && (getField(request.headers, 'upgrade') ?? '').toLowerCase() === 'websocket'
}

function queryOf(url: string): object[] {
  const query = /\?(.*)$/s.exec(url)?.[1] ?? ''
  return Array.from(new URLSearchParams(query), ([name, value]) => ({ name, value }))
}

function cookiesOf(headers: HeaderList): object[] {
  return valuesOf(headers, 'cookie').flatMap((value) =>
    value.split(';').flatMap((pair) => {
      const [name, text] = pairOf(pair)
      return name === '' ? [] : [{ name, value: text }]
    }),
  )
}

function setCookiesOf(headers: HeaderList): object[] {
  return valuesOf(headers, 'set-cookie').map((line) => {
    const [first = '', ...rest] = line.split(';')
    const [name, value] = pairOf(first)
    const attributes = new Map(rest.map(pairOf).map(([key, text]) => [key.toLowerCase(), text]))
    const expires = dateOf(attributes.get('expires') ?? '')
    return {
      name,
      value,
      ...(attributes.has('path') ? { path: attributes.get('path') } : {}),
      ...(attributes.has('domain') ? { domain: attributes.get('domain') } : {}),
      ...(Number.isNaN(expires) ? {} : { expires: isoTime(expires) }),
      httpOnly: attributes.has('httponly'),
      secure: attributes.has('secure'),
      ...(attributes.has('samesite') ? { sameSite: attributes.get('samesite') } : {}),
    }
  })
}

/** Clients ignore what is no date, such as `0`, which `Date.parse` takes for a year. */
function dateOf(text: string): number {
  return /[a-z]{3}/i.test(text) ? Date.parse(text) : Number.NaN
}

function pairOf(text: string): [name: string, value: string] {
  const equals = text.indexOf('=')
  return equals === -1 ? [text.trim(), ''] : [text.slice(0, equals).trim(), text.slice(equals + 1).trim()]
}

function valuesOf(headers: HeaderList, name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === name)
}

function pairs(headers: HeaderList): { readonly name: string; readonly value: string }[] {
  return headers.flatMap((value, i) => (i % 2 === 0 ? [] : [{ name: headers[i - 1] as string, value }]))
}

/** As Chrome has it: time in seconds, and bytes as base64. */
function messageOf({ isSent, time, opcode, data }: NonNullable<HarExchange['messages']>[number]): object {
  const text = opcode === 1 ? textOf(data) : Buffer.from(data).toString('base64')
  return { type: isSent ? 'send' : 'receive', time: time / 1000, opcode, data: text }
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString()
}

function isoTime(time: number): string {
  return new Date(time).toISOString()
}
