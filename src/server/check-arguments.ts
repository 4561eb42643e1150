import { quote } from '../config/diagnostic.ts'
import { redactUrl } from '../core/util/secret.ts'
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

/** What a recording keeps is the same for all recordings of a server. */
export function refuseRecordArguments([first]: readonly unknown[]): void {
  if (first === undefined) return
  throw invalid(
    `record() takes no arguments, and got ${quote(first)}.`,
    'limits bound it: write createServer({ limits: { recordedContentBytes: 1024 } })',
  )
}

/**
 * Makes a request of the arguments of `fetch()` or `tryFetch()`.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for a URL without a scheme and a host, or of another scheme than http and https.
 */
export function toRequest(name: string, input: string | URL | Request, init: RequestInit | undefined): Request {
  const url = input instanceof Request ? input.url : String(input)
  if (/^https?:/i.test(url) && URL.canParse(url)) {
    return input instanceof Request && init === undefined ? input : new Request(input, init)
  }
  const origin = 'http://localhost/'
  const isWhole = URL.canParse(url)
  // `ftp://host/` and `localhost:8008/`
  const meant = isWhole ? url.replace(/^[a-z][a-z0-9+.-]*:\/\/(?=[^/])|^(?=[\w.-]+:\d)/i, 'http://') : url
  const isNear = typeof input === 'string' || isWhole
  const whole = isNear && URL.canParse(meant, origin) ? new URL(meant, origin).href : origin
  const hint = `write ${name}('${whole.startsWith('http') ? redactUrl(whole) : origin}')`
  throw invalid(
    `${name}() takes ${isWhole ? 'an http or https' : 'a whole'} URL, and got ${quote(isWhole ? url : input)}.`,
    hint,
  )
}

function invalid(message: string, hint: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', message, { hint })
}
