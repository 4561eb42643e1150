import type { HeaderRule } from '../config/value-types.ts'
import { normalizePath } from '../http/message/request-target.ts'
import type { Filter } from '../http/message/exchange.ts'
import { withoutFields, type HeaderList } from '../http/message/headers.ts'
import { type Reply, memoizeReply } from '../http/message/reply.ts'
import { fieldNames, generalFields } from './representation-fields.ts'

interface CompiledRule {
  /** Path prefix without a final slash. */
  readonly prefix: string
  readonly apply: (reply: Reply) => Reply
}

/**
 * Sets the configured fields on replies below a path. They replace fields of the same name, and a rule for a longer
 * path replaces fields of a shorter one. A prefix ends at a slash: `/assets` does not match `/assets2`.
 *
 * It runs before compression, preconditions and ranges: these obey a `Content-Type` or `no-transform` that is set here, and a 304
 * or a multipart reply does not get the fields of a whole file.
 */
export function createResponseHeaders(rules: readonly HeaderRule[]): Filter {
  const byPrefix = new Map<string, string[]>()
  for (const { path, headers } of rules) {
    const prefix = withoutFinalSlash(normalizePath(path))
    byPrefix.set(prefix, override(byPrefix.get(prefix) ?? [], headers))
  }
  // All rules that match a path are prefixes of the longest one, so each rule includes the fields of its prefixes.
  const compiled: CompiledRule[] = []
  const merged: { readonly prefix: string; readonly headers: HeaderList }[] = []
  for (const [prefix, own] of [...byPrefix].toSorted(([a], [b]) => a.length - b.length)) {
    const parent = merged.findLast((rule) => isUnder(prefix, rule.prefix))
    const headers = override(parent?.headers ?? [], own)
    merged.push({ prefix, headers })
    compiled.unshift({ prefix, apply: memoizeReply(setFields(headers)) })
  }

  return (reply, x) => {
    const path = normalizePath(x.target.path)
    for (const { prefix, apply } of compiled) if (isUnder(path, prefix)) return apply(reply)
    return reply
  }
}

/**
 * Errors and redirects do not get `Cache-Control` and other fields of a representation: caches would keep a 404, and
 * `Content-Type` would be wrong for its page.
 */
function setFields(headers: HeaderList): (reply: Reply) => Reply {
  const general = generalFields(headers)
  return (reply) => ({ ...reply, headers: override(reply.headers, reply.status < 300 ? headers : general) })
}

function isUnder(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 47)
}

function withoutFinalSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

function override(list: HeaderList, fields: HeaderList): string[] {
  return [...withoutFields(list, fieldNames(fields)), ...fields]
}
