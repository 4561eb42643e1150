import type { RecordedExchange, RecordedMessage } from '../types.ts'
import { getField } from '../../http/message/headers.ts'
import { FilterError, type FilterTerm, type FilterValue } from './syntax.ts'

/** Whether an exchange has what a term asks for. */
export type Predicate = (exchange: RecordedExchange) => boolean

/** A key of the filter language. */
export interface FilterKey {
  /** What it compares, as the end of a sentence. */
  readonly describe: string
  /** A term that works, for hints, help and completions. */
  readonly example: string
  /** What it reads beside what can hold no secret, such as the status. */
  readonly reads?: 'text' | 'content'
  /** The comparison with one value. @returns undefined for a value that it cannot take. */
  readonly compile: (value: FilterValue) => Predicate | undefined
}

/** What a text must be. */
type TextTest = (text: string) => boolean

/** Whether a text is the value, in any case; `*` stands for any characters. */
function isLike({ text, isQuoted }: FilterValue): TextTest {
  const wanted = text.toLowerCase()
  if (isQuoted || !wanted.includes('*')) return (found) => found.toLowerCase() === wanted
  const [first = '', ...rest] = wanted.split('*')
  const last = rest.pop() ?? ''
  return (found) => {
    const lower = found.toLowerCase()
    // Each part is looked for once, from the end of the one before: never more than the length of both.
    if (!lower.startsWith(first) || !lower.endsWith(last)) return false
    let from = first.length
    for (const part of rest) {
      const at = lower.indexOf(part, from)
      if (at === -1) return false
      from = at + part.length
    }
    return from <= lower.length - last.length
  }
}

/** Whether a text holds the value, in any case; with a `*` as {@link isLike} with one around it. */
function holds(value: FilterValue): TextTest {
  const wanted = value.text.toLowerCase()
  if (!value.isQuoted && wanted.includes('*')) return isLike({ text: `*${wanted}*`, isQuoted: false })
  return (found) => found.toLowerCase().includes(wanted)
}

/** A number with a unit. @returns undefined for a text that is none. */
function amount(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text) ?? []
  const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined
  return digits === '' || factor === undefined ? undefined : Number(digits) * factor
}

/** `>200ms`, `>=1s`, `<5`, `5`, `100..200`, `100..`. */
function numbers(text: string, units: Readonly<Record<string, number>>): ((found: number) => boolean) | undefined {
  const [, sign = '', rest = ''] = /^([<>]=?|)(.*)$/s.exec(text) ?? []
  const range = sign === '' ? /^(.*?)\.\.(.*)$/s.exec(rest) : null
  if (range !== null) {
    const [, from = '', to = ''] = range
    const least = from === '' && to !== '' ? 0 : amount(from, units)
    const most = to === '' ? Number.POSITIVE_INFINITY : amount(to, units)
    return least === undefined || most === undefined ? undefined : (found) => found >= least && found <= most
  }
  const wanted = amount(rest, units)
  if (wanted === undefined) return undefined
  if (sign === '>') return (found) => found > wanted
  if (sign === '>=') return (found) => found >= wanted
  if (sign === '<') return (found) => found < wanted
  if (sign === '<=') return (found) => found <= wanted
  return (found) => found === wanted
}

const times = { '': 1, ms: 1, s: 1000, sec: 1000, m: 60_000, min: 60_000 }
/** Decimal, as the log writes them. */
const sizes = {
  '': 1,
  b: 1,
  kb: 1e3,
  k: 1e3,
  mb: 1e6,
  m: 1e6,
  gb: 1e9,
  g: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
}

function statuses({ text }: FilterValue): Predicate | undefined {
  const shape = /^[1-5](?:\d|x){2}$/i.test(text) && /x/i.test(text) ? text.toLowerCase() : undefined
  const matches =
    shape === undefined
      ? numbers(text, { '': 1 })
      : (status: number) =>
          String(status)
            .split('')
            .every((digit, i) => shape[i] === 'x' || shape[i] === digit)
  return matches && (({ reply }) => reply !== undefined && matches(reply.status))
}

/** A path alone stands for all that is below it too, as in routes. */
function paths(value: FilterValue): Predicate {
  const { text, isQuoted } = value
  const isExact = isQuoted || text.includes('*') || text === '/'
  const like = isLike(isExact ? value : { text: text.replace(/\/+$/, ''), isQuoted: true })
  const below = `${text.replace(/\/+$/, '').toLowerCase()}/`
  return ({ target }) => {
    const path = pathOf(target)
    return like(path) || (!isExact && path.toLowerCase().startsWith(below))
  }
}

