import type { ResolvedUpstream } from '../config/kinds/proxy-types.ts'
import type { ErrorCode } from '../core/codes.ts'
import { upstreamAttempt } from '../core/channels.ts'
import { isServeError, ServeError } from '../core/serve-error.ts'
import type { Warning } from '../core/warning.ts'
import type { Exchange, Handler } from '../http/message/exchange.ts'
import { abandonedReply, type Reply } from '../http/message/reply.ts'
import { waitingReply } from '../pages/waiting-page.ts'
import { createBalancer } from './upstream/balance.ts'
import {
  bufferContent,
  ignoresChunks,
  type BufferedContent,
  type ForwardedContent,
} from './request/buffered-content.ts'
import type { BodyRewriter } from './response/rewrite-body.ts'
import { clientResponse, type ClientResponseOptions } from './response/response.ts'
import { LongLived } from './long-lived.ts'
import { forwardUpgrade } from './upgrade.ts'
import { faultReason, gatewayError } from './response/gateway-error.ts'
import { createHealthChecks, healthWarning } from './upstream/health.ts'
import { waitTimeFor, waitForUpstream, isPageNavigation } from './upstream/wait-for-upstream.ts'
import { safeMethods } from './safe-methods.ts'
import { createUpstream, type Upstream, type UpstreamOptions } from './upstream/upstream.ts'
import type { UpstreamRequest, UpstreamFault, UpstreamReply } from './types.ts'
import { wantedUpgrade } from './upgrade-fields.ts'
import { UpstreamError } from './upstream/upstream-error.ts'

/** Options of {@link createForwarder}. */
export interface ForwarderOptions extends UpstreamOptions {
  /** The route's id in logs and messages, such as `/api`. */
  readonly id: string
  readonly onWarning: (warning: Warning) => void
  /** Rewrites URLs in content, where the route asks for it. */
  readonly bodies?: BodyRewriter | undefined
}

/** Forwards the requests of one route to its upstreams. */
export interface Forwarder {
  readonly handle: Handler
  /** Ends event streams, WebSockets and requests that wait for an upstream. */
  drain(): void
  /** Closes idle connections to the upstreams now, and busy ones after their exchange. */
  retire(): void
  /** Closes every connection, busy or not. */
  close(): Promise<void>
}

/** A request that is being forwarded. */
interface Forwarding {
  /** Label of the last upstream that was tried; several labels when all of them refused the connection. */
  label: string
  /** Number of attempts so far. */
  attempts: number
  readonly content: ForwardedContent
}

/** Faults that are usual while a backend restarts. */
const transientFaults: ReadonlySet<UpstreamFault> = new Set(['refused', 'unreachable', 'connect-timeout', 'reset'])

/** Faults that say nothing about the upstream. */
const blameless: ReadonlySet<UpstreamFault> = new Set(['left', 'queue-full', 'queue-timeout'])

const optionsReply: Reply = Object.freeze({ status: 204, headers: ['Allow', 'GET, HEAD, OPTIONS'], body: null })

/** RFC 9110 section 7.6.2: with `Max-Forwards: 0` the recipient answers OPTIONS itself. */
function isLastHop({ headers }: Exchange): boolean {
  return /^0+$/.test(headers.get('max-forwards') ?? '')
}

/** Why the proxy does not forward, for the access log. */
const failureReasons: Readonly<Partial<Record<ErrorCode, string>>> = {
  E8008_UPSTREAM_LOOP: 'loop',
  E8008_UPSTREAM_UNAVAILABLE: 'unavailable',
  E8008_UPSTREAM_FORBIDDEN: 'forbidden',
}

/** Adds the reason of a failure to the access log line, after the route and the upstream. */
function noteReason({ notes }: Exchange, reason: string | undefined): void {
  // Closing cut it, and whatever failed followed from that.
  if (reason === undefined || notes.remark === undefined || notes.refusal === 'E8008_CLOSED') return
  notes.remark += ` (${reason})`
  notes.reason = reason
}

const none: ReadonlySet<ResolvedUpstream> = new Set()

/** A single upstream needs no count of its requests. */
const noCount = (): void => {}

