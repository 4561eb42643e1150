import { quote } from '../config/diagnostic.ts'
import { isServeError, ServeError } from '../core/serve-error.ts'
import { thrownText } from '../core/util/thrown-text.ts'
import { ClientLeftError } from '../http/body/body-relay.ts'
import { discard } from '../http/body/reply-body.ts'
import { fetchRequest, type FetchRequest } from '../http/fetch-request.ts'
import type { Exchange, Layer } from '../http/message/exchange.ts'
import type { Reply, Source } from '../http/message/reply.ts'
import { isResponse, responseReply } from '../http/response-reply.ts'
import { checkReply } from './checked-layer.ts'

/** What a handler gets beside the request. */
export interface FetchContext {
  /** The exchange: the address of the client is `exchange.peer.address`. */
  readonly exchange: Exchange
}

/**
 * A handler of the Fetch API, as Hono, h3, srvx, Bun and Deno know it. Undefined, and a Response with the field
 * `x-middleware-next: 1`, mean that the request is not for this handler.
 */
export type FetchHandler = (
  request: Request,
  context: FetchContext,
) => Response | undefined | void | Promise<Response | undefined | void>

/** The field by which frameworks that must return a Response say that the request is not for them. */
const passField = 'x-middleware-next'

/**
 * Makes a layer of a handler of the Fetch API: a function, or an object with `fetch`, such as an app of Hono or h3.
 *
 * Its replies are treated like those of an upstream: live reload adds its client to pages, and the filters for files of
 * this server leave them unchanged.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for another value
 * @example
 * server.use(fetchLayer(new Hono().get('/api', (c) => c.json({ ok: true }))))
 */
export function fetchLayer(handler: FetchHandler | { readonly fetch: FetchHandler }): Layer {
  const call = checkedHandler(handler)
  return (next) => async (x) => {
    // `OPTIONS *` asks about the server as a whole, and has no URL.
    if (x.target.form === 'asterisk') return next(x)
    const left = new AbortController()
    const made = fetchRequest(x, left.signal)
    const unwatch = x.whenGone(() => left.abort(new ClientLeftError()))
    const release = (): void => {
      unwatch()
      made.close()
    }
    let reply: Reply | undefined
    try {
      reply = await replyOf(call, x, made)
    } finally {
      if (reply?.body === undefined || reply.body === null) release()
    }
    if (reply === undefined) return next(x)
    return reply.body === null ? reply : { ...reply, body: released(reply.body as Source, made.contentError, release) }
  }
}

async function replyOf(call: FetchHandler, x: Exchange, made: FetchRequest): Promise<Reply | undefined> {
  const { request, contentError } = made
  const { signal } = request
  let reply: Reply | undefined
  try {
    const response = await call(request, { exchange: x })
    reply = response === undefined ? undefined : replyFrom(response)
    made.keep(response?.body)
    const error = contentError() ?? (signal.aborted ? signal.reason : undefined)
    if (error === undefined) return reply
    throw error
  } catch (thrown) {
    discard(reply?.body ?? null)
    // What a framework makes of it does not matter: content that is too large is a 413.
    const error: unknown = contentError() ?? (signal.aborted ? signal.reason : thrown)
    throw handlerError('A handler of the Fetch API failed', error)
  }
}

function handlerError(what: string, error: unknown): unknown {
  if (isServeError(error) || error instanceof ClientLeftError) return error
  return new ServeError('E8008_HANDLER', `${what}: ${thrownText(error)}`, { cause: error })
}

/** The reply of a handler; undefined where the request is not for it. */
function replyFrom(response: unknown): Reply | undefined {
  if (!isResponse(response)) throw new TypeError(`it returned ${quote(response)} instead of a Response or undefined`)
  const reply = checkReply(responseReply(response), 'its Response has')
  // As an upstream's: over HTTP/2 it may begin while the client still sends.
  if (response.headers.get(passField) !== '1') return { ...reply, relayed: true, injectable: true }
  discard(reply.body)
  return undefined
}

/** Calls back when the content was sent or is not needed. Names the handler where it fails. */
function released(body: Source, contentError: () => unknown, release: () => void): Source {
  return {
    length: body.length,
    pull: (sink, signal) =>
      body
        .pull(sink, signal)
        .catch((error: unknown) => {
          throw handlerError('The content of a handler broke off', contentError() ?? error)
        })
        .finally(release),
    cancel: () => {
      body.cancel()
      release()
    },
  }
}

function checkedHandler(handler: FetchHandler | { readonly fetch: FetchHandler }): FetchHandler {
  const { fetch: method } = (handler ?? {}) as { fetch?: unknown }
  if (typeof method === 'function')
    return (request, context) => (handler as { fetch: FetchHandler }).fetch(request, context)
  const isMiddleware = typeof handler === 'function' && handler.length > 2
  if (typeof handler === 'function' && !isMiddleware) return handler
  const found = isMiddleware ? `a function with ${handler.length} arguments` : quote(handler)
  throw new ServeError(
    'E8008_CONFIG_INVALID',
    `fetchLayer() takes (request) => Response, or an object with fetch, and got ${found}.`,
    { hint: isMiddleware ? 'for middleware of Express and Connect use connectLayer(middleware)' : undefined },
  )
}
