import { quote } from '../config/diagnostic.ts'
import { ServeError } from '../core/serve-error.ts'

/** Other servers take a port in `listen()`. It would be ignored here without a word. */
export function refuseArguments([first]: readonly unknown[]): void {
  if (first === undefined) return
  const isPort = typeof first === 'number' || typeof first === 'string'
  throw invalid(
    `listen() takes no arguments, and got ${quote(first)}.`,
    isPort ? `write createServer({ port: ${first} })` : 'it returns a promise: const { url } = await server.listen()',
  )
}

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

/**
 * Makes a request of the arguments of `fetch()` or `tryFetch()`.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for a URL without a scheme and a host.
 */
export function toRequest(name: string, input: string | URL | Request, init: RequestInit | undefined): Request {
  if (input instanceof Request) return init === undefined ? input : new Request(input, init)
  const url = String(input)
  if (URL.canParse(url)) return new Request(url, init)
  const origin = 'http://localhost/'
  const whole = typeof input === 'string' && URL.canParse(url, origin) ? new URL(url, origin).href : origin
  throw invalid(`${name}() takes a whole URL, and got ${quote(input)}.`, `write ${name}('${whole}')`)
}

function invalid(message: string, hint: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', message, { hint })
}