function pathOf(target: string): string {
  const start = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(target)?.[0].length ?? 0
  return target.slice(start).replace(/[?#].*$/s, '') || '/'
}

function hosts(value: FilterValue): Predicate {
  const like = isLike(value)
  const hasPort = /:\d*$/.test(value.text)
  return ({ authority }) => like(hasPort ? authority : authority.replace(/:\d*$/, ''))
}

/** Kinds of content, as browsers sort them. */
const kinds: Readonly<Record<string, RegExp>> = {
  script: /^(?:text|application)\/(?:x-)?(?:java|ecma)script$/,
  style: /^text\/css$/,
  document: /^(?:text\/html|application\/xhtml\+xml)$/,
  font: /^(?:font\/|application\/(?:x-font-|vnd\.ms-fontobject|font-))/,
  media: /^(?:audio|video)\//,
  form: /^(?:application\/x-www-form-urlencoded|multipart\/form-data)$/,
  sse: /^text\/event-stream$/,
}

/** `image`, `json`, `text/html`, `image/*`, or one of the kinds. The type is that of the reply, else that of the request. */
function types(value: FilterValue): Predicate {
  const wanted = value.text.toLowerCase()
  const like = isLike(value)
  const kind = Object.hasOwn(kinds, wanted) ? kinds[wanted] : undefined
  return ({ request, reply }) => {
    const type = typeOf(reply) || typeOf(request)
    if (type === '') return false
    if (kind !== undefined) return kind.test(type)
    const [main = '', sub = ''] = type.split('/')
    return like(type) || main === wanted || like(sub) || sub.endsWith(`+${wanted}`)
  }
}

/** The media type of a message without parameters, in lower case; empty without one. */
function typeOf(message: RecordedMessage | undefined): string {
  return (message === undefined ? '' : (getField(message.headers, 'content-type') ?? ''))
    .replace(/;.*$/s, '')
    .trim()
    .toLowerCase()
}

function contents(value: FilterValue): Predicate {
  const test = holds(value)
  const isIn = (message: RecordedMessage | undefined): boolean =>
    message !== undefined && message.content.byteLength > 0 && test(textOf(message.content))
  return ({ request, reply }) => isIn(request) || isIn(reply)
}

/** Without anything of Node: the dashboard filters in the browser. */
const decoder = new TextDecoder()

function textOf(content: Uint8Array): string {
  return decoder.decode(content)
}

/** `accept` asks for the field, `accept=text/html` for a part of its value, in the request or the reply. */
function fields({ text, isQuoted }: FilterValue): Predicate {
  const [, name = '', value] = /^([^=:]*)(?:[=:]\s*(.*))?$/s.exec(text) ?? []
  const isNamed = isLike({ text: name, isQuoted: false })
  const test = value === undefined ? () => true : holds({ text: value, isQuoted })
  const isIn = (list: readonly string[]): boolean =>
    list.some((each, i) => i % 2 === 0 && isNamed(each) && test(list[i + 1] ?? ''))
  return ({ request, reply }) => isIn(request.headers) || (reply !== undefined && isIn(reply.headers))
}

const states: Readonly<Record<string, Predicate>> = {
  ws: ({ request, reply, version }) => {
    const status = reply?.status
    const isUpgraded = status === 101 || (status === 200 && version === '2')
    return isUpgraded && (getField(request.headers, 'upgrade') ?? '').toLowerCase() === 'websocket'
  },
  sse: ({ reply }) => typeOf(reply) === 'text/event-stream',
  grpc: ({ request }) => typeOf(request).startsWith('application/grpc'),
  aborted: ({ aborted }) => aborted,
  tls: ({ peer }) => peer.encrypted,
  http2: ({ version }) => version === '2',
  error: ({ reply, aborted, refusal }) => (reply?.status ?? 0) >= 500 || refusal !== '' || aborted,
  proxied: ({ upstream }) => upstream !== '',
  redirect: ({ reply }) => [301, 302, 303, 307, 308].includes(reply?.status ?? 0),
}

function textKey(read: (exchange: RecordedExchange) => string, test: (value: FilterValue) => TextTest) {
  return (value: FilterValue): Predicate => {
    const matches = test(value)
    return (exchange) => matches(read(exchange))
  }
}

/** An exact text, with or without the beginning that all of them have. */
function startingWith(start: string): (value: FilterValue) => TextTest {
  return (value) => {
    const isFull = value.text.toLowerCase().startsWith(start.toLowerCase())
    const like = isLike(value)
    const short = isLike({ ...value, text: start + value.text })
    return (text) => text !== '' && (like(text) || (!isFull && short(text)))
  }
}

function urlOf({ peer, authority, target }: RecordedExchange): string {
  return target.startsWith('/') ? `${peer.encrypted ? 'https' : 'http'}://${authority}${target}` : target
}

function bytesOf(read: (exchange: RecordedExchange) => number | undefined, units: Readonly<Record<string, number>>) {
  return ({ text }: FilterValue): Predicate | undefined => {
    const matches = numbers(text, units)
    return (
      matches &&
      ((exchange) => {
        const found = read(exchange)
        return found !== undefined && matches(found)
      })
    )
  }
}

/** Every key of the filter language, in the order of its documentation. */
export const filterKeys: Readonly<Record<string, FilterKey>> = {
  method: { describe: 'the method', example: 'method:POST', compile: textKey(({ method }) => method, isLike) },
  status: { describe: 'the status: 404, 5xx, >=400 or 400..499', example: 'status:5xx', compile: statuses },
  host: { reads: 'text', describe: 'the host that was asked for', example: 'host:*.localhost', compile: hosts },
  path: {
    reads: 'text',
    describe: 'the path and all below it; exactly with "…" or *',
    example: 'path:/api/*',
    compile: paths,
  },
  url: { reads: 'text', describe: 'a part of the URL', example: 'url:page=2', compile: textKey(urlOf, holds) },
  route: {
    describe: 'the route that answered',
    example: 'route:/api',
    compile: textKey(({ route }) => route, startingWith('/')),
  },
  upstream: {
    reads: 'text',
    describe: 'a part of the upstream',
    example: 'upstream:3000',
    compile: textKey(({ upstream }) => upstream, holds),
  },
  type: { describe: 'the media type, or a kind of it', example: 'type:json', compile: types },
  header: {
    reads: 'text',
    describe: 'a field of the request or the reply, or a part of its value',
    example: 'header:accept=json',
    compile: fields,
  },
  body: { describe: 'a part of the content', example: 'body:"token"', reads: 'content', compile: contents },
  dur: { describe: 'how long it took', example: 'dur:>200ms', compile: bytesOf(({ endMs }) => endMs, times) },
  size: { describe: 'bytes of the reply', example: 'size:>1mb', compile: bytesOf(({ reply }) => reply?.bytes, sizes) },
  upload: {
    describe: 'bytes of the request',
    example: 'upload:>1mb',
    compile: bytesOf(({ request }) => request.bytes, sizes),
  },
  client: {
    describe: 'the address of the client',
    example: 'client:127.0.0.1',
    compile: textKey(({ peer }) => peer.address, isLike),
  },
  user: { describe: 'the user who authenticated', example: 'user:ada', compile: textKey(({ user }) => user, isLike) },
  code: {
    describe: 'the error code, with or without E8008_',
    example: 'code:E8008_NOT_FOUND',
    compile: textKey(({ refusal }) => refusal, startingWith('E8008_')),
  },
  id: { describe: 'the number of the exchange', example: 'id:>100', compile: bytesOf(({ id }) => id, { '': 1 }) },
  is: {
    describe: `one of: ${Object.keys(states).join(', ')}`,
    example: 'is:ws',
    compile: ({ text }) => (Object.hasOwn(states, text.toLowerCase()) ? states[text.toLowerCase()] : undefined),
  },
}

/** @throws FilterError for a key or a value that there is not */
export function compileTerm({ key, values, at }: FilterTerm): Predicate {
  if (key === '') return words(values[0] as FilterValue)
  const known = Object.hasOwn(filterKeys, key) ? filterKeys[key] : undefined
  if (known === undefined) {
    const names = Object.keys(filterKeys)
    const text = values[0]?.text ?? ''
    // An address is a text; any other word with a colon is a key with a typing error.
    const isAddress = /^(?:\d{4,5}(?:\/|$)|\/\/)/.test(text)
    const near = isAddress ? undefined : names.find((name) => name.startsWith(key.slice(0, 3)))
    const hint =
      near === undefined ? `"${`${key}:${text}`.replace(/["\\]/g, '\\$&')}"` : (filterKeys[near] as FilterKey).example
    throw new FilterError(
      `There is no key ${key}; it must be one of: ${names.join(', ')} (or a text in quotes)`,
      at,
      hint,
    )
  }
  const tests = values.map((value) => {
    const test = known.compile(value)
    if (test !== undefined) return test
    throw new FilterError(`${key}: cannot be "${value.text}"; it is ${known.describe}`, at, known.example)
  })
  const [first] = tests
  return tests.length === 1 ? (first as Predicate) : (exchange) => tests.some((test) => test(exchange))
}

/** What the log shows of an exchange: its request, its URL, what answered it and what was wrong. */
function words(value: FilterValue): Predicate {
  const test = holds(value)
  return (exchange) => {
    const { method, route, upstream, remark, refusal, reason } = exchange
    return test(`${method} ${urlOf(exchange)}`) || test(`${route} ${upstream} ${refusal} ${remark} ${reason}`)
  }
}
