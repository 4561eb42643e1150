import { quote } from '../config/diagnostic.ts'
import { ServeError } from '../core/serve-error.ts'

/**
 * The request that the arguments of `fetch()` stand for.
 *
 * @throws ServeError `E8008_CONFIG_INVALID` for something that is no whole URL.
 */
export function toRequest(name: string, input: string | URL | Request, init: RequestInit | undefined): Request {
  if (input instanceof Request) return init === undefined ? input : new Request(input, init)
  const url = String(input)
  if (URL.canParse(url)) return new Request(url, init)
  const origin = 'http://localhost/'
  const whole = typeof input === 'string' && URL.canParse(url, origin) ? new URL(url, origin).href : origin
  throw new ServeError('E8008_CONFIG_INVALID', `${name}() takes a whole URL, and ${quote(input)} is none.`, {
    hint: `write ${name}('${whole}')`,
  })
}
