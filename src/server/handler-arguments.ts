import { quote } from '../config/diagnostic.ts'
import { ServeError } from '../core/serve-error.ts'

/** @throws ServeError `E8008_CONFIG_INVALID` for the arguments that Hono, h3 and Bun pass to a handler. */
export function checkResponse(response: unknown): void {
  if (typeof (response as { writeHead?: unknown } | undefined)?.writeHead === 'function') return
  throw invalid(
    `handler takes (req, res) of node:http, and got ${quote(response)}.`,
    'with Hono, h3 and other servers of the Fetch API use server.tryFetch(request)',
  )
}

/** @throws ServeError `E8008_CONFIG_INVALID` for arguments that are not those of the event `upgrade`. */
export function checkUpgrade(request: unknown, socket: unknown): void {
  const isRequest = typeof (request as { headers?: unknown } | undefined)?.headers === 'object'
  if (isRequest && typeof (socket as { write?: unknown } | undefined)?.write === 'function') return
  const given = quote(isRequest ? socket : request)
  throw invalid(
    `upgrade takes (req, socket, head) of node:http, and got ${given}.`,
    "write nodeServer.on('upgrade', server.upgrade)",
  )
}

function invalid(message: string, hint: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', message, { hint })
}
