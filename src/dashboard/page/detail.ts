import { button, make } from './element.ts'
import type { Attempt, Content, FieldPairs, ShownExchange } from './exchange.ts'
import { formatBytes } from '../../core/util/format-bytes.ts'
import { formatMs, formatTime } from './format.ts'
import { statusText } from './list.ts'
import { asCurl, asFetch } from './copy.ts'
import { contentBytes } from './store.ts'

/** Characters of content that are shown at once. */
const longest = 200_000

/** Shows one exchange. @param close Called by its button. */
export function drawDetail(place: HTMLElement, exchange: ShownExchange, close: () => void): void {
  const { method, host, target, requestHeaders, headers, requestBytes, bytes } = exchange
  const shut = button('Close', close)
  const parts: readonly (Node | undefined)[] = [
    make(
      'div',
      { class: 'title' },
      make('h2', {}, make('b', {}, statusText(exchange)), ` ${method} `, make('span', {}, `${host}${target}`)),
      make(
        'div',
        { class: 'actions' },
        copyButton('Copy as curl', asCurl(exchange)),
        copyButton('Copy as fetch', asFetch(exchange)),
        shut,
      ),
    ),
    facts(exchange),
    fieldList('Request', requestHeaders),
    contentBlock('Request content', exchange.requestContent, requestHeaders, requestBytes),
    ...exchange.forwarded.flatMap((attempt) => attemptBlocks(attempt, exchange)),
    fieldList('Reply', headers),
    contentBlock('Reply content', exchange.content, headers, bytes),
    fieldList('Trailers', [...exchange.requestTrailers, ...exchange.trailers]),
  ]
  place.replaceChildren(...parts.filter((part) => part !== undefined))
  place.scrollTop = 0
}

function facts(exchange: ShownExchange): HTMLElement {
  const { time, address, version, tls, firstByteMs, ms, route, upstream, reason, refusal, remark, user, site } =
    exchange
  const waited = firstByteMs === null ? '' : `first byte after ${formatMs(firstByteMs)}`
  const whole = ms === null ? 'still running' : `complete after ${formatMs(ms)}`
  const rows: readonly (readonly [string, string])[] = [
    ['At', formatTime(time)],
    ['Took', [waited, whole].filter((text) => text !== '').join(', ')],
    ['Client', `${address}, HTTP/${version}${tls ? ' over TLS' : ''}`],
    ['Site', site],
    ['Route', route],
    ['Upstream', [upstream, reason].filter((text) => text !== '').join(': ')],
    ['User', user],
    ['Refused', refusal],
    ['Remark', remark],
  ]
  const list = make('dl', { class: 'facts' })
  for (const [name, value] of rows) {
    if (value !== '') list.append(make('dt', {}, name), make('dd', {}, value))
  }
  return list
}

/** What an upstream got and answered: fields that we added or changed are marked, and those that we took away. */
function attemptBlocks(attempt: Attempt, exchange: ShownExchange): (HTMLElement | undefined)[] {
  const { upstream, method, target, headers, replyHeaders, status } = attempt
  const sent = changes(exchange.requestHeaders, headers)
  const received = changes(replyHeaders, exchange.headers)
  return [
    make(
      'section',
      {},
      make('h3', {}, `Sent to ${upstream}`, make('small', {}, phases(attempt))),
      make('p', { class: 'line' }, `${method} ${target}`),
      changedFields(sent),
    ),
    status === undefined
      ? undefined
      : make(
          'section',
          {},
          make('h3', {}, `Answer of ${upstream}`),
          make('p', { class: 'line' }, String(status)),
          changedFields(received),
        ),
  ]
}

function phases({ isReused, startMs, connectedMs, answeredMs }: Attempt): string {
  const parts = [
    isReused === undefined ? undefined : isReused ? 'reused connection' : 'new connection',
    connectedMs === undefined || isReused === true ? undefined : `connected in ${formatMs(connectedMs - startMs)}`,
    answeredMs === undefined ? 'no answer' : `answered in ${formatMs(answeredMs - (connectedMs ?? startMs))}`,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}

/** A field of one side, and whether the other side has it. */
type Change = readonly [kind: 'same' | 'added' | 'removed', name: string, value: string]

/** Each connection has its own. */
const framing = /^(?:connection|content-length|keep-alive|transfer-encoding)$/i

/** From what came to what went out. Names differ in case only by protocol, which is no change. */
function changes(before: FieldPairs, after: FieldPairs): Change[] {
  const key = ([name, value]: readonly [string, string]): string => `${name.toLowerCase()}:${value}`
  const [old, now] = [new Set(before.map(key)), new Set(after.map(key))]
  return [
    ...after.map((field): Change => [old.has(key(field)) ? 'same' : 'added', ...field]),
    ...before
      .filter((field) => !now.has(key(field)) && !framing.test(field[0]))
      .map((field): Change => ['removed', ...field]),
  ]
}

function changedFields(fields: readonly Change[]): HTMLElement {
  const list = make('dl', { class: 'fields' })
  for (const [kind, name, value] of fields) {
    const sign = kind === 'same' ? '' : kind === 'added' ? '+ ' : '− '
    list.append(make('dt', { class: kind }, `${sign}${name}`), make('dd', { class: kind }, value))
  }
  return list
}

function fieldList(title: string, fields: FieldPairs): HTMLElement | undefined {
  if (fields.length === 0) return undefined
  const list = make('dl', { class: 'fields' })
  for (const [name, value] of fields) list.append(make('dt', {}, name), make('dd', {}, value))
  return make('section', {}, make('h3', {}, title), list)
}

function contentBlock(
  title: string,
  content: Content | null | undefined,
  fields: FieldPairs,
  bytes: number,
): HTMLElement | undefined {
  if (bytes === 0 || content === null || content === undefined) return undefined
  const type = fields.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  return make(
    'section',
    {},
    make('h3', {}, title, make('small', {}, formatBytes(bytes))),
    shownContent(content, type, bytes),
  )
}

function shownContent(content: Content, type: string, bytes: number): Node {
  if (content.withheld !== undefined) return make('p', { class: 'soft' }, `Not shown: ${content.withheld}.`)
  if (content.base64 !== undefined) {
    const data = contentBytes(content)
    const isWhole = data.length >= bytes
    // A picture as a picture: a source of data can run nothing.
    if (/^image\/(?!svg)/i.test(type) && isWhole) {
      return make('img', {
        class: 'picture',
        alt: 'The picture of the reply',
        src: `data:${type.replace(/;.*$/s, '')};base64,${content.base64}`,
      })
    }
    return make('pre', { tabindex: '0' }, hexDump(data.subarray(0, 4096)))
  }
  const text = content.text ?? ''
  return make('pre', { tabindex: '0' }, pretty(text, type).slice(0, longest))
}

/** JSON with line breaks; all else as it is. */
function pretty(text: string, type: string): string {
  if (!/[/+]json\b/i.test(type)) return text
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

function hexDump(data: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < data.length; at += 16) {
    const row = [...data.subarray(at, at + 16)]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const text = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${text}`)
  }
  return lines.join('\n')
}

function copyButton(text: string, value: string): HTMLButtonElement {
  const made = button(text, () => {
    void navigator.clipboard.writeText(value).then(() => {
      made.textContent = 'Copied'
      setTimeout(() => (made.textContent = text), 1200)
    })
  })
  return made
}
