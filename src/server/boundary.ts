import { isServeError, ServeError } from '../errors/serve-error.ts'
import type { Exchange, Layer } from '../http/exchange.ts'
import type { Reply } from '../http/reply.ts'
import { errorReply } from '../pages/error-page.ts'

/** Makes the reply of whatever was thrown, and notes it for the log. */
export type Refuse = (thrown: unknown, x: Exchange) => Reply

/** Compiles the way from an error to a reply. Faults of ours are reported, and hidden from the client. */
export function createRefuse(onFault: (error: ServeError) => void): Refuse {
  return (thrown, x) => {
    const error = isServeError(thrown) ? thrown : internalError(thrown)
    if (error.status === 500) onFault(error)
    x.notes.refusal = error.code
    if (error.hint !== undefined) x.notes.remark = error.hint
    return refusalReply(error, x.headers.get('accept'))
  }
}

/** Turns whatever is thrown further in into a reply, so that nothing passes it but replies. */
export function createBoundary(refuse: Refuse): Layer {
  return (next) => (x) => {
    try {
      const reply = next(x)
      return reply instanceof Promise ? reply.catch((thrown: unknown) => refuse(thrown, x)) : reply
    } catch (thrown) {
      return refuse(thrown, x)
    }
  }
}

/** The page of a refusal, closing the connection where the refusal says so. */
export function refusalReply(error: ServeError, accept: string | undefined): Reply {
  const reply = errorReply(error, accept)
  return error.close ? { ...reply, close: true } : reply
}

function internalError(cause: unknown): ServeError {
  return new ServeError('E8008_INTERNAL', 'Something went wrong inside the server.', {
    cause,
    hint: 'The terminal of the server shows more with --verbose.',
  })
}