/** Creates the forwarder of one route. */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { id: route, proxy, onWarning, bodies } = options
  const routeField = visibleAscii(route)
  const { upstreams, health } = proxy
  const compiledUpstreams = new Map(upstreams.map((upstream) => [upstream, createUpstream(upstream, options)]))
  const balancer = createBalancer(upstreams, proxy)
  const compiledOf = (upstream: ResolvedUpstream): Upstream => compiledUpstreams.get(upstream) as Upstream
  const checks =
    health &&
    createHealthChecks({
      upstreams,
      health,
      fields: proxy.requestFields.set,
      transportOf: (upstream) => compiledOf(upstream).transport,
      onCheck: (upstream, isHealthy) => balancer.checked(upstream, isHealthy),
      onChange: ({ label }, fault) =>
        onWarning(healthWarning(route, label, { path: health.path, fault, isAlone: upstreams.length === 1 })),
    })
  const longLived = new LongLived()
  /** Number of exchanges without a reply so far. */
  let pendingReplies = 0
  let isRetired = false

  async function handle(x: Exchange): Promise<Reply> {
    if (x.method === 'OPTIONS' && isLastHop(x)) return optionsReply
    const waitMs = waitTimeFor(x, proxy.hold)
    let forwarding: Forwarding = { label: '', attempts: 0, content: x.body }
    let buffered: BufferedContent | undefined
    pendingReplies++
    try {
      if (needsBuffer(x, proxy.buffer)) {
        buffered = await bufferContent(x.body)
        forwarding = { ...forwarding, content: buffered }
      }
      return await (waitMs === 0
        ? sendWithRetries(x, forwarding)
        : waitForUpstream(() => sendWithRetries(x, forwarding), {
            waitMs,
            whenGone: (callback) => x.whenGone(callback),
            longLived,
            isRepeatable: () => isRepeatable(x, forwarding),
          }))
    } catch (error) {
      if (error instanceof UpstreamError) return failureReply(x, error, forwarding.label)
      if (error instanceof ServeError) noteReason(x, failureReasons[error.code])
      throw error
    } finally {
      buffered?.release()
      pendingReplies--
      if (isRetired) retireTransports()
    }
  }

  function retireTransports(): void {
    for (const { transport } of compiledUpstreams.values()) {
      const ending = transport.retire?.() ?? (pendingReplies === 0 ? transport.close() : undefined)
      // close() may have ended it before, and then this promise rejects.
      ending?.catch(() => {})
    }
  }

  /** Sends the request to an upstream, and retries on another one or the same one where that is safe. */
  async function sendWithRetries(x: Exchange, forwarding: Forwarding): Promise<Reply> {
    let tried = none
    let isRefused = true
    for (let retries = 0; ; retries++) {
      // After every upstream was tried, the balancer chooses among all of them again.
      const upstream = balancer.pick(x, tried) ?? balancer.pick(x, none)
      if (upstream === undefined)
        throw new ServeError('E8008_UPSTREAM_UNAVAILABLE', `The route ${route} has no upstream.`)
      x.notes.remark = `${route} -> ${upstream.label}`
      x.notes.upstream = upstream.label
      delete x.notes.reason
      forwarding.label = upstream.label
      forwarding.attempts++
      try {
        const attempt = upstreamAttempt.hasSubscribers ? publishAttempt : sendTo
        return await attempt(x, upstream, forwarding)
      } catch (error) {
        if (!(error instanceof UpstreamError) || error.fault === 'left') throw error
        tried = new Set([...tried, upstream])
        isRefused &&= error.fault === 'refused'
        // All refused the connection: the error names each, since starting any one of them helps.
        if (isRefused) forwarding.label = [...tried].map(({ label }) => label).join(' or ')
        if (retries >= proxy.retries || !mayRetry(x, forwarding, error, tried.size < upstreams.length)) throw error
      }
    }
  }

  /** Sends the request to an upstream, and publishes the attempt. */
  async function publishAttempt(x: Exchange, upstream: ResolvedUpstream, forwarding: Forwarding): Promise<Reply> {
    const startedAt = performance.now()
    const facts = { id: x.id, attempt: forwarding.attempts, route, upstream: upstream.label }
    const end = (status: number | undefined, fault: string | undefined): void =>
      upstreamAttempt.publish({ ...facts, phase: 'end', status, fault, ms: performance.now() - startedAt })
    upstreamAttempt.publish({ ...facts, phase: 'start', status: undefined, fault: undefined, ms: undefined })
    try {
      const reply = await sendTo(x, upstream, forwarding)
      end(reply.status, undefined)
      return reply
    } catch (error) {
      end(undefined, error instanceof UpstreamError ? error.fault : isServeError(error) ? error.code : 'E8008_INTERNAL')
      throw error
    }
  }

  /** The client's reply when no upstream answered. @throws ServeError 502 or 504 unless a waiting page fits. */
  function failureReply(x: Exchange, error: UpstreamError, upstream: string): Reply {
    if (error.fault === 'left') return abandonedReply(x)
    const isChunked = error.fault === 'reset' && sendsChunks(x, proxy.buffer)
    noteReason(x, isChunked ? `${faultReason(error)}; chunked content: try buffer: true` : faultReason(error))
    const failure = gatewayError(error, route, upstream, isChunked ? chunkedHint : undefined)
    if (!isPageNavigation(x) || !transientFaults.has(error.fault)) throw failure
    x.notes.refusal = failure.code
    return waitingReply(failure, { route, upstream })
  }

  async function sendTo(x: Exchange, upstream: ResolvedUpstream, { content }: Forwarding): Promise<Reply> {
    const compiled = compiledOf(upstream)
    const made = compiled.request(x, content)
    const followed = x.observer?.forwarding(upstream.label, made)
    const request = followed === undefined ? made : { ...made, connected: followed.connected }
    const onEnd = upstreams.length === 1 ? noCount : balancer.begin(upstream)
    const toClientError = (error: unknown): unknown => {
      if (!(error instanceof UpstreamError)) return error
      if (error.fault !== 'left' && !x.signal.aborted) balancer.failed(upstream)
      if (error.fault !== 'left') noteReason(x, faultReason(error))
      return gatewayError(error, route, upstream.label)
    }
    const options: ClientResponseOptions = {
      proxy,
      route: routeField,
      mapping: () => compiled.mapping(x),
      toClientError,
      longLived,
      onEnd,
    }
    const receive = (asked: UpstreamRequest): Promise<Reply> =>
      wantedUpgrade(x) === undefined
        ? compiled.transport.send(asked).then((answer) => {
            followed?.answered(answer)
            return clientResponse(x, noteIgnoredChunks(x, asked, answer), options)
          })
        : forwardUpgrade(x, asked, compiled.upgrade, options)
    try {
      const reply =
        bodies === undefined ? await receive(request) : await bodies(x, request, receive, compiled.mapping(x))
      balancer.succeeded(upstream)
      return reply
    } catch (error) {
      onEnd()
      if (error instanceof UpstreamError && !blameless.has(error.fault)) balancer.failed(upstream)
      throw error
    }
  }

  return {
    handle,
    drain: () => longLived.end(),
    retire() {
      checks?.close()
      isRetired = true
      retireTransports()
    },
    async close() {
      checks?.close()
      await Promise.all([...compiledUpstreams.values()].map(({ transport }) => transport.close()))
    },
  }
}

