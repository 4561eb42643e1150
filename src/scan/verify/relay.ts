import { setTimeout as delay } from 'node:timers/promises'
import { nodeCrypto } from '../../core/util/builtin.ts'
import { printable } from '../../core/util/sanitize.ts'
import { inTurns } from '../in-turns.ts'
import { openCanary, type Canary } from './canary.ts'
import type { TestedServer } from './endpoint.ts'
import { sendHttp1, type Received, type SendOptions } from './http1.ts'
import { sendHttp2 } from './http2.ts'
import type { RelayAttempt, RelayResult } from './types.ts'
import { atOnce, type Wire } from './wires.ts'

/** Names of the canary and of the server itself, as a request writes them. */
interface Names {
  readonly canary: string
  readonly own: string
  readonly path: string
  readonly scheme: 'http' | 'https'
}

/** What is asked for the test, and how long. */
type TestedPlace = Pick<TestedServer, 'authority' | 'timeoutMs'>

/** A request that may make a server contact the canary. */
interface Lure {
  /** `::1` is tried where that is another way through the code of a proxy. Default `127.0.0.1`. */
  readonly address?: '::1'
  /** Whether it names the canary as the server: an honest answer is an error then. */
  readonly demands?: true
  /** Request line and fields of HTTP/1.1, or fields of HTTP/2. */
  readonly head: readonly string[] | Readonly<Record<string, string>>
  /** What is sent through the tunnel of a CONNECT. */
  readonly tunnelled?: string
}

/** Milliseconds after the last answer in which a server may still contact a canary: some answer first. */
const settleMs = 200

const handshakeFields = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
]

/** The requests of HTTP/1.1 (RFC 9112 section 3.2), and paths and fields that servers have taken for a target. */
function lures1({ canary, own, path }: Names): Lure[] {
  const get = `GET ${path} HTTP/1.1\r\nHost: ${canary}\r\nConnection: close\r\n\r\n`
  const paths = [
    `//${canary}/`,
    `/http://${canary}/`,
    `/http%3A%2F%2F${canary}%2F`,
    `/.cache/http://${canary}/`,
    `/?url=http://${canary}/`,
    `/@${canary}/`,
    `@${canary}/`,
    `:@${canary}/`,
    `\\\\${canary}/`,
    `/\\${canary}/`,
    `/%2f%2f${canary}/`,
    `/%5c%5c${canary}/`,
  ]
  const fields = [
    `X-Forwarded-Host: ${canary}`,
    `Forwarded: host="${canary}"`,
    `X-Original-URL: http://${canary}/`,
    `X-Rewrite-URL: http://${canary}/`,
  ]
  const closing = 'Connection: close'
  return [
    { demands: true, head: [`GET http://${canary}${path} HTTP/1.1`, `Host: ${canary}`, closing] },
    { demands: true, head: [`GET http://${canary}${path} HTTP/1.1`, `Host: ${own}`, closing] },
    { demands: true, head: [`GET https://${canary}/ HTTP/1.1`, `Host: ${canary}`, closing] },
    { demands: true, head: [`GET http://${own}@${canary}/ HTTP/1.1`, `Host: ${own}`, closing] },
    { demands: true, head: [`CONNECT ${canary} HTTP/1.1`, `Host: ${canary}`], tunnelled: get },
    { demands: true, head: [`GET ${path} HTTP/1.1`, `Host: ${canary}`, closing] },
    { demands: true, head: ['GET / HTTP/1.1', `Host: ${own}@${canary}`, closing] },
    { demands: true, head: ['GET / HTTP/1.1', `Host: ${canary}`, ...handshakeFields] },
    { demands: true, head: [`GET http://${canary}/ HTTP/1.1`, `Host: ${canary}`, ...handshakeFields] },
    ...paths.map((target) => ({ head: [`GET ${target} HTTP/1.1`, `Host: ${own}`, closing] })),
    ...fields.map((field) => ({ head: ['GET / HTTP/1.1', `Host: ${own}`, field, closing] })),
  ]
}

