import { isIPv6 } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { printable } from '../../core/util/sanitize.ts'
import type { Identity } from '../types.ts'
import { applications } from './applications.ts'
import { commands } from './commands.ts'
import { development } from './development.ts'
import { call, type Heard, type Place } from './exchange.ts'
import {
  greetingOf,
  isHttp2,
  isTlsRecord,
  protocolProbes,
  wantsTls,
  type Greeting,
  type ProtocolProbe,
} from './greetings.ts'
import { callHttp2 } from './http2.ts'
import { nextAsks } from './plan.ts'
import { parseReply, type HttpReply } from './reply.ts'
import { malformed, evidenceOf, matchCommand, matchReplies, strongest, type Match, type Rule } from './rules.ts'
import { handshake, openTls, type Handshake } from './secure.ts'
import { servers } from './servers.ts'

/** What to identify. */
export interface Target {
  /** An address of this machine, as text without brackets. Nothing is resolved. */
  readonly address: string
  readonly port: number
  /** What the process behind the port runs, for example `vite`. It decides between equals and names what does not answer. */
  readonly command?: string | undefined
}

/** How long to ask, and whether to stop. */
export interface IdentifyOptions {
  /** Milliseconds for all requests together. Default 2000. */
  readonly deadlineMs?: number
  /** Ends the requests; what is known by then is the result. */
  readonly signal?: AbortSignal | undefined
}

/** The rules, applications before what they are built with. */
const rules: readonly Rule[] = [...applications, ...development, ...servers]

const root = 'GET /'

const plain = { tls: false, alpn: undefined }

/** Most HTTP requests to one port. */
const mostRequests = 6

/** Milliseconds that a server that speaks first has for its greeting, before anything is sent to it. */
const greetingMs = 60

/** Milliseconds after which a server that has not answered is asked in other ways, while it may still answer. */
const patienceMs = 600

/** Milliseconds for a probe beside the first request. */
const probeMs = 400

/** Most lines of evidence. */
const mostEvidence = 6

/**
 * Finds out what answers on a port of this machine, with at most six requests and no more than two at a time. Redirects are
 * not followed, certificates are not checked, and at most 64 KiB of a reply are read. Never rejects.
 */
export async function identify(target: Target, options: IdentifyOptions = {}): Promise<Identity> {
  const { deadlineMs = 2000, signal } = options
  const ending = new AbortController()
  const end = (): void => ending.abort()
  const timer = setTimeout(end, deadlineMs)
  signal?.addEventListener('abort', end)
  if (signal?.aborted === true) end()
  try {
    return await interview({ ...target, signal: ending.signal }, deadlineMs)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
    // Ends the connections that a result did not need.
    end()
  }
}

type Subject = Target & Place

/** How a server is asked: over one protocol, until the deadline. Undefined without a reply. */
type Asker = (ask: string) => Promise<HttpReply | undefined>

async function interview(subject: Subject, deadlineMs: number): Promise<Identity> {
  const first = call(subject, { send: requestText(subject, root), patienceMs: greetingMs, timeMs: deadlineMs })
  const heard = await Promise.race([
    first,
    delay(patienceMs, undefined, { signal: subject.signal, ref: false }).catch(() => undefined),
  ])
  if (heard === undefined) return interviewSlow(subject, first, deadlineMs)
  return hear(subject, heard, deadlineMs)
}

/** Continues from what came back to a plain HTTP request. */
async function hear(subject: Subject, heard: Heard, deadlineMs: number): Promise<Identity> {
  const { bytes, end, error } = heard
  const reply = parseReply(bytes)
  if (isTlsRecord(bytes)) return interviewTls(subject, deadlineMs, 'a TLS alert answers plain HTTP')
  if (reply !== undefined) {
    if (wantsTls(reply, subject.port)) return interviewTls(subject, deadlineMs, evidenceOf(root, reply))
    return interviewHttp(subject, plainAsker(subject, deadlineMs), new Map([[root, reply]]), plain)
  }
  if (isHttp2(bytes)) return interviewHttp2(subject, deadlineMs, false)
  if (bytes.length > 0) return describeBytes(subject, bytes, false)
  if (end === 'failed') return unknown(subject, [`no connection: ${error ?? 'unknown error'}`])
  const how = end === 'closed' ? 'the connection is closed without a reply' : 'no reply'
  return interviewSilent(subject, deadlineMs, how)
}

