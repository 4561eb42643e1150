import type { Readable } from 'node:stream'
import { ServeError } from '../../core/serve-error.ts'
import type { Exchange, Filter } from '../../http/message/exchange.ts'
import { FileSlice } from '../../http/body/file.ts'
import { getField, type HeaderList } from '../../http/message/headers.ts'
import type { Body, Reply, Source } from '../../http/message/reply.ts'
import { decodeWhole, peekDecoded } from '../../http/body/decoded-body.ts'
import { CodingError, isDecodable } from '../../http/body/decoder.ts'
import { peekBody } from './first-chunk.ts'
import { injectedContent, injectedFile, injectedStream, placeInContent, readFileStart } from './body.ts'
import { injectedReply } from './reply.ts'
import {
  isSandboxed,
  judgePolicies,
  policiesOf,
  widenOwnPolicies,
  type Policy,
  pageOrigin,
  type PageOrigin,
} from './csp.ts'
import {
  asksForPage,
  isWrapped,
  variedByPage,
  type DocumentKind,
  type WrappedKind,
  documentKind,
} from '../page-request.ts'
import { createScriptPlacer, scriptPath, scriptTag, type PageFacts } from './script-placement.ts'
import { wrapperPage } from './wrapper-page.ts'
import { nodeCrypto } from '../../core/util/builtin.ts'

/** Options of {@link createInject}. */
export interface InjectOptions {
  /** Request path of the client script, for example `/__serve8008/live.js?v=1f0c`. */
  readonly script: string
  /** Whether pages get the script now (the server listens). */
  readonly isOn: () => boolean
  /**
   * Called when the page's own Content-Security-Policy blocks live reload, with the path of the page and what the policy
   * lacks, such as `script-src 'self'` or `connect-src 'self'`. Once for each path, of which the last 1000 are kept.
   */
  readonly onBlocked: (path: string, missing: string) => void
  /** Most bytes to which a compressed page may expand. */
  readonly pageBytes: number
}

/** Most paths of blocked pages that are kept, to report each once. */
const reportedPaths = 1000
/** Most origins for which a page with policies is cached. A server has few names. */
const keptOrigins = 8

/** A document, and the pages made from it. */
interface Plan {
  readonly kind: DocumentKind
  /** Without the script. */
  readonly plain: Reply
  /** Its fields with the script. */
  readonly headers: HeaderList
  readonly policies: readonly Policy[]
  /** By origin; with an empty key for every origin. */
  readonly pages: Map<string, Outcome>
  /** The decoding of its content, while it runs. */
  decoded?: ReturnType<typeof decodeWhole>
}

interface Outcome {
  readonly reply: Reply
  readonly missing: string | undefined
}

/**
 * Makes the filter that inserts the client script into HTML and SVG documents that a browser navigates to, and puts a
 * wrapper page around other images and texts. Other replies, such as fetches, ranges and downloads, stay unchanged.
 *
 * It runs after the user's own header fields, because they may hold a policy, and before compression. Content in memory is
 * changed once for each shared (frozen) reply; other content is changed while it is sent.
 */
