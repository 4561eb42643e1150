import type { HeaderRule } from '../config/types.ts'
import { normalizePath } from '../http/message/request-target.ts'
import type { Filter } from '../http/message/exchange.ts'
import type { HeaderList } from '../http/message/headers.ts'
import { type Reply, memoizeReply } from '../http/message/reply.ts'
import { fieldNames, generalFields, withoutFields } from './representation-fields.ts'

interface CompiledRule {
  /** Path prefix without a slash at its end. */
  readonly prefix: string
  readonly apply: (reply: Reply) => Reply
}

/**
 * Sets the user's fields on the replies under a path. They replace ours of the same name, whatever its
 * case; a rule for a longer path replaces what a shorter one says. A prefix ends at a slash: `/assets` is
 * not about `/assets2`.
 *
 * It runs before compression and selection, so that a `Content-Type` or `no-transform` set here is what
 * they go by, and a 304 or a multipart reply is not given the fields of a whole file.
 */
export function createResponseHeaders(rules: readonly HeaderRule[]): Filter {
  const byPrefix = new Map<string, string[]>()
  for (const { path, headers } of rules) {
    const prefix = withoutFinalSlash(normalizePath(path))
    byPrefix.set(prefix, override(byPrefix.get(prefix) ?? [], headers))
  }
  // Every rule that holds for a path is a prefix of the longest one, so each carries its ancestors' fields.
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
 * A `Cache-Control` or `Content-Type` meant for the files under a path would keep their 404 in caches and
 * mislabel its page, so errors and redirects get the other fields only.
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
