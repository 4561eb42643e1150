import type { HeaderList } from '../../http/message/headers.ts'
import { toClientUrl, type UrlMapping } from '../url-rewrite.ts'

/**
 * Leads redirects and other references of a reply's header section back through the route: `Location` of every
 * redirect and of what succeeds, since registries and job queues answer 202 and 204 with one too, `Content-Location`,
 * `Refresh`, and `Application-URL`.
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
      return status >= 200 && status <= 399 ? toClientUrl : undefined
    case 'content-location':
    case 'application-url':
      return toClientUrl
    case 'refresh':
      return rewriteRefresh
    default:
      return undefined
  }
}

/** Up to the URL. No two parts of it can take the same blanks: a backend may send a great many. */
const refreshStart = /^[\d.]*(?:\s*[;,])?\s*url\s*=\s*/i

/** `5; url=…`, with or without quotes (HTML section 4.2.5.3). */
function rewriteRefresh(value: string, mapping: UrlMapping): string {
  const [start] = refreshStart.exec(value) ?? []
  if (start === undefined) return value
  const url = value.slice(start.length).trimEnd()
  const quote = url.charAt(0)
  const isQuoted = (quote === '"' || quote === "'") && url.length > 1 && url.endsWith(quote)
  if (!isQuoted) return start + toClientUrl(url, mapping)
  return `${start}${quote}${toClientUrl(url.slice(1, -1), mapping)}${quote}`
}
