import { ServeError } from '../errors/serve-error.ts'
import type { Handler, Layer } from '../http/exchange.ts'
import type { Reply } from '../http/reply.ts'

/**
 * A layer of the program whose mistakes are told as such: what it makes of the next handler has to be a handler, and
 * what that returns a reply.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for something that is no layer, such as an Express middleware.
 */
export function checkedLayer(layer: Layer): Layer {
  if (typeof layer !== 'function') throw noLayer(`it was given ${typeof layer}`)
  return (next) => {
    // Express and Connect take (req, res, next), which fails or gives nothing when it is called with a handler.
    const handle: unknown = layer.length > 1 ? undefined : layer(next)
    if (typeof handle !== 'function') {
      throw noLayer(
        layer.length > 1
          ? `this function takes ${layer.length} arguments`
          : `this function returned ${handle === null ? 'null' : typeof handle}`,
      )
    }
    return (x) => {
      const reply = (handle as Handler)(x)
      return reply instanceof Promise ? reply.then(checked) : checked(reply)
    }
  }
}

function checked(reply: Reply): Reply {
  const { status, headers, body } = (reply ?? {}) as Partial<Reply>
  if (typeof status === 'number' && Array.isArray(headers) && body !== undefined) return reply
  const found = reply === null || typeof reply !== 'object' ? String(reply) : `{ ${Object.keys(reply).join(', ')} }`
  throw new TypeError(`a layer returned ${found} instead of { status, headers: [name, value, …], body }`)
}

function noLayer(found: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', `use() takes a layer, (next) => (x) => reply; ${found}.`, {
    hint: 'middleware of Express goes beside server.handler in an Express app',
  })
}