/** Asks a server that accepted the connection and says nothing: it hangs, works on a slow page, or waits for something else. */
async function interviewSlow(subject: Subject, first: Promise<Heard>, deadlineMs: number): Promise<Identity> {
  const { bytes } = await call(subject, { send: requestText(subject, malformed), timeMs: probeMs })
  const refusal = parseReply(bytes)
  if (refusal !== undefined && !wantsTls(refusal, subject.port)) {
    const replies = new Map([[malformed, refusal]])
    const ask = plainAsker(subject, deadlineMs)
    const rootReply = async (): Promise<HttpReply | undefined> => parseReply((await first).bytes)
    return interviewHttp(subject, (line) => (line === root ? rootReply() : ask(line)), replies, plain)
  }
  const found = await firstFinding([
    tlsAttempt(subject, deadlineMs, 'no reply to plain HTTP'),
    http2Attempt(subject, deadlineMs),
  ])
  if (found !== undefined) return found()
  const heard = await first
  if (heard.bytes.length > 0) return hear(subject, heard, deadlineMs)
  return unknown(subject, ['accepts connections and does not answer'])
}

/** Asks a server that closed the connection on an HTTP request. */
async function interviewSilent(subject: Subject, deadlineMs: number, how: string): Promise<Identity> {
  const { port, command = '' } = subject
  const likely = protocolProbes.filter((one) => one.ports.includes(port) || one.command.test(command))
  const common = protocolProbes.filter((one) => !one.isRare && !likely.includes(one))
  const [redis, ...others] = common.map((one) => probeAttempt(subject, one))
  const found = await firstFinding([
    ...likely.map((one) => probeAttempt(subject, one)),
    tlsAttempt(subject, deadlineMs, how),
    ...(redis === undefined ? [] : [redis]),
    http2Attempt(subject, deadlineMs),
    ...others,
  ])
  return found === undefined ? unknown(subject, [how]) : found()
}

/** Tries whether a server speaks a protocol. The result continues from there; undefined when it does not. */
type Attempt = () => Promise<(() => Promise<Identity>) | undefined>

/** The first attempt that finds something, two at a time. */
async function firstFinding(attempts: readonly Attempt[]): ReturnType<Attempt> {
  for (let i = 0; i < attempts.length; i += 2) {
    const results = await Promise.all(attempts.slice(i, i + 2).map((attempt) => attempt()))
    const found = results.find((result) => result !== undefined)
    if (found !== undefined) return found
  }
  return undefined
}

function tlsAttempt(subject: Subject, deadlineMs: number, how: string): Attempt {
  return async () => {
    const shaken = await handshake(subject, probeMs)
    return shaken.result === 'none' ? undefined : () => interviewTls(subject, deadlineMs, how, shaken)
  }
}

function http2Attempt(subject: Subject, deadlineMs: number): Attempt {
  return async () => {
    const reply = await callHttp2(subject, { ...http2Request(subject, root), timeMs: probeMs, isSecure: false })
    return reply === undefined ? undefined : () => interviewHttp2(subject, deadlineMs, false, reply)
  }
}

function probeAttempt(subject: Subject, { send, name }: ProtocolProbe): Attempt {
  return async () => {
    const isEnough = (bytes: Buffer): boolean => greetingOf(bytes) !== undefined
    const { bytes } = await call(subject, { send, timeMs: probeMs, isEnough })
    return isEnough(bytes) ? () => describeBytes(subject, bytes, false, name) : undefined
  }
}

/** Names a server by bytes that are not HTTP. */
async function describeBytes(subject: Subject, bytes: Buffer, tls: boolean, asked?: string): Promise<Identity> {
  const text = bytes.subarray(0, 200).toString('latin1')
  const known = greetingOf(bytes)
  if (known === undefined) return unknown(subject, [`not HTTP: ${printable(text.trim(), 80)}`], tls)
  const line = known.said.replaceAll(/[^\x20-\x7e]+/g, ' ').trim()
  const evidence = [`${asked ?? 'greeting'}: ${printable(line, 80)}`]
  const { greeting } = known
  const version = known.version ?? (tls ? undefined : await followedVersion(subject, greeting))
  return {
    protocol: { name: greeting.protocol, tls, alpn: undefined, http: undefined },
    product: greeting.product,
    version: version === undefined ? undefined : printable(version, 40),
    evidence,
  }
}

async function followedVersion(subject: Subject, { follow }: Greeting): Promise<string | undefined> {
  if (follow === undefined) return undefined
  const answerOf = (bytes: Buffer): RegExpExecArray | null =>
    follow.answer.exec(bytes.subarray(0, 4096).toString('latin1'))
  const isEnough = (bytes: Buffer): boolean => answerOf(bytes) !== null
  const { bytes } = await call(subject, { send: follow.send, timeMs: probeMs, isEnough })
  return answerOf(bytes)?.groups?.['version']
}

