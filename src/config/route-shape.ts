import type * as v from 'valibot'
import { nearest, quote, type Problem } from './problem.ts'

/** The keys of each object within `proxy` and `routes`, by the key that holds it. */
const known: Readonly<Record<string, readonly string[]>> = {
  route: ['name', 'match', 'proxy', 'redirect', 'reply', 'status'],
  match: ['path', 'exact', 'pattern', 'host', 'method', 'header', 'cookie', 'query'],
  proxy: [
    ...['to', 'balance', 'hashBy', 'changeOrigin', 'headers', 'replyHeaders', 'rewrite', 'live', 'debug', 'retries'],
    ...['hold', 'timeouts', 'health', 'tls'],
  ],
  timeouts: ['connectMs', 'headersMs', 'bodyIdleMs', 'totalMs', 'upgradeMs'],
  health: ['path', 'intervalMs', 'timeoutMs'],
  tls: ['verify', 'ca', 'servername', 'cert', 'key'],
  reply: ['status', 'headers', 'body'],
}

/** What is wrong with the shape of a route, told of the innermost place. */
export function routeShapeProblem(issue: v.BaseIssue<unknown>): Problem {
  const { path, issue: inner } = innermost(issue, keysOf(issue))
  const key = path.at(-1) ?? ''
  const holder = holderOf(path)
  const keys = known[holder] ?? []
  if (inner.type === 'strict_object' && inner.expected === 'never') {
    const meant = nearest(key, keys)
    const fix = meant === undefined ? `use ${keys.join(', ')}` : `did you mean ${quote(meant)}?`
    return { path, fault: 'there is no such key', fix }
  }
  if (inner.type === 'strict_object' && inner.received === 'undefined' && keys.includes(key)) {
    return { path: path.slice(0, -1), fault: `${quote(key)} is missing`, fix: `add ${quote(key)}` }
  }
  // A target may hold a password that has no place there.
  const found = typeof inner.input === 'string' && inner.input.includes('@') ? 'the value' : quote(inner.input)
  return { path, fault: `${found} is not ${inner.message}`, fix: `use ${inner.message}` }
}

function innermost(
  issue: v.BaseIssue<unknown>,
  path: readonly string[],
): { readonly path: readonly string[]; readonly issue: v.BaseIssue<unknown> } {
  const within = issue.issues?.find((candidate) => candidate.path !== undefined)
  return within === undefined ? { path, issue } : innermost(within, [...path, ...keysOf(within)])
}

function keysOf(issue: v.BaseIssue<unknown>): string[] {
  return (issue.path ?? []).map((item) => String(item.key))
}

/** Which kind of object the last key of a path stands in. */
function holderOf(path: readonly string[]): string {
  if (path[0] === 'proxy') return path.length === 3 ? 'proxy' : (path.at(-2) ?? '')
  return path.length === 3 ? 'route' : (path.at(-2) ?? '')
}