function mayRetry(x: Exchange, forwarding: Forwarding, { fault, wrote }: UpstreamError, hasOther: boolean): boolean {
  if (forwarding.content.taken) return false
  // Retrying a refused connection immediately is pointless, unless there is another upstream.
  if (!wrote) return hasOther || fault === 'reset'
  // The upstream may have closed an idle connection at the moment of its reuse.
  return fault === 'reset' && isRepeatable(x, forwarding)
}

/** Forwarded content is not kept: once its first byte was read, the request cannot be sent again. */
function isRepeatable(x: Exchange, { content }: Forwarding): boolean {
  return !content.taken && safeMethods.has(x.method)
}

/**
 * Whether to read all content before the upstream is asked. Content of known length goes out with Content-Length, so it
 * needs no buffer, except before an upgrade: the protocol changes once the request is complete (RFC 9110 section 7.8).
 */
function needsBuffer(x: Exchange, isBuffered: boolean): boolean {
  const { expected, length } = x.body
  return expected && (wantedUpgrade(x) !== undefined || (isBuffered && length === undefined))
}

/** Whether the upstream gets content without Content-Length. */
function sendsChunks({ body }: Exchange, isBuffered: boolean): boolean {
  return !isBuffered && body.expected && body.length === undefined
}

/** Some servers ignore chunked content, parse it as the next request, and close the connection. */
const chunkedHint =
  'check the log of the upstream; if it ignores chunked content, as Django does under runserver, set buffer: true in the route'

/** Adds `buffer: true` to the log line when the backend probably ignored chunked content, which it does not report. */
function noteIgnoredChunks(x: Exchange, { body, length }: UpstreamRequest, reply: UpstreamReply): UpstreamReply {
  if (body !== null && length === undefined && ignoresChunks(reply)) noteReason(x, 'chunked content: try buffer: true')
  return reply
}

/** Text as the value of a field: an id may have letters beyond ASCII, which are percent-encoded. */
function visibleAscii(text: string): string {
  return Buffer.from(text)
    .toString()
    .replace(/[^\x20-\x7e]/gu, encodeURIComponent)
}
