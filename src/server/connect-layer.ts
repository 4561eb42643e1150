import { quote } from '../config/diagnostic.ts'
import { isPlainObject } from '../config/plain-object.ts'
import { isServeError, ServeError } from '../core/serve-error.ts'
import { thrownText } from '../core/util/thrown-text.ts'
import { ClientLeftError } from '../http/body/body-relay.ts'
import { createMiddlewareMessages, type MiddlewareMessages } from '../http/h1/middleware-messages.ts'
import type { Exchange, Layer } from '../http/message/exchange.ts'
import { serverFields } from '../http/message/field-classes.ts'
import { getField, withVary, type HeaderList } from '../http/message/headers.ts'
import type { Reply } from '../http/message/reply.ts'
import type { ConnectMiddleware, ConnectOptions } from './types.ts'

/**
 * Makes a layer of middleware for Connect: Vite, sirv, an Express app, http-proxy-middleware. It gets a request and a
 * response of Node that are made for it, in every version of HTTP; what it writes becomes a reply of the pipeline, and
 * `next()` continues in the pipeline.
 *
 * Its replies are treated like those of an upstream: live reload adds its client to pages, and the filters for files of
 * this server leave them unchanged.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for another value
 * @example
 * server.use(connectLayer(sirv('public')))
 */
export function connectLayer(middleware: ConnectMiddleware, options: ConnectOptions = {}): Layer {
  checkArguments(middleware, options)
  const { upgrade } = options
  return (next) => async (x) => {
    const taken = upgrade !== undefined && asksForUpgrade(x) ? await offerUpgrade(upgrade, x) : undefined
    if (taken !== undefined) return taken
    const messages = createMiddlewareMessages(x, false)
    const passed = new Promise<undefined>((resolve) => {
      const onNext = (error?: unknown): void => {
        if (error === undefined || error === null) resolve(undefined)
        else messages.fail(handlerError(error))
      }
      attempt(messages, () => middleware(messages.request, messages.response, onNext))
    })
    const reply = await answerOf(messages, passed)
    if (reply !== undefined) return reply
    const fields = setFields(messages)
    messages.close()
    return withFields(await next(x), fields)
  }
}

/** The reply, unless the request is passed on first. */
async function answerOf({ reply }: MiddlewareMessages, passed: Promise<undefined>): Promise<Reply | undefined> {
  try {
    return await Promise.race([reply, passed])
  } catch (error) {
    throw handlerError(error)
  }
}

/** Calls the middleware. An error that it throws, or a promise that it rejects, makes it fail. */
function attempt(messages: MiddlewareMessages, call: () => unknown): unknown {
  try {
    const result = call()
    if (!(result instanceof Promise)) return undefined
    return result.catch((error: unknown) => messages.fail(handlerError(error)))
  } catch (error) {
    messages.fail(handlerError(error))
    return undefined
  }
}

/** Offers an upgrade to its listener. Resolves to undefined when the listener leaves the socket alone. */
async function offerUpgrade(upgrade: NonNullable<ConnectOptions['upgrade']>, x: Exchange): Promise<Reply | undefined> {
  const messages = createMiddlewareMessages(x, true)
  const { request, socket, reply } = messages
  const head = Buffer.alloc(0)
  await attempt(messages, () =>
    typeof upgrade === 'function'
      ? upgrade(request, socket, head)
      : void upgrade.emit('upgrade', request, socket, head),
  )
  // Some listeners, as that of http-proxy-middleware, wait for a promise that they do not return.
  await new Promise((resolve) => setImmediate(resolve))
  if (socket.isUsed) {
    return reply.catch((error: unknown) => {
      throw handlerError(error)
    })
  }
  messages.close()
  return undefined
}

/** RFC 9110 section 7.8: `Upgrade` has no effect in HTTP/1.0, nor without its name in `Connection`. */
function asksForUpgrade({ headers, version, body }: Exchange): boolean {
  if (!headers.has('upgrade') || version === '1.0' || body.expected) return false
  return (headers.get('connection') ?? '').split(',').some((name) => name.trim().toLowerCase() === 'upgrade')
}

/** The fields that the middleware has set before `next()`, as `cors` and `helmet` do. */
function setFields({ response }: MiddlewareMessages): HeaderList {
  return Object.entries(response.getHeaders()).flatMap(([name, value]) =>
    serverFields.has(name) ? [] : [value].flat().flatMap((each) => [name, String(each)]),
  )
}

/** Adds fields for which the reply has no own ones; cookies, and names in `Vary`, join those of the reply. */
function withFields(reply: Reply, fields: HeaderList): Reply {
  if (fields.length === 0) return reply
  let headers = reply.headers
  for (let i = 0; i < fields.length; i += 2) {
    const [name, value] = [fields[i] as string, fields[i + 1] as string]
    if (name === 'vary') headers = value.split(',').reduce((list, each) => withVary(list, each.trim()), headers)
    else if (name === 'set-cookie' || getField(reply.headers, name) === undefined) headers = [...headers, name, value]
  }
  return { ...reply, headers }
}

function handlerError(error: unknown): unknown {
  if (isServeError(error) || error instanceof ClientLeftError) return error
  return new ServeError('E8008_HANDLER', `Middleware failed: ${thrownText(error)}`, { cause: error })
}

function checkArguments(middleware: unknown, options: unknown): void {
  if (typeof middleware !== 'function' || middleware.length === 1) {
    const isFetch = typeof (middleware as { fetch?: unknown } | null | undefined)?.fetch === 'function'
    const found = typeof middleware === 'function' ? 'a function with 1 argument' : quote(middleware)
    throw invalid(
      `connectLayer() takes middleware, (req, res, next), and got ${found}.`,
      isFetch || typeof middleware === 'function'
        ? 'for a handler of the Fetch API use fetchLayer(handler)'
        : undefined,
    )
  }
  if (!isPlainObject(options)) {
    throw invalid(`connectLayer() takes { upgrade } as second argument, and got ${quote(options)}.`)
  }
  const { upgrade } = options
  const isListener = typeof upgrade === 'function' || typeof (upgrade as { emit?: unknown } | null)?.emit === 'function'
  if (upgrade === undefined || isListener) return
  throw invalid(
    `connectLayer() takes a function or an EventEmitter as upgrade, and got ${quote(upgrade)}.`,
    'write connectLayer(middleware, { upgrade: (req, socket, head) => … })',
  )
}

function invalid(message: string, hint?: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', message, { hint })
}