export function createInject(options: InjectOptions): Filter {
  const { script, isOn, onBlocked, pageBytes } = options
  const plans = new WeakMap<Reply, Plan | 'untouched' | WrappedKind>()
  const reported = new Set<string>()
  let nonce = ''

  function planOf(reply: Reply): Plan | 'untouched' | WrappedKind {
    const known = plans.get(reply)
    if (known !== undefined) return known
    const kind = replyKind(reply)
    const plan = kind === undefined ? 'untouched' : isWrapped(kind) ? kind : makePlan(reply, kind)
    if (Object.isFrozen(reply)) plans.set(reply, plan)
    return plan
  }

  function makePlan(reply: Reply, kind: DocumentKind): Plan {
    const headers = widenOwnPolicies(reply.headers, (nonce ||= newNonce()))
    return { kind, plain: reply, headers, policies: policiesOf(headers), pages: new Map() }
  }

  function reportBlocked(path: string, missing: string | undefined): void {
    if (missing === undefined || reported.has(path)) return
    const [oldest] = reported.size < reportedPaths ? [] : reported
    if (oldest !== undefined) reported.delete(oldest)
    reported.add(path)
    onBlocked(path, missing)
  }

  function outcomeOf(plan: Plan, x: Exchange): Outcome | Promise<Outcome> {
    const { plain, policies } = plan
    const { body } = plain
    const origin = pageOrigin(x)
    const known = keptPage(plan, origin)
    if (known !== undefined) return known
    if (isSandboxed(policies)) return { reply: plain, missing: undefined }
    const verdict = judgePolicies(policies, origin, scriptPath(script))
    if (!verdict.isAllowed) return { reply: plain, missing: verdict.missing }

    const coding = codingOf(plain.headers)
    if (coding !== undefined) return codedPage(plan, coding, x)
    if (body instanceof Uint8Array) return wholePage(plan, body, origin)
    if (body instanceof FileSlice) return filePage(plan, body, origin)
    return streamedPage(plan, body, undefined, x)
  }

  function pageOf({ kind, plain, policies }: Plan, origin: PageOrigin): PageFacts {
    return { kind, contentType: getField(plain.headers, 'content-type') ?? '', policies, origin, script }
  }

  function wholePage(plan: Plan, content: Uint8Array, origin: PageOrigin): Outcome {
    const { plain, headers, pages } = plan
    const placement = placeInContent(content, createScriptPlacer(pageOf(plan, origin)))
    const { missing, isOriginBound, tag } = placement
    const body = injectedContent(content, placement)
    const page = body === undefined ? plain : injectedReply(plain, headers, body, tag.toString('latin1'))
    const outcome = { reply: Object.isFrozen(plain) ? Object.freeze(page) : page, missing }
    if (pages.size < keptOrigins) pages.set(isOriginBound ? keyOf(origin) : '', outcome)
    return outcome
  }

  function codedPage(plan: Plan, coding: string, x: Exchange): Outcome | Promise<Outcome> {
    const { body } = plan.plain
    if (body instanceof Uint8Array) return decodedPage(plan, body, coding, x)
    if (body instanceof FileSlice) {
      const head = readFileStart(body)
      return head === undefined ? { reply: plan.plain, missing: undefined } : peekedPage(plan, body, head, coding, x)
    }
    if (body === null || x.method === 'HEAD') return streamedPage(plan, body, coding, x)
    return relayedPage(plan, body, coding, x)
  }

  async function decodedPage(plan: Plan, body: Uint8Array, coding: string, x: Exchange): Promise<Outcome> {
    const content = await (plan.decoded ??= decodeWhole(body, { coding, bound: pageBytes }))
    delete plan.decoded
    if (content === 'large') return peekedPage(plan, body, body, coding, x)
    if (content === 'broken') return unchanged(plan.plain, 'broken', coding, x)
    const origin = pageOrigin(x)
    return keptPage(plan, origin) ?? wholePage(plan, content, origin)
  }

  async function relayedPage(plan: Plan, body: Readable | Source, coding: string, x: Exchange): Promise<Outcome> {
    const opened = await peekBody(body)
    // Without a first chunk the reply starts, and is aborted later if its content turns out to be broken.
    if (opened.first === undefined) return streamedPage(plan, opened.body, coding, x)
    return peekedPage(plan, opened.body, opened.first, coding, x)
  }

  /** Sends a page unchanged when its first bytes show that it cannot be decoded, or expands too much. */
  async function peekedPage(
    plan: Plan,
    body: Exclude<Body, null>,
    first: Uint8Array,
    coding: string,
    x: Exchange,
  ): Promise<Outcome> {
    const found = await peekDecoded(first, { coding, bound: pageBytes })
    if (found === 'page' || found === 'more') return streamedPage(plan, body, coding, x)
    return unchanged({ ...plan.plain, body }, found, coding, x)
  }

  function unchanged(reply: Reply, found: 'broken' | 'large', coding: string, x: Exchange): Outcome {
    x.notes.remark =
      found === 'broken'
        ? `no live reload: the page is not ${coding}, as its Content-Encoding says`
        : 'no live reload: the page expands to more than limits.pageBytes'
    return { reply, missing: undefined }
  }

  function streamedPage(plan: Plan, body: Body, coding: string | undefined, x: Exchange): Outcome {
    const { kind, plain, headers, policies } = plan
    const origin = pageOrigin(x)
    const place = createScriptPlacer(pageOf(plan, origin))
    const coded = coding === undefined ? undefined : { coding, bound: pageBytes }
    const stream = (content: Exclude<Body, null>): Source => {
      const source = injectedStream(content, coded, place, ({ missing }) => reportBlocked(x.target.path, missing))
      return coded === undefined ? source : { ...source, pull: (...to) => source.pull(...to).catch(brokenOff) }
    }
    const brokenOff = (error: unknown): never => {
      if (!(error instanceof CodingError)) throw error
      x.notes.remark = error.message
      throw plain.relayed === true ? new ServeError('E8008_UPSTREAM_PROTOCOL', error.message, { cause: error }) : error
    }
    const tag = scriptTag(script, kind, judgePolicies(policies, origin, scriptPath(script)).nonce)
    // A reply to HEAD without content gets the fields of the GET.
    return { reply: injectedReply(plain, headers, body === null ? null : stream(body), tag), missing: undefined }
  }

  function filePage(plan: Plan, file: FileSlice, origin: PageOrigin): Outcome {
    const { plain, headers } = plan
    const head = readFileStart(file)
    if (head === undefined) return { reply: plain, missing: undefined }
    const place = createScriptPlacer(pageOf(plan, origin))
    const placement = place(head, head.length < file.length ? 'limit' : 'document')
    const { missing, tag } = placement
    const start = injectedContent(head, placement)
    if (start === undefined) return { reply: plain, missing }
    return { reply: injectedReply(plain, headers, injectedFile(file, start), tag.toString('latin1')), missing }
  }

  function answered(outcome: Outcome, x: Exchange, kind: DocumentKind): Reply {
    reportBlocked(x.target.path, outcome.missing)
    return variedByPage(outcome.reply, x, kind)
  }

  const inject: Filter = (reply, x) => {
    if (!isOn()) return reply
    const plan = planOf(reply)
    if (plan === 'untouched') return reply
    if (typeof plan === 'string') {
      const varied = variedByPage(reply, x, plan)
      return asksForPage(x, plan) ? inject(wrapperPage(varied, plan, x), x) : varied
    }
    const { kind, plain } = plan
    if (!asksForPage(x, kind) || (plain.body === null && x.method !== 'HEAD')) return variedByPage(plain, x, kind)
    const outcome = outcomeOf(plan, x)
    return outcome instanceof Promise ? outcome.then((made) => answered(made, x, kind)) : answered(outcome, x, kind)
  }
  return inject
}