/** What proxies are made for, and servers that forward to the host of the request. */
function commonLures({ canary, path }: Names): Lure[] {
  const get = `GET ${path} HTTP/1.1\r\nHost: ${canary}\r\nConnection: close\r\n\r\n`
  return [
    { demands: true, head: [`GET http://${canary}${path} HTTP/1.1`, `Host: ${canary}`, 'Connection: close'] },
    { demands: true, head: [`CONNECT ${canary} HTTP/1.1`, `Host: ${canary}`], tunnelled: get },
    { demands: true, head: [`GET ${path} HTTP/1.1`, `Host: ${canary}`, 'Connection: close'] },
  ]
}

function lures6(names: Names): Lure[] {
  return commonLures(names).map((lure) => ({ ...lure, address: '::1' }))
}

/** The requests of HTTP/2 (RFC 9113 section 8.3 and 8.5, RFC 8441). */
function lures2({ canary, own, scheme, path }: Names): Lure[] {
  const plain = { ':method': 'GET', ':scheme': scheme, ':path': '/' }
  const get = `GET ${path} HTTP/1.1\r\nHost: ${canary}\r\nConnection: close\r\n\r\n`
  const extended = { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': scheme, ':path': '/' }
  return [
    { demands: true, head: { ...plain, ':authority': canary, ':path': path } },
    { demands: true, head: { ...plain, ':authority': `${own}@${canary}` } },
    { demands: true, head: { ...plain, ':authority': canary, ':path': `http://${canary}/` } },
    { demands: true, head: { ':method': 'CONNECT', ':authority': canary }, tunnelled: get },
    { demands: true, head: { ...extended, ':authority': canary, 'sec-websocket-version': '13' } },
    { head: { ...plain, ':authority': own, ':path': `http://${canary}/` } },
    { head: { ...plain, ':authority': own, ':path': `//${canary}/` } },
    { head: { ...plain, ':authority': own, ':path': `/http://${canary}/` } },
    { head: { ...plain, ':authority': own, ':path': `@${canary}/` } },
    { head: { ...plain, ':authority': own, host: canary } },
    { head: { ...plain, ':authority': own, 'x-forwarded-host': canary } },
  ]
}

/** An attempt with a canary of its own, so that the contact tells which request made it. */
interface Attempt {
  readonly wire: Wire
  readonly lure: Lure
  readonly canary: Canary
}

/** A path of the test that no other program knows: a canary that hears it was contacted by a request of ours. */
function secretPath(): string {
  return `/?${nodeCrypto().randomBytes(8).toString('hex')}`
}

/**
 * Asks the server, in every way that proxies and broken servers are known to follow, to contact a listener of ours on the
 * loopback. Answers are no evidence: error pages repeat the request, and some servers answer anything by 200.
 *
 * What looks for listeners on this machine contacts the canaries too. It contacts those that no request names as well: then
 * only a canary counts that has heard the secret path.
 */
export async function testRelay(endpoint: TestedServer, wires: readonly Wire[]): Promise<RelayResult> {
  const path = secretPath()
  const planned = wires.flatMap((wire) =>
    (wire.version === '2' ? [lures2] : [lures1, lures6]).flatMap((lures) => plan(endpoint, path, wire, lures)),
  )
  const unnamed = (await Promise.all([openCanary('127.0.0.1'), openCanary('::1')])).filter((each) => each !== undefined)
  const attempts = (await inTurns(planned, atOnce, openAttempt)).filter((each) => each !== undefined)
  try {
    const sent = await inTurns(attempts, atOnce, async (attempt) =>
      endpoint.isOver ? [] : [{ ...attempt, answer: await send(endpoint, attempt) }],
    )
    const isWhole = !endpoint.isOver
    await delay(settleMs)
    const isPolled = unnamed.some((canary) => canary.wasContacted())
    const made = sent.flat()
    const results = made.map(({ wire, lure, canary, answer }): RelayAttempt => ({
      protocol: wire.name,
      sent: printable(lineOf(lure), 300),
      answer: answerText(answer),
      contacted: canary.hasHeard(path) || (!isPolled && canary.wasContacted()),
    }))
    const isRefused = made.every(({ lure: { demands }, answer }) => demands !== true || isError(answer))
    const isRelay = results.some(({ contacted }) => contacted)
    const otherwise = !isWhole ? 'not tested' : isRefused ? 'refuses' : 'not shown to relay'
    return { verdict: isRelay ? 'relays to loopback' : otherwise, attempts: results }
  } finally {
    for (const canary of [...unnamed, ...attempts.map((attempt) => attempt.canary)]) canary.close()
  }
}

/** Milliseconds after the last answer in which a server of a scan may still forward a request. */
const shortSettleMs = 50

/**
 * The short form of the test, for a scan: three requests to forward. A canary may be contacted by what else looks for
 * listeners on this machine, so that only a request counts whose path no other program knows.
 *
 * @returns the first request that was forwarded, without its path; undefined where none was.
 */
export async function findRelay(endpoint: TestedPlace, wire: Wire): Promise<string | undefined> {
  const path = secretPath()
  const opened = await Promise.all(plan(endpoint, path, wire, commonLures).map(openAttempt))
  const attempts = opened.filter((each) => each !== undefined)
  try {
    await Promise.all(attempts.map((attempt) => send(endpoint, attempt)))
    await delay(shortSettleMs)
    const followed = attempts.find(({ canary }) => canary.hasHeard(path))
    return followed && shortLineOf(followed, path)
  } finally {
    for (const { canary } of attempts) canary.close()
  }
}

/** `GET http://127.0.0.1:40123/`, or with the field that names the canary: `GET /, Host: 127.0.0.1:40123`. */
function shortLineOf({ lure, canary }: Attempt, path: string): string {
  const [line = '', ...fields] = lineOf(lure).split(', ')
  const request = line.replace(path, '/').replace(/ HTTP\/1\.1$/, '')
  return request.includes(canary.authority) ? request : [request, ...fields].join(', ')
}

/** The lures of a wire: each is made again once its canary has a port. */
interface Planned {
  readonly wire: Wire
  readonly address: '127.0.0.1' | '::1'
  readonly make: (canary: string) => Lure
}

function plan({ authority: own }: TestedPlace, path: string, wire: Wire, lures: (names: Names) => Lure[]): Planned[] {
  const scheme = wire.isTls ? 'https' : 'http'
  const namesWith = (canary: string): Names => ({ canary, own, path, scheme })
  return lures(namesWith('')).map(({ address }, i): Planned => ({
    wire,
    address: address ?? '127.0.0.1',
    make: (canary) => lures(namesWith(canary))[i] as Lure,
  }))
}

async function openAttempt({ wire, address, make }: Planned): Promise<Attempt | undefined> {
  const canary = await openCanary(address)
  return canary === undefined ? undefined : { wire, lure: make(canary.authority), canary }
}

function send({ timeoutMs }: TestedPlace, { wire, lure: { head, tunnelled } }: Attempt): Promise<Received> {
  const options: SendOptions = { timeoutMs, ...(tunnelled === undefined ? {} : { tunnelled }) }
  if (isLines(head)) return sendHttp1(wire.open(), `${head.join('\r\n')}\r\n\r\n`, options)
  return sendHttp2(wire.open(), head, options)
}

function isLines(head: Lure['head']): head is readonly string[] {
  return Array.isArray(head)
}

/** Without the fields that every request has. */
function lineOf({ head }: Lure): string {
  if (!isLines(head))
    return Object.entries(head)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', ')
  return head.filter((line) => !/^(?:Connection: close|Sec-WebSocket-.*)$/.test(line)).join(', ')
}

function answerText({ status, isLate }: Received): string {
  return status === undefined ? (isLate ? 'no answer' : 'closed') : `status ${status}`
}

function isError({ status, isLate }: Received): boolean {
  return status === undefined ? !isLate : status >= 400
}
