import type * as v from 'valibot'
import { nearest, quote, type Problem } from './problem.ts'

/** The keys of each object within `proxy` and `routes`, by the key that holds it. */
const known: Readonly<Record<string, readonly string[]>> = {
  route: ['name', 'match', 'proxy', 'redirect', 'reply', 'status'],
  match: ['path', 'exact', 'pattern', 'host', 'method', 'header', 'cookie', 'query'],
  proxy: [
    ...['to', 'balance', 'hashBy', 'changeOrigin', 'headers', 'passHeaders', 'replyHeaders'],
    ...['buffer', 'rewrite', 'live', 'debug', 'retries', 'hold', 'timeouts', 'health', 'tls'],
  ],
  timeouts: ['connectMs', 'headersMs', 'bodyIdleMs', 'totalMs', 'upgradeMs'],
  health: ['path', 'intervalMs', 'timeoutMs'],
  tls: ['verify', 'ca', 'servername', 'cert', 'key'],
  reply: ['status', 'headers', 'body'],
}

/** What other proxies call it, and what to do here. */
const foreign: Readonly<Record<string, string>> = {
  target: 'did you mean "to"?',
  upstream: 'did you mean "to"?',
  secure: 'did you mean tls: { verify: false }?',
  ws: 'leave it out: WebSockets go through every route',
  pathRewrite: 'a target with a path, such as http://localhost:3000/v1, puts it in the place of the matched one',
  bypass: 'add a route that says more in its match',
}

/** What is wrong with the shape of a route, told of the innermost places. */
export function routeShapeProblems(issue: v.BaseIssue<unknown>): Problem[] {
  return innermost(issue, keysOf(issue)).map(shapeProblem)
}

interface Place {
  readonly path: readonly string[]
  readonly issue: v.BaseIssue<unknown>
}

function shapeProblem({ path, issue: inner }: Place): Problem {
  const key = path.at(-1) ?? ''
  const holder = holderOf(path)
  const keys = known[holder] ?? []
  if (inner.type === 'strict_object' && inner.expected === 'never') {
    const meant = nearest(key, keys)
    const known = meant === undefined ? `use ${keys.join(', ')}` : `did you mean ${quote(meant)}?`
    const fix = holder === 'proxy' && Object.hasOwn(foreign, key) ? (foreign[key] as string) : known
    return { path, fault: 'there is no such key', fix }
  }
  if (inner.type === 'strict_object' && inner.received === 'undefined' && keys.includes(key)) {
    return { path: path.slice(0, -1), fault: `${quote(key)} is missing`, fix: `add ${quote(key)}` }
  }
  // A target may hold a password that has no place there.
  const found = typeof inner.input === 'string' && inner.input.includes('@') ? 'the value' : quote(inner.input)
  return { path, fault: `${found} is not ${inner.message}`, fix: `use ${inner.message}` }
}

/** Of what may be several things, that is wrong which has something wrong within. */
function innermost(issue: v.BaseIssue<unknown>, path: readonly string[]): Place[] {
  const within = issue.issues?.filter((candidate) => candidate.path !== undefined) ?? []
  return within.length === 0 ? [{ path, issue }] : within.flatMap((each) => innermost(each, [...path, ...keysOf(each)]))
}

function keysOf(issue: v.BaseIssue<unknown>): string[] {
  return (issue.path ?? []).map((item) => String(item.key))
}

/** Which kind of object the last key of a path stands in. */
function holderOf(path: readonly string[]): string {
  if (path[0] === 'proxy') return path.length === 3 ? 'proxy' : (path.at(-2) ?? '')
  return path.length === 3 ? 'route' : (path.at(-2) ?? '')
}
