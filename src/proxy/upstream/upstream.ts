import type { ResolvedUpstream } from '../../config/kinds/proxy-types.ts'
import { formatHost } from '../../core/util/ip.ts'
import { isSecureClient } from '../../http/message/authority.ts'
import { clientNetwork, type ClientAddress } from '../../http/message/client-address.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import type { ForwardedContent } from '../request/buffered-content.ts'
import { createHttp1Transport } from '../h1/transport.ts'
import { createUpstreamHeaders, type RequestHeadersOptions } from '../request/headers.ts'
import { createRequestPath, matchedPrefix } from '../request/path.ts'
import { checkDestination, rewriteDestination } from '../request/destination-header.ts'
import { announcedTrailers, trailerSection } from '../request/trailers.ts'
import type { UpstreamRequest, Transport, TransportOptions, Upgrade } from '../types.ts'
import { createHttp1Upgrade } from '../h1/upgrade.ts'
import type { UrlMapping } from '../url-rewrite.ts'

/** An upstream of a route, compiled: how its requests are built and sent. */
export interface Upstream {
  readonly upstream: ResolvedUpstream
  readonly transport: Transport
  readonly upgrade: Upgrade
  /** @throws ServeError 400, 502 or 508 for a request that the proxy must not forward. */
  request(x: Exchange, content: ForwardedContent): UpstreamRequest
  mapping(x: Exchange): UrlMapping
}

/** Options of {@link createUpstream}. */
export interface UpstreamOptions extends RequestHeadersOptions, Pick<TransportOptions, 'limits'> {
  readonly clientOf: ClientAddress
}

/** Compiles an upstream. The first request opens its first connection. */
export function createUpstream(upstream: ResolvedUpstream, options: UpstreamOptions): Upstream {
  const { match, proxy, limits, isTrusted, clientOf } = options
  const { timeouts, tls } = proxy
  const pathOf = createRequestPath(match, upstream)
  const outer = matchedPrefix(match)
  // An upstream that is told where it is mounted puts that before the paths of its URLs.
  const isTold = proxy.scriptName && outer !== ''
  const outbound = createUpstreamHeaders(upstream, isTold ? withScriptName(options, outer) : options)
  const isSecure = upstream.protocol === 'https:' || upstream.protocol === 'h2:'
  const namesOf = upstreamNames(upstream, proxy.aliases)
  const inner = isTold ? outer : (upstream.prefix ?? outer)

  function mapping(x: Exchange): UrlMapping {
    const host = x.headers.get('host') ?? ''
    const sent = outbound.host(x)
    return {
      client: { scheme: isSecureClient(x, isTrusted) ? 'https' : 'http', authority: host, prefix: outer },
      upstream: { scheme: isSecure ? 'https' : 'http', authority: sent, prefix: inner },
      aliases: namesOf(host, sent),
      target: `${x.target.path}${x.target.query}`,
    }
  }

  function fieldsFor(x: Exchange): readonly string[] {
    const fields = outbound.fields(x)
    const { names } = x.headers
    // RFC 4918 section 10.3 defines Destination for these two methods; other protocols use it for queue names.
    const copies = (x.method === 'COPY' || x.method === 'MOVE') && names.includes('destination')
    if (!copies && !(proxy.rewrite && names.includes('if'))) return fields
    const urls = mapping(x)
    if (copies) checkDestination(fields, urls)
    return proxy.rewrite ? rewriteDestination(fields, urls, copies) : fields
  }

  const transport = createTransport({ upstream, timeouts, tls, limits })
  const plainUpgrade = createHttp1Upgrade({ upstream, timeouts, tls, replyHeaderBytes: limits.replyHeaderBytes })
  return {
    upstream,
    transport,
    upgrade: async (...asked) => (await transport.upgrade?.(...asked)) ?? plainUpgrade(...asked),
    mapping,
    request(x, content) {
      const request: UpstreamRequest = {
        method: x.method,
        path: `${pathOf(x.target.path)}${x.target.query}`,
        headers: fieldsFor(x),
        body: content.expected ? content.relay() : null,
        length: content.length,
        // Only chunked content can have a trailer section.
        announced: content.length === undefined ? announcedTrailers(x, options) : [],
        trailers: () => trailerSection(x, options),
        client: () => clientNetwork(clientOf(x)),
        whenGone: (callback) => x.whenGone(callback),
        inform: (status, fields) => x.inform(status, fields),
        again: () => (content.taken ? undefined : { ...request, body: content.relay() }),
      }
      return request
    },
  }
}

/**
 * Compiles the authorities by which an upstream may name itself: its aliases; and its port, with its own host or one from
 * `Host`, since some servers build URLs from that and their own port (DIAL devices, calendar servers).
 */
function upstreamNames(upstream: ResolvedUpstream, aliases: readonly string[]): (...hosts: string[]) => string[] {
  const { hostname, port, socketPath } = upstream
  const own = formatHost(hostname)
  const named = aliases.filter((alias) => !alias.startsWith(':'))
  const ports = aliases.filter((alias) => alias.startsWith(':'))
  // A socket has no port.
  if (socketPath === undefined) ports.push(`:${port}`)
  else named.push(upstream.authority)
  return (...hosts) => [
    ...named,
    ...[own, ...hosts.map((host) => host.replace(/:\d*$/, ''))].flatMap((host) => ports.map((each) => host + each)),
  ]
}

/** The options of a route with the field that names its prefix. */
function withScriptName(options: UpstreamOptions, prefix: string): UpstreamOptions {
  const { proxy } = options
  const { set, remove } = proxy.requestFields
  return { ...options, proxy: { ...proxy, requestFields: { set: ['X-Script-Name', prefix, ...set], remove } } }
}

function createTransport(options: TransportOptions): Transport {
  const { protocol } = options.upstream
  if (protocol === 'h2:' || protocol === 'h2c:') {
    return lazyTransport(async () => (await import('../h2/transport.ts')).createHttp2Transport(options))
  }
  return createHttp1Transport(options)
}

/** Loads a transport that few routes need with its first request. */
function lazyTransport(open: () => Promise<Transport>): Transport {
  let opening: Promise<Transport> | undefined
  return {
    send: async (request) => (await (opening ??= open())).send(request),
    upgrade: async (...asked) => (await (opening ??= open())).upgrade?.(...asked),
    close: async () => (await opening)?.close(),
  }
}
