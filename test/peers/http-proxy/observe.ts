import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ProxyOptions } from '../../../src/index.ts'
import { startBackend, type Backend, type BackendSocket } from '../../support/backend.ts'
import { RawClient } from '../../support/raw.ts'
import { startOurs, type Contender, type Peer, type PeerOptions } from './contenders.ts'
import { readMessage, valuesOf, type Message } from './messages.ts'

/** One exchange, which goes through both proxies. `BACKEND` and `PROXY` stand for `localhost` with the port of each. */
export interface Case {
  readonly name: string
  /** The client's bytes. */
  readonly request: string
  /** The upstream's bytes behind a whole request, or what it does on each connection. Default: 200 with `ok`. */
  readonly reply?: string | ((connection: BackendSocket) => unknown)
  /** What the client does after its bytes. Default: waits for the final reply or the end. */
  readonly client?: (client: RawClient, backend: Backend) => Promise<unknown>
  /** Options of http-proxy, and the same ones as written here. */
  readonly options?: readonly [theirs: PeerOptions, ours: Partial<ProxyOptions>]
  /** Whether http-proxy leaves the client, or the upstream, waiting for ever; nothing but time shows this. */
  readonly stalls?: boolean
  /** Where the proxies forward to. Default `http://BACKEND`. */
  readonly target?: string
}

/** How long http-proxy is waited for where it stalls: it does what it does within milliseconds. */
const stalledMs = 500

/** What was seen of an exchange at both ends: the name of each fact with its value. */
export type Facts = ReadonlyMap<string, string>

/** Runs a case through both proxies. */
export async function observeBoth(each: Case, peer: Peer): Promise<{ theirs: Facts; ours: Facts }> {
  const [theirOptions = {}, ourOptions = {}] = each.options ?? []
  const patienceMs = each.stalls === true ? stalledMs : undefined
  const theirs = new Map(await observe(each, (target) => peer.start(target, theirOptions), patienceMs))
  if (await peer.hasCrashed()) theirs.set('proxy', 'crashed')
  return { theirs, ours: await observe(each, (target) => startOurs(target, ourOptions)) }
}

async function observe(each: Case, start: (target: string) => Promise<Contender>, patienceMs?: number): Promise<Facts> {
  await using backend = await startBackend(actor(each))
  await using proxy = await start((each.target ?? 'http://BACKEND').replace('BACKEND', `localhost:${backend.port}`))
  const method = each.request.split(' ')[0] ?? ''
  using client = await RawClient.open(proxy.port)
  const received = (): Message | undefined =>
    readMessage(client.received.toString('latin1'), { method, ended: client.hasEnded })
  client.send(
    each.request.replaceAll('BACKEND', `localhost:${backend.port}`).replaceAll('PROXY', `localhost:${proxy.port}`),
  )
  const ended = each.client?.(client, backend) ?? client.until(() => received()?.isComplete === true)
  const stalled = patienceMs !== undefined && (await Promise.race([ended.then(() => false), delay(patienceMs, true)]))
  if (!stalled) await ended
  const unnamed = (text: string): string => withoutPorts(text, backend.port, proxy.port)
  // Several may arrive on several connections at once.
  const requests = backend.sockets
    .flatMap(({ text, hasEnded }) => messagesIn(text, hasEnded))
    .toSorted((a, b) => (a.line < b.line ? -1 : 1))
  const facts = new Map([['upstream requests', String(requests.length)]])
  if (stalled) facts.set('proxy', 'stalls')
  const [first] = requests
  if (first !== undefined) addFacts(facts, 'upstream', first, each.request, unnamed)
  const final = received()
  if (final === undefined) facts.set('client line', 'none')
  else addFacts(facts, 'client', final, typeof each.reply === 'string' ? each.reply : '', unnamed)
  return facts
}

/** What the upstream does on a connection. */
function actor({ reply = ok('ok') }: Case): (connection: BackendSocket) => unknown {
  if (typeof reply === 'function') return reply
  return async (connection) => {
    if (await request(connection)) answer(connection, reply)
  }
}

/** Waits for a whole request; false when the connection ends before. */
export async function request(connection: BackendSocket): Promise<boolean> {
  return connection.until(() => readMessage(connection.text, { ended: false })?.isComplete === true)
}

/** Sends a reply, in which `BACKEND` is the upstream itself. */
export function answer(connection: BackendSocket, bytes: string): BackendSocket {
  return connection.send(bytes.replaceAll('BACKEND', `localhost:${connection.socket.localPort}`))
}