function keptPage({ pages }: Plan, origin: PageOrigin): Outcome | undefined {
  return pages.size === 0 ? undefined : (pages.get('') ?? pages.get(keyOf(origin)))
}

function keyOf({ scheme, host, port }: PageOrigin): string {
  return `${scheme}://${host}:${port}`
}

/** 128 bits. */
function newNonce(): string {
  const { randomBytes } = nodeCrypto()
  return randomBytes(16).toString('base64')
}

const withoutContent: ReadonlySet<number> = new Set([204, 205, 206, 304])

/**
 * The kind of document of a reply. Undefined if it is not complete, not shown (an attachment), in a coding that cannot be
 * decoded, or relayed by a route without live reload.
 */
function replyKind(reply: Reply): DocumentKind | WrappedKind | undefined {
  const { status, headers, takeover, relayed, injectable } = reply
  if (relayed === true && injectable !== true) return undefined
  if (status < 200 || withoutContent.has(status) || takeover !== undefined) return undefined
  const kind = documentKind(reply)
  if (kind === undefined) return undefined
  const coding = codingOf(headers)
  if (coding !== undefined && !isDecodable(coding)) return undefined
  return /^\s*attachment/i.test(getField(headers, 'content-disposition') ?? '') ? undefined : kind
}

/** The content coding of a reply; undefined for none. */
function codingOf(headers: HeaderList): string | undefined {
  const coding = getField(headers, 'content-encoding')?.trim().toLowerCase()
  return coding === '' || coding === 'identity' ? undefined : coding
}
