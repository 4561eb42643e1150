import { checkTexts, fixOf } from '../../core/finding-texts.ts'
import { printable } from '../../core/util/sanitize.ts'
import { inTurns } from '../in-turns.ts'
import type { TestedServer } from './endpoint.ts'
import type { Received } from './http1.ts'
import type { CheckCode, VerifyCheck } from './types.ts'
import { ask, atOnce, requestLine, type Request, type Wire } from './wires.ts'

/** What the checks ask. */
export interface Tested {
  readonly endpoint: TestedServer
  /** At least one. */
  readonly wires: readonly [Wire, ...Wire[]]
  /** The answer to an ordinary request, over the first wire. */
  readonly ordinary: Received
}

/** A request and what came back. */
export interface Asked {
  readonly wire: Wire
  readonly request: Request
  readonly line: string
  readonly answer: Received
}

const names: Readonly<Record<CheckCode, string>> = {
  S8008_ANSWER: 'answers HTTP',
  S8008_OPEN_RELAY: 'relay',
  S8008_HOST: 'foreign Host',
  S8008_HOST_MISSING: 'missing Host',
  S8008_WEBSOCKET_ORIGIN: 'foreign WebSocket',
  S8008_EVENTS_ORIGIN: 'foreign events',
  S8008_CORS: 'CORS',
  S8008_DOTFILES: 'dotfiles',
  S8008_KEYS: 'keys',
  S8008_BACKUPS: 'backups',
  S8008_TRAVERSAL: 'traversal',
  S8008_OUTSIDE: 'files outside',
  S8008_LISTING: 'listing',
  S8008_TLS_VERSION: 'TLS version',
  S8008_TLS_EXPIRY: 'certificate dates',
  S8008_TLS_NAMES: 'certificate names',
}

/** A check that found nothing wrong. */
export function passed(code: CheckCode, why: string, sent: readonly string[]): VerifyCheck {
  return { code, name: names[code], verdict: 'passed', why, sent, fix: undefined }
}

/** A check whose answers show nothing wrong. Without an answer to each request that is not known. */
export function passedBy(code: CheckCode, why: string, asked: readonly Asked[]): VerifyCheck {
  return ifAnswered(code, asked) ?? passed(code, why, linesOf(asked))
}

/** A check that found nothing to look at. Without an answer to each request that is not known. */
export function foundNothing(code: CheckCode, why: string, asked: readonly Asked[]): VerifyCheck {
  return ifAnswered(code, asked) ?? notApplicable(code, why, linesOf(asked))
}

function ifAnswered(code: CheckCode, asked: readonly Asked[]): VerifyCheck | undefined {
  const unanswered = asked.filter(isUnanswered).length
  if (unanswered === 0) return undefined
  return notTested(code, `${unanswered} of ${asked.length} requests got no answer in time`, linesOf(asked))
}

/** A check that cannot tell, or has nothing to look at. */
export function notApplicable(code: CheckCode, why: string, sent: readonly string[] = []): VerifyCheck {
  return { code, name: names[code], verdict: 'not applicable', why, sent, fix: undefined }
}

/** A check that was not made, or not to its end. */
export function notTested(code: CheckCode, why: string, sent: readonly string[] = []): VerifyCheck {
  return { code, name: names[code], verdict: 'not tested', why, sent, fix: undefined }
}

/** A check that failed, with the requests that prove it. */
export function failed(code: CheckCode, why: string, sent: readonly string[]): VerifyCheck {
  return { code, name: names[code], verdict: 'failed', why: printable(why, 300), sent, fix: fixOf(checkTexts[code]) }
}

function isUnanswered({ answer: { status, isLate } }: Asked): boolean {
  return isLate && status === undefined
}

/** Sends requests over wires, a few at once. A request without an answer is repeated alone, unless most are without. */
export async function askAll(
  endpoint: TestedServer,
  wires: readonly Wire[],
  requests: readonly Request[] | ((wire: Wire) => readonly Request[]),
): Promise<Asked[]> {
  const pairs = wires.flatMap((wire) =>
    (typeof requests === 'function' ? requests(wire) : requests).map((request) => ({ wire, request })),
  )
  const asked = await inTurns(pairs, atOnce, async ({ wire, request }) => ({
    wire,
    request,
    line: printable(requestLine(endpoint, wire, request), 300),
    answer: await ask(endpoint, wire, request),
  }))
  if (asked.filter(isUnanswered).length > asked.length / 2) return asked
  for (const [i, each] of asked.entries()) {
    if (isUnanswered(each) && !endpoint.isOver)
      asked[i] = { ...each, answer: await ask(endpoint, each.wire, each.request) }
  }
  return asked
}

/** The lines of requests. */
export function linesOf(asked: readonly Asked[]): string[] {
  return asked.map(({ line }) => line)
}
