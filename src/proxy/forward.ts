import type { ResolvedUpstream } from '../config/route-types.ts'
import type { ErrorCode } from '../core/codes.ts'
import { ServeError } from '../core/serve-error.ts'
import type { Warning } from '../core/warning.ts'
import type { Exchange, Handler } from '../http/message/exchange.ts'
import type { Reply } from '../http/message/reply.ts'
import { waitingReply } from '../pages/waiting-page.ts'
import { createBalancer } from './upstream/balance.ts'
import { bufferContent, losesChunks, type BufferedContent, type ForwardedContent } from './request/buffered-content.ts'
import { clientReply, type ClientReplyOptions } from './response/response.ts'
import { Endless } from './long-lived.ts'
import { forwardUpgrade } from './upgrade/upgrade.ts'
import { faultReason, gatewayError } from './response/gateway-error.ts'
import { createHealthChecks, healthWarning } from './upstream/health.ts'
import { holdFor, holdWhileAway, isPageNavigation } from './upstream/wait-for-upstream.ts'
import { safeMethods } from './safe-methods.ts'
import { createTarget, type Target, type TargetOptions } from './upstream/upstream.ts'
import type { OutboundRequest, UpstreamFault, UpstreamReply } from './types.ts'
import { wantedUpgrade } from './upgrade/fields.ts'
import { UpstreamError } from './upstream/upstream-error.ts'

/** What {@link createForward} needs. */
export interface ForwardOptions extends TargetOptions {
  /** As people know the route: `/api`. */
  readonly name: string
  readonly onWarning: (warning: Warning) => void
}

/** One route's way to its upstreams. */
export interface Forward {
  readonly handle: Handler
  /** Ends what would never end by itself: nothing more is waited for. */
  drain(): void
  /** Ends idle connections to the upstreams now, and the others with the exchanges under way. */
  retire(): void
  /** Ends every connection, busy or not. */
  close(): Promise<void>
}

/** One request on its way. */
interface Asked {
  /** The upstream that was asked last, by its label; several where none of them runs. */
  label: string
  readonly content: ForwardedContent
}

/** Faults that pass when a backend that restarts is there again. */
const passing: ReadonlySet<UpstreamFault> = new Set(['refused', 'unreachable', 'connect-timeout', 'reset'])

/** Nobody is there to read it; the number is what logs know for that. */
const clientLeft: Reply = { status: 499, headers: [], body: null, close: true }

const optionsReply: Reply = Object.freeze({ status: 204, headers: ['Allow', 'GET, HEAD, OPTIONS'], body: null })

/** RFC 9110 section 7.6.2: at 0 the recipient answers itself. */
function endsHere({ headers }: Exchange): boolean {
  return /^0+$/.test(headers.get('max-forwards') ?? '')
}

/** Why we refuse to forward, as a log line says it. */
const refusalReasons: Readonly<Partial<Record<ErrorCode, string>>> = {
  E8008_UPSTREAM_LOOP: 'loop',
  E8008_UPSTREAM_UNAVAILABLE: 'unavailable',
  E8008_UPSTREAM_FORBIDDEN: 'forbidden',
}

/** Says in the log why there is no answer, behind the route and the upstream. */
function noteReason({ notes }: Exchange, reason: string | undefined): void {
  if (reason === undefined || notes.remark === undefined) return
  notes.remark += ` (${reason})`
  notes.reason = reason
}

/** One upstream is not chosen among others. */
const noBookkeeping = (): void => {}

