import type { ShownExchange } from './exchange.ts'

/** FieldPairs that clients make themselves. */
const own = /^(?:host|connection|content-length|transfer-encoding|accept-encoding|keep-alive|upgrade)$/i
/** FieldPairs that pages may not set (Fetch, "forbidden request-header"). */
const forbidden = /^(?:cookie|origin|referer|user-agent|accept-charset|date|dnt|te|trailer|via)$|^(?:sec|proxy)-/i

function urlOf({ tls, host, target }: ShownExchange): string {
  return `${tls ? 'https' : 'http'}://${host}${target}`
}

/** The request as a command of a shell; control characters are written as bash and zsh know them. Secrets are placeholders, as everywhere here. */
export function asCurl(exchange: ShownExchange): string {
  const { method, requestHeaders, requestContent } = exchange
  const words = ['curl', '--globoff', '--path-as-is', quoted(urlOf(exchange))]
  const content = requestContent?.text
  if (method === 'HEAD') words.push('--head')
  else if (method !== (content === undefined ? 'GET' : 'POST')) words.push('-X', quoted(method))
  for (const [name, value] of requestHeaders) {
    if (!own.test(name)) words.push('-H', quoted(`${name}: ${value}`))
  }
  if (content !== undefined && content !== '') words.push('--data-raw', quoted(content))
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

/** A terminal takes a control character that is pasted: it may end the paste, and the rest then runs as commands. */
const control = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g

function quoted(text: string): string {
  if (text.search(control) !== -1) {
    const escaped = text
      .replace(/[\\']/g, String.raw`\$&`)
      .replace(control, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    return `$'${escaped}'`
  }
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
