import type { ShownExchange } from './exchange.ts'

/** FieldPairs that clients make themselves. */
const own = /^(?:host|connection|content-length|transfer-encoding|accept-encoding|keep-alive|upgrade)$/i
/** FieldPairs that pages may not set (Fetch, "forbidden request-header"). */
const forbidden = /^(?:cookie|origin|referer|user-agent|accept-charset|date|dnt|te|trailer|via)$|^(?:sec|proxy)-/i

function urlOf({ tls, host, target }: ShownExchange): string {
  return `${tls ? 'https' : 'http'}://${host}${target}`
}

/** The request as a command of a POSIX shell. Secrets are placeholders, as everywhere here. */
export function asCurl(exchange: ShownExchange): string {
  const { method, requestHeaders, requestContent } = exchange
  const words = ['curl', quoted(urlOf(exchange))]
  const content = requestContent?.text
  if (method === 'HEAD') words.push('--head')
  else if (method !== (content === undefined ? 'GET' : 'POST')) words.push('-X', quoted(method))
  for (const [name, value] of requestHeaders) {
    if (!own.test(name)) words.push('-H', quoted(`${name}: ${value}`))
  }
  if (content !== undefined && content !== '') words.push('--data-binary', quoted(content))
  return words.join(' ')
}

/** The request as an expression of JavaScript. */
export function asFetch(exchange: ShownExchange): string {
  const { method, requestHeaders, requestContent } = exchange
  const headers = requestHeaders.filter(([name]) => !own.test(name) && !forbidden.test(name))
  const content = requestContent?.text
  const options = {
    ...(method === 'GET' ? {} : { method }),
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    ...(content === undefined || content === '' ? {} : { body: content }),
  }
  const rest = Object.keys(options).length === 0 ? '' : `, ${JSON.stringify(options, null, 2)}`
  return `await fetch(${JSON.stringify(urlOf(exchange))}${rest})`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
