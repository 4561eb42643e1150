import type { ResolvedUpstream } from '../config/route-types.ts'
import type { Exchange, Handler } from '../http/exchange.ts'
import type { HeaderList } from '../http/headers.ts'
import { getField } from '../http/headers.ts'
import type { Body, Reply } from '../http/reply.ts'
import { gatewayError } from './gateway-error.ts'
import { createHttp1Transport } from './http1-transport.ts'
import { createHttp2Transport } from './http2-transport.ts'
import { outboundFields, outboundPath, type OutboundOptions } from './outbound.ts'
import type { OutboundRequest, Transport, UpstreamReply } from './types.ts'
import { createUpgrade, type Upgrade } from './upgrade.ts'
import { wantedUpgrade } from './upgrade-fields.ts'
import { UpstreamError } from './upstream-error.ts'

/** What {@link createForward} needs. */
export interface ForwardOptions extends OutboundOptions {
  /** As people know the route: `/api`. */
  readonly name: string
}

/** One route's way to its upstreams. */
export interface Forward {
  readonly handle: Handler
  close(): Promise<void>
}

/** An upstream and the ways to speak to it. */
interface Target {
  readonly upstream: ResolvedUpstream
  readonly transport: Transport
  readonly upgrade: Upgrade
}

/** Methods that change nothing (RFC 9110 section 9.2.1 and the registry), so that asking twice is asking once. */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY'])

/** Makes the handler of a route that forwards. */
export function createForward(options: ForwardOptions): Forward {
  const { name, proxy } = options
  const targets = proxy.upstreams.map((upstream) => openTarget(upstream, proxy))
  const remarkName = name.replace(/^\//, '') || '/'
  let turn = 0

  async function handle(x: Exchange): Promise<Reply> {
    const tried = new Set<Target>()
    for (let attempt = 0; ; attempt++) {
      const target = nextTarget(tried)
      const { label } = target.upstream
      x.notes.remark = `${remarkName} -> ${label}`
      try {
        return await ask(x, target)
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error
        if (attempt >= proxy.retries || !mayRepeat(x, error)) throw faultOf(error, label)
        tried.add(target)
      }
    }
  }

  function nextTarget(tried: ReadonlySet<Target>): Target {
    const fresh = targets.filter((target) => !tried.has(target))
    const choice = fresh.length === 0 ? targets : fresh
    return choice[turn++ % choice.length] as Target
  }

  async function ask(x: Exchange, { upstream, transport, upgrade }: Target): Promise<Reply> {
    const outbound = outboundRequest(x, upstream, options)
    if (wantedUpgrade(x) !== undefined) return finished(await upgrade(x, outbound))
    return finished(relay(x, await transport.send(outbound), (error) => faultOf(error, upstream.label)))
  }

  function faultOf(error: unknown, label: string): unknown {
    return error instanceof UpstreamError ? gatewayError(error, name, label) : error
  }

  function finished(reply: Reply): Reply {
    const { set, remove } = proxy.replyFields
    if (set.length === 0 && remove.length === 0 && !proxy.debug) return reply
    const replaced = new Set(remove)
    for (let i = 0; i < set.length; i += 2) replaced.add((set[i] as string).toLowerCase())
    const headers = reply.headers.filter((_, i, all) => !replaced.has((all[i - (i % 2)] as string).toLowerCase()))
    return { ...reply, headers: [...headers, ...set, ...(proxy.debug ? ['Server8008-Route', name] : [])] }
  }

  return {
    handle,
    async close() {
      await Promise.all(targets.map(({ transport }) => transport.close()))
    },
  }
}

function openTarget(upstream: ResolvedUpstream, { timeouts, tls }: OutboundOptions['proxy']): Target {
  const options = { upstream, timeouts, tls }
  const isHttp2 = upstream.protocol === 'h2:' || upstream.protocol === 'h2c:'
  const transport = isHttp2 ? createHttp2Transport(options) : createHttp1Transport(options)
  return { upstream, transport, upgrade: createUpgrade(options) }
}

function outboundRequest(x: Exchange, upstream: ResolvedUpstream, options: OutboundOptions): OutboundRequest {
  const { body } = x
  return {
    method: x.method,
    path: outboundPath(x, options.match, upstream),
    headers: outboundFields(x, upstream, options),
    body: body.expected ? body.relay() : null,
    length: body.length,
    // Made only when it is asked for.
    get signal() {
      return x.signal
    },
    whenGone: (callback) => x.whenGone(callback),
    inform: (status: number, headers: HeaderList) => x.inform(status, headers),
  }
}

/** The client's reply: the upstream's, framed by us. */
function relay(x: Exchange, { status, headers, body }: UpstreamReply, faultOf: (error: unknown) => unknown): Reply {
  // An answer before the content was read: what is left of it would be read as the next request.
  const close = x.body.taken && !x.body.read
  return { status, headers, body: contentOf(x, headers, body, faultOf), relayed: true, ...(close ? { close } : {}) }
}

function contentOf(
  x: Exchange,
  headers: HeaderList,
  body: UpstreamReply['body'],
  faultOf: (error: unknown) => unknown,
): Body {
  // A reply to HEAD says of the length what the upstream said: nothing, if that is what it was.
  if (x.method === 'HEAD' && getField(headers, 'content-length') === undefined) {
    return { pull: async () => {}, cancel: () => {} }
  }
  if (body === null || body instanceof Uint8Array) return body
  return {
    length: body.length,
    cancel: () => body.cancel(),
    async pull(sink, signal) {
      try {
        return await body.pull(sink, signal)
      } catch (error) {
        throw faultOf(error)
      }
    },
  }
}

/** Content can be read only once, so what has some is not asked again. */
function mayRepeat(x: Exchange, { fault, wrote }: UpstreamError): boolean {
  if (x.body.taken || fault === 'left') return false
  if (!wrote) return fault === 'refused' || fault === 'unreachable' || fault === 'connect-timeout' || fault === 'reset'
  // An idle connection that the upstream closed just as it was used again.
  return fault === 'reset' && safeMethods.has(x.method)
}
