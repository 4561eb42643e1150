import { isLoopback, unmapped } from '../core/util/ip.ts'
import { isSameOrigin } from '../http/message/origin.ts'
import type { Exchange } from '../http/message/exchange.ts'
import { emptyReply, type Reply, type Source } from '../http/message/reply.ts'
import { allowMethods, forbidden, isEqualToken, jsonReply, ownFields } from './endpoints.ts'

/** What only programs of the user may ask for who started the server with the command. */
export interface Owner {
  /** Proves that a program can read files of the user; empty until there is one. */
  readonly token: () => string
  /** Streams exchanges. @throws ServeError `E8008_FILTER` */
  stream(request: {
    readonly filter: string
    readonly contentBytes: number
    readonly whenGone: Exchange['whenGone']
  }): Promise<Source>
  /** Where a link opens the dashboard once. */
  dashboard(): Promise<{ readonly host: string; readonly target: string }>
}

/**
 * Answers the owner of the server, who has its token. Pages of the server get another token, which does not open this: they
 * must not read what other pages send.
 */
export async function answerOwner(name: string, x: Exchange, owner: Owner): Promise<Reply> {
  allowMethods(x, [name === 'dashboard' ? 'POST' : 'GET'])
  // A server on an address of the network alone is asked from that address.
  const { address, localAddress } = x.peer
  if (!isLoopback(unmapped(address)) && address !== localAddress) throw forbidden('Only this machine may ask for this.')
  // What people type; the dashboard asks who they are.
  if (name === '') {
    const { host } = await owner.dashboard()
    return emptyReply(302, ['Location', urlAt(host, x, x.target.path), 'Cache-Control', 'no-store'])
  }
  if (!isSameOrigin(x)) throw forbidden('Pages of other origins may not ask for this.')
  const given = x.headers.get('x-serve8008-token') ?? ''
  const token = owner.token()
  if (token === '' || !isEqualToken(given, token)) throw forbidden('X-Serve8008-Token is missing or wrong.')
  if (name === 'exchanges') return streamExchanges(x, owner)
  const { host, target } = await owner.dashboard()
  return jsonReply({ url: urlAt(host, x, target) })
}

/** `GET exchanges?filter=…&content=…`: the exchanges of the server as lines of JSON. */
async function streamExchanges(x: Exchange, owner: Owner): Promise<Reply> {
  const query = new URLSearchParams(x.target.query)
  const contentBytes = Number(query.get('content') ?? 0)
  const body = await owner.stream({
    filter: query.get('filter') ?? '',
    contentBytes: contentBytes > 0 ? contentBytes : 0,
    whenGone: (callback) => x.whenGone(callback),
  })
  return { status: 200, headers: ownFields('application/x-ndjson', 'no-store, no-transform'), body }
}

/** An address at another name of the server that a request has reached. */
function urlAt(host: string, { authority, peer }: Exchange, target: string): string {
  const port = authority?.port
  return `${peer.encrypted ? 'https' : 'http'}://${host}${port === undefined ? '' : `:${port}`}${target}`
}