async function interviewTls(subject: Subject, deadlineMs: number, how: string, shaken?: Handshake): Promise<Identity> {
  const { result, alpn } = shaken ?? (await handshake(subject, probeMs * 2))
  if (result === 'none') return unknown(subject, [how])
  if (result === 'refused') return unknown(subject, [how, 'refuses the TLS handshake'], true)
  const ask = secureAsker(subject, deadlineMs)
  const heard = await ask(root)
  const reply = parseReply(heard.bytes)
  const protocol = { tls: true, alpn }
  if (reply !== undefined) {
    const askParsed: Asker = async (line) => parseReply((await ask(line)).bytes)
    return interviewHttp(subject, askParsed, new Map([[root, reply]]), protocol)
  }
  if (alpn === 'h2') return interviewHttp2(subject, deadlineMs, true)
  if (heard.bytes.length > 0) return describeBytes(subject, heard.bytes, true)
  return unknown(subject, ['answers a TLS handshake and no HTTP request'], true)
}

async function interviewHttp2(
  subject: Subject,
  deadlineMs: number,
  isSecure: boolean,
  first?: HttpReply,
): Promise<Identity> {
  const ask: Asker = async (line) =>
    line === malformed
      ? undefined
      : callHttp2(subject, { ...http2Request(subject, line), timeMs: deadlineMs, isSecure })
  const reply = first ?? (await ask(root))
  const alpn = isSecure ? 'h2' : undefined
  if (reply !== undefined) return interviewHttp(subject, ask, new Map([[root, reply]]), { tls: isSecure, alpn })
  const silent = unknown(subject, ['speaks HTTP/2 and does not answer a request'])
  return { ...silent, protocol: { name: 'http', tls: isSecure, alpn, http: '2' } }
}

/** Sends the requests that the replies so far make worth sending, and names the product. */
async function interviewHttp(
  subject: Subject,
  ask: Asker,
  replies: Map<string, HttpReply>,
  { tls, alpn }: { tls: boolean; alpn: string | undefined },
): Promise<Identity> {
  const asked = new Set(replies.keys())
  const byCommand = matchCommand(commands, subject.command)
  let matches: Match[] = []
  for (;;) {
    matches = [...matchReplies(rules, replies), ...byCommand]
    const free = Math.min(2, mostRequests - asked.size)
    const next = nextAsks({ rules, replies, asked, matches, port: subject.port }).slice(0, free)
    if (next.length === 0 || subject.signal.aborted) break
    await Promise.all(
      next.map(async (line) => {
        asked.add(line)
        const reply = await ask(line)
        if (reply !== undefined) replies.set(line, reply)
      }),
    )
  }
  const best = strongest(matches)
  const own = matches.filter(({ product }) => product === best?.product)
  const others = matches.filter(({ product }) => product !== best?.product)
  const [[line, first]] = [...replies] as [[string, HttpReply]]
  const lines = [...own, ...others].map(({ evidence }) => evidence)
  const slow = replies.has(root) ? [] : [`${root}: no reply in time`]
  return {
    protocol: { name: 'http', tls, alpn, http: alpn === 'h2' ? '2' : first.http },
    product: best?.product,
    version: best?.version ?? own.find(({ version }) => version !== undefined)?.version,
    evidence: [...new Set([...(lines.length > 0 ? lines : [evidenceOf(line, first)]).slice(0, mostEvidence), ...slow])],
  }
}

/** A server that is known by its command line at most. */
function unknown(subject: Subject, evidence: readonly string[], tls = false): Identity {
  const [named] = matchCommand(commands, subject.command)
  return {
    protocol: { name: tls ? 'tls' : undefined, tls, alpn: undefined, http: undefined },
    product: named?.product,
    version: named?.version,
    evidence: [...evidence, ...(named === undefined ? [] : [named.evidence])],
  }
}

function plainAsker(subject: Subject, timeMs: number): Asker {
  return async (ask) => parseReply((await call(subject, { send: requestText(subject, ask), timeMs })).bytes)
}

function secureAsker(subject: Subject, timeMs: number): (ask: string) => Promise<Heard> {
  return (ask) =>
    call(subject, { send: requestText(subject, ask), timeMs, secure: () => openTls(subject, ['http/1.1']) })
}

/** Loopback servers are asked by the name that they are used by: many allow no other. */
function authorityOf({ address, port }: Place): string {
  if (address === '::1' || address.startsWith('127.')) return `localhost:${port}`
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`
}

/** Only the first page is asked for as browsers do: other addresses then answer as programs expect, without a page for all. */
function acceptOf(ask: string): string {
  return ask === root ? 'text/html, */*;q=0.8' : '*/*'
}

function requestText(place: Place, ask: string): string {
  if (ask === malformed) return 'serve8008\r\n\r\n'
  const fields = [
    `Host: ${authorityOf(place)}`,
    'User-Agent: serve8008-scan',
    `Accept: ${acceptOf(ask)}`,
    'Connection: close',
  ]
  return [`${ask} HTTP/1.1`, ...fields, '', ''].join('\r\n')
}

function http2Request(place: Place, ask: string): { method: string; path: string; authority: string; accept: string } {
  const [method = '', path = ''] = ask.split(' ')
  return { method, path, authority: authorityOf(place), accept: acceptOf(ask) }
}