/** A reply with a length. */
export function ok(content: string, ...lines: readonly string[]): string {
  return reply(200, content, ...lines)
}

/** A reply with a length and this status. */
export function reply(status: number | string, content: string, ...lines: readonly string[]): string {
  const line = typeof status === 'string' ? status : `${status} Fine`
  return [`HTTP/1.1 ${line}`, ...lines, `Content-Length: ${content.length}`, '', content].join('\r\n')
}

/** A request for `localhost`, whose content, if any, must be framed by a line. */
export function ask(method: string, target: string, lines: readonly string[] = [], content = ''): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: PROXY', ...lines, '', content].join('\r\n')
}

/** The messages in a text; the last one may be incomplete. */
export function messagesIn(text: string, ended: boolean): Message[] {
  const first = readMessage(text, { ended })
  if (first === undefined) return []
  return first.isComplete ? [first, ...messagesIn(text.slice(first.length), ended)] : [first]
}

/** Ports differ from run to run, and each proxy has its own name in Via. */
function withoutPorts(text: string, backend: number, proxy: number): string {
  return text
    .replaceAll(`localhost:${backend}`, 'BACKEND')
    .replaceAll(`localhost:${proxy}`, 'PROXY')
    .replace(/\bserve8008-\w+/, 'NAME')
    .replace(new RegExp(`^${proxy}$`), 'PORT')
}

type Unnamed = (text: string) => string

function addFacts(
  facts: Map<string, string>,
  side: string,
  message: Message,
  original: string,
  unnamed: Unnamed,
): void {
  const add = (name: string, value: string): void => {
    if (value !== '') facts.set(`${side} ${name}`, unnamed(value))
  }
  const { line, interim, framing, content, trailers, isComplete, fields } = message
  add('line', line)
  add('end', isComplete ? 'complete' : 'cut')
  add('field connection', valuesOf(message, 'connection').join(' | '))
  const page = /^E8008_\w+|^Something went wrong/m.exec(content)?.[0]
  // The pages of the proxies themselves are compared by their codes.
  if (page !== undefined) return add('page', page)
  add('interim', interim.join(' | '))
  add('framing', framing === 'length' ? `length ${content.length}` : framing)
  add('content', shortened(content))
  add('trailers', trailers.map((each) => each.join(': ')).join(' | '))
  for (const name of new Set(fields.map(([each]) => each.toLowerCase()))) {
    if (framing !== 'none' && (name === 'content-length' || name === 'transfer-encoding')) continue
    const isNow = name === 'date' && !original.includes('Date:')
    add(`field ${name}`, isNow ? 'now' : shortened(valuesOf(message, name).join(' | ')))
  }
  // The fields that a proxy writes itself do not count.
  const sent = [...original.matchAll(/^(?!Host|Connection|Content-Length|Transfer-)([\w-]*[A-Z][\w-]*):/gm)].map(
    ([, name = '']) => name,
  )
  const got = new Set(fields.map(([name]) => name))
  if (sent.some((name) => !got.has(name) && got.has(name.toLowerCase()))) add('spelling', 'lower case')
  else if (sent.length > 0) add('spelling', 'as sent')
}

function shortened(content: string): string {
  if (content.length <= 200) return content
  return `${content.length} bytes, ${createHash('sha256').update(content, 'latin1').digest('hex').slice(0, 16)}`
}

/** One difference: the name of the fact, with both values; undefined is absence. */
export type Change = readonly [fact: string, theirs: string | undefined, ours: string | undefined]

/** How we differ from http-proxy. Facts of a message that one side never got, or that one proxy answered itself, are left out. */
export function changesOf(theirs: Facts, ours: Facts): Change[] {
  const both = [theirs, ours]
  const isUnsent = both.some((facts) => facts.get('upstream requests') === '0')
  const isUnanswered = both.some((facts) => facts.get('client line') === 'none')
  const isOwn = both.some((facts) => facts.has('client page'))
  const isLeftOut = (name: string): boolean =>
    (isUnsent && /^upstream (?!requests)/.test(name)) ||
    (isUnanswered && /^client (?!line|page)/.test(name)) ||
    (isOwn && /^client (?!line|page|end)/.test(name))
  const names = new Set(both.flatMap((facts) => [...facts.keys()]))
  return [...names]
    .filter((name) => theirs.get(name) !== ours.get(name) && !isLeftOut(name))
    .map((name) => [name, theirs.get(name), ours.get(name)])
}