/** Makes the handler of a route that forwards. */
export function createForward(options: ForwardOptions): Forward {
  const { name, proxy, onWarning } = options
  const { upstreams, health } = proxy
  const targets = new Map(upstreams.map((upstream) => [upstream, createTarget(upstream, options)]))
  const balancer = createBalancer(upstreams, proxy)
  const targetOf = (upstream: ResolvedUpstream): Target => targets.get(upstream) as Target
  const checks =
    health &&
    createHealthChecks({
      upstreams,
      health,
      fields: proxy.requestFields.set,
      transportOf: (upstream) => targetOf(upstream).transport,
      checked: (upstream, isHealthy) => balancer.checked(upstream, isHealthy),
      changed: ({ label }, fault) => onWarning(healthWarning(name, label, health.path, fault)),
    })
  const endless = new Endless()
  /** Exchanges that are not answered yet. */
  let waiting = 0
  let isRetired = false

  async function handle(x: Exchange): Promise<Reply> {
    if (x.method === 'OPTIONS' && endsHere(x)) return optionsReply
    const holdMs = holdFor(x, proxy.hold)
    let asked: Asked = { label: '', content: x.body }
    let buffered: BufferedContent | undefined
    waiting++
    try {
      // A known length is passed on as it is.
      if (proxy.buffer && x.body.expected && x.body.length === undefined) {
        buffered = await bufferContent(x.body)
        asked = { label: '', content: buffered }
      }
      return await (holdMs === 0
        ? askOneOrMore(x, asked)
        : holdWhileAway(() => askOneOrMore(x, asked), {
            ...{ holdMs, signal: x.signal, endless },
            isRepeatable: () => isRepeatable(x, asked),
          }))
    } catch (error) {
      if (error instanceof UpstreamError) return lost(x, error, asked.label)
      if (error instanceof ServeError) noteReason(x, refusalReasons[error.code])
      throw error
    } finally {
      buffered?.release()
      waiting--
      if (isRetired) retireTransports()
    }
  }

  function retireTransports(): void {
    for (const { transport } of targets.values()) {
      const ending = transport.retire?.() ?? (waiting === 0 ? transport.close() : undefined)
      // The server may have closed it before.
      ending?.catch(() => {})
    }
  }

  /** Asks an upstream, and further ones or it again where that is safe. */
  async function askOneOrMore(x: Exchange, asked: Asked): Promise<Reply> {
    const tried = new Set<ResolvedUpstream>()
    let isRefused = true
    for (let attempt = 0; ; attempt++) {
      // When every one was tried, the first is asked again.
      const upstream = balancer.pick(x, tried) ?? balancer.pick(x, new Set())
      if (upstream === undefined) throw new ServeError('E8008_UPSTREAM_UNAVAILABLE', `The route ${name} leads nowhere.`)
      x.notes.remark = `${name} -> ${upstream.label}`
      x.notes.upstream = upstream.label
      delete x.notes.reason
      asked.label = upstream.label
      try {
        return await ask(x, upstream, asked)
      } catch (error) {
        if (!(error instanceof UpstreamError) || error.fault === 'left') throw error
        tried.add(upstream)
        isRefused &&= error.fault === 'refused'
        // None of them runs, so starting any will do.
        if (isRefused) asked.label = [...tried].map(({ label }) => label).join(' or ')
        if (attempt >= proxy.retries || !mayRepeat(x, asked, error, tried.size < upstreams.length)) throw error
      }
    }
  }

  /** What the client gets instead of an answer. */
  function lost(x: Exchange, error: UpstreamError, upstream: string): Reply {
    if (error.fault === 'left') return clientLeft
    const inChunks = error.fault === 'reset' && sendsChunks(x, proxy.buffer)
    noteReason(x, inChunks ? `${faultReason(error)}; in chunks: try buffer: true` : faultReason(error))
    const refusal = gatewayError(error, name, upstream, inChunks ? chunksHint : undefined)
    if (!isPageNavigation(x) || !passing.has(error.fault)) throw refusal
    x.notes.refusal = refusal.code
    return waitingReply(refusal, { route: name, upstream })
  }

  async function ask(x: Exchange, upstream: ResolvedUpstream, { content }: Asked): Promise<Reply> {
    const target = targetOf(upstream)
    const request = target.request(x, content)
    const ended = upstreams.length === 1 ? noBookkeeping : balancer.begin(upstream)
    const faultOf = (error: unknown): unknown => {
      if (!(error instanceof UpstreamError)) return error
      if (error.fault !== 'left' && !x.signal.aborted) balancer.failed(upstream)
      if (error.fault !== 'left') noteReason(x, faultReason(error))
      return gatewayError(error, name, upstream.label)
    }
    const options: ClientReplyOptions = { proxy, name, mapping: () => target.mapping(x), faultOf, endless, ended }
    try {
      const reply =
        wantedUpgrade(x) === undefined
          ? clientReply(x, noteLostChunks(x, request, await target.transport.send(request)), options)
          : await forwardUpgrade(x, request, target.upgrade, options)
      balancer.succeeded(upstream)
      return reply
    } catch (error) {
      ended()
      if (error instanceof UpstreamError && error.fault !== 'left') balancer.failed(upstream)
      throw error
    }
  }

  return {
    handle,
    drain: () => endless.end(),
    retire() {
      checks?.close()
      isRetired = true
      retireTransports()
    },
    async close() {
      checks?.close()
      await Promise.all([...targets.values()].map(({ transport }) => transport.close()))
    },
  }
}

function mayRepeat(x: Exchange, asked: Asked, { fault, wrote }: UpstreamError, hasOther: boolean): boolean {
  if (asked.content.taken) return false
  // Whoever refuses does so a moment later too.
  if (!wrote) return hasOther || fault === 'reset'
  // An idle connection that the upstream closed just as it was used again.
  return fault === 'reset' && isRepeatable(x, asked)
}

/** Content that is passed on is not kept, so what was read of it cannot be sent again. */
function isRepeatable(x: Exchange, { content }: Asked): boolean {
  return !content.taken && safeMethods.has(x.method)
}

/** Whether the upstream gets content whose length it is not told. */
function sendsChunks({ body }: Exchange, isBuffered: boolean): boolean {
  return !isBuffered && body.expected && body.length === undefined
}

/** Servers that read a request without a length as an empty one take its content for the next request, and hang up. */
const chunksHint =
  'its own log may say why; if it takes content in chunks for nothing, as Django does under runserver, the route needs buffer: true'

/** Says in the log what is missing when a backend has read none of the content: it does not say so itself. */
function noteLostChunks(x: Exchange, { body, length }: OutboundRequest, reply: UpstreamReply): UpstreamReply {
  if (body !== null && length === undefined && losesChunks(reply)) noteReason(x, 'in chunks: try buffer: true')
  return reply
}
