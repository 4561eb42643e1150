import type { HeaderList } from '../../http/message/headers.ts'
import { toClientUrl, type UrlMapping } from '../url-rewrite.ts'

/**
 * Maps the URLs in a response's header section to the client's view: `Location` of redirects and of successful responses
 * (registries and job queues send it with 202 and 204), `Content-Location`, `Refresh` and `Application-URL`.
 */
export function rewriteLocation(status: number, headers: HeaderList, mapping: UrlMapping): HeaderList {
  let changed: string[] | undefined
  for (let i = 0; i < headers.length; i += 2) {
    const rewrite = rewriteOf((headers[i] as string).toLowerCase(), status)
    if (rewrite === undefined) continue
    const value = headers[i + 1] as string
    const mapped = rewrite(value, mapping)
    if (mapped === value) continue
    changed ??= [...headers]
    changed[i + 1] = mapped
  }
  return changed ?? headers
}

type Rewrite = (value: string, mapping: UrlMapping) => string

function rewriteOf(name: string, status: number): Rewrite | undefined {
  switch (name) {
    case 'location':
      if (status >= 300 && status <= 399) return rewriteRedirect
      return status >= 200 && status <= 299 ? toClientUrl : undefined
    case 'content-location':
    case 'application-url':
      return toClientUrl
    case 'refresh':
      return rewriteRefresh
    default:
      return undefined
  }
}

/**
 * An application behind plain HTTP may redirect a request to the same URL under HTTPS (`force_ssl` of Rails,
 * `SECURE_SSL_REDIRECT` of Django). That keeps its `https:`: in the client's scheme it would lead back to itself.
 */
function rewriteRedirect(value: string, mapping: UrlMapping): string {
  const { client, upstream, target } = mapping
  const mapped = toClientUrl(value, mapping)
  const isPlain = client.scheme === 'http' && upstream.scheme === 'http'
  const leadsBack = isPlain && /^https:/i.test(value) && mapped === `http://${client.authority}${target}`
  return leadsBack ? mapped.replace('http', 'https') : mapped
}

/** Everything before the URL. No two parts match the same blanks, so that matching takes linear time. */
const refreshStart = /^[\d.]*(?:\s*[;,])?\s*url\s*=\s*/i

/** `5; url=…`, with or without quotes around the URL (HTML section 4.2.5.3). */
function rewriteRefresh(value: string, mapping: UrlMapping): string {
  const [start] = refreshStart.exec(value) ?? []
  if (start === undefined) return value
  const url = value.slice(start.length).trimEnd()
  const quote = url.charAt(0)
  const isQuoted = (quote === '"' || quote === "'") && url.length > 1 && url.endsWith(quote)
  if (!isQuoted) return start + toClientUrl(url, mapping)
  return `${start}${quote}${toClientUrl(url.slice(1, -1), mapping)}${quote}`
}
