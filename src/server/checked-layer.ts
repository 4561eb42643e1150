import { quote } from '../config/diagnostic.ts'
import { ServeError } from '../core/serve-error.ts'
import type { Handler, Layer } from '../http/message/exchange.ts'
import { checkField } from '../http/message/headers.ts'
import { isStreamed } from '../http/body/reply-body.ts'
import type { Reply } from '../http/message/reply.ts'

/**
 * Wraps a layer of the program, so that an error says which rule it breaks: a layer returns a handler, and a handler
 * returns a reply.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for another function, such as an Express middleware.
 */
export function checkedLayer(layer: Layer): Layer {
  if (typeof layer !== 'function') throw noLayer(`it was given ${quote(layer)}`)
  return (next) => {
    // Middleware of Express and Connect takes (req, res, next): called with a handler alone, it throws or returns nothing.
    const handle: unknown = layer.length > 1 ? undefined : layer(next)
    if (typeof handle !== 'function') {
      throw noLayer(
        layer.length > 1
          ? `this function takes ${layer.length} arguments`
          : `this function returned ${handle instanceof Promise ? 'a promise' : quote(handle)}`,
      )
    }
    return (x) => {
      const reply = (handle as Handler)(x)
      return reply instanceof Promise ? reply.then(checked) : checked(reply)
    }
  }
}

function checked(reply: Reply): Reply {
  return checkReply(reply, 'a layer returned')
}

/**
 * Checks a reply while what returned it is on the stack.
 *
 * @param what Begins the message: `a layer returned`.
 * @throws TypeError, RangeError for a reply that cannot be written.
 */
export function checkReply(reply: Reply, what: string): Reply {
  const { status, reason, headers, body, takeover } = (reply ?? {}) as Partial<Reply>
  if (typeof status !== 'number' || !Array.isArray(headers) || body === undefined) {
    throw new TypeError(`${what} ${shapeOf(reply)} instead of { status, headers: [name, value, …], body }`)
  }
  const isFinal = Number.isInteger(status) && status >= 200 && status <= 999
  if (!isFinal && !(status === 101 && takeover !== undefined)) {
    throw new RangeError(`${what} the status ${status}; use a whole number from 200 to 999`)
  }
  // RFC 9112 section 4. A Response of the Fetch API refuses any other, too.
  if (reason !== undefined && (typeof reason !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(reason))) {
    throw new TypeError(`${what} ${quote(reason)} as reason; use Latin-1 text on one line`)
  }
  checkHeaders(headers as readonly unknown[], what)
  if (body !== null && !(body instanceof Uint8Array) && !isStreamed(body)) {
    throw new TypeError(`${what} ${quote(body)} as body; use null, bytes (Buffer.from(text)) or a Readable`)
  }
  return reply
}

function checkHeaders(headers: readonly unknown[], what: string): void {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]
    if (typeof name !== 'string' || i + 1 === headers.length) {
      throw new TypeError(`${what} headers that are not a flat list; use [name, value, name, value, …]`)
    }
    checkField(name, headers[i + 1] as string)
  }
}

function shapeOf(reply: unknown): string {
  const isPlain = typeof reply === 'object' && reply !== null && Object.getPrototypeOf(reply) === Object.prototype
  return isPlain ? `{ ${Object.keys(reply).join(', ')} }` : quote(reply)
}

function noLayer(found: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', `use() takes a layer, (next) => (x) => reply; ${found}.`, {
    hint: 'for middleware of Express and Connect write server.use(connectLayer(middleware))',
  })
}
