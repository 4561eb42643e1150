import { hostWithin, parseHostName } from '../values/host-name.ts'
import { parsePathPrefix } from '../values/paths.ts'
import { isPlainObject, type Checked } from '../plain-object.ts'
import { expected, quote, type Problem } from '../diagnostic.ts'
import { isToken } from '../../http/message/headers.ts'
import type { MatchOptions, ResolvedCondition, ResolvedMatch } from '../match.ts'

/** What checking a match needs. */
interface MatchContext {
  /** Slash at both ends. */
  readonly base: string
  readonly path: readonly string[]
  /** Names of the listeners of the server. */
  readonly listeners: readonly string[]
  readonly problems: Problem[]
}

/** The match of a key of `proxy`: a path, a host, or a host with a path. A path with `*` is a pattern. */
export function matchOfKey(key: string): Checked<MatchOptions> {
  const border = key.indexOf('/')
  const host = border === -1 ? key : key.slice(0, border)
  const path = border === -1 ? '' : key.slice(border)
  const named = host === '' ? {} : { host }
  if (path === '') return named
  return { ...named, [path.includes('*') ? 'pattern' : 'path']: path }
}

/** Checks a match, and adds defaults. */
export function resolveMatch(match: Checked<MatchOptions>, place: MatchContext): ResolvedMatch {
  const { path, problems } = place
  if (!isPlainObject(match))
    problems.push({ path, message: expected('an object of conditions', match), hint: "write match: { path: '/api' }" })
  return {
    ...resolvePath(match, place),
    host: match.host === undefined ? undefined : resolveHost(match.host, place),
    listeners: resolveListeners(match.listener ?? [], place),
    methods: resolveMethods(match.method ?? [], place),
    headers: resolveConditions(match.header, 'header', place, (name) => name.toLowerCase()),
    cookies: resolveConditions(match.cookie, 'cookie', place),
    query: resolveConditions(match.query, 'query', place),
  }
}

function resolvePath(
  match: Checked<MatchOptions>,
  { base, path: at, problems }: MatchContext,
): Pick<ResolvedMatch, 'kind' | 'path'> {
  const given = (['path', 'exact', 'pattern'] as const).filter((key) => match[key] !== undefined)
  const [key = 'path'] = given
  if (given.length > 1) {
    problems.push({
      path: [...at, given[1] ?? ''],
      message: `cannot be combined with ${quote(key)}`,
      hint: 'keep one of them',
    })
  }
  const text = match[key] ?? '/'
  // Paths are compared without parameters (`;v=1`).
  const prefix = text.startsWith('/') && !/;|%3b/i.test(text) ? parsePathPrefix(text) : undefined
  if (prefix === undefined) {
    const hint = text.startsWith('/')
      ? 'use a plain URL path such as /api, without query, parameters, dot segments or doubled slashes'
      : `did you mean ${quote(`/${text}`)}?`
    problems.push({ path: at, message: `${quote(text)} is not a path`, hint })
    return { kind: 'prefix', path: '/' }
  }
  // RFC 8615 section 3: well-known URIs are at the root of an origin, and only there.
  const full = prefix.startsWith('/.well-known/') ? prefix : base + prefix.slice(1)
  if (key === 'path') return { kind: 'prefix', path: full === '/' ? full : full.slice(0, -1) }
  const whole = text.endsWith('/') || full === '/' ? full : full.slice(0, -1)
  if (key === 'exact') return { kind: 'exact', path: whole }
  checkPattern(whole, at, problems)
  return { kind: 'pattern', path: whole }
}

function checkPattern(pattern: string, path: readonly string[], problems: Problem[]): void {
  const segments = pattern.slice(1).split('/')
  segments.forEach((segment, i) => {
    if (!segment.includes('*') || segment === '*') return
    if (segment === '**' && i === segments.length - 1) return
    const message =
      segment === '**' ? '"**" must be the last segment' : `${quote(segment)} mixes * with other characters`
    problems.push({ path, message, hint: 'use * for a whole segment, and ** at the end' })
  })
}

/** The canonical spelling of a host; `.dev.localhost` for every name below one. */
export function resolveHost(text: string, { path, problems }: Pick<MatchContext, 'path' | 'problems'>): string {
  const below = /^\*?\./.exec(text)?.[0]
  const name = parseHostName(text.slice(below?.length ?? 0))
  if (name !== undefined && !(below !== undefined && /[:\d]$/.test(name) && !/[a-z]/.test(name))) {
    return below === undefined ? name : `.${name}`
  }
  const meant = hostWithin(text)
  const hint =
    meant === undefined ? 'use a name such as api.localhost or *.dev.localhost' : `did you mean ${quote(meant)}?`
  problems.push({ path, message: `${quote(text)} is not a host name`, hint })
  return text
}

function resolveListeners(
  listener: string | readonly string[],
  { path, listeners, problems }: MatchContext,
): readonly string[] {
  const names = [...new Set([listener].flat())]
  for (const name of names) {
    if (listeners.includes(name)) continue
    const hint = `use one of ${listeners.map((each) => quote(each)).join(', ')}`
    problems.push({ path: [...path, 'listener'], message: `there is no listener ${quote(name)}`, hint })
  }
  return names
}

function resolveMethods(method: string | readonly string[], { path, problems }: MatchContext): readonly string[] {
  const methods = [...new Set(typeof method === 'string' ? [method] : method)]
  for (const name of methods) {
    if (!isToken(name))
      problems.push({ path, message: `${quote(name)} is not a method`, hint: 'use names such as GET' })
    else if (/^(get|head|post|put|patch|delete|options)$/i.test(name) && name !== name.toUpperCase()) {
      const hint = `did you mean ${quote(name.toUpperCase())}?`
      problems.push({ path, message: `${quote(name)} is in lower case, and methods are case-sensitive`, hint })
    }
  }
  return methods
}

function resolveConditions(
  given: Readonly<Record<string, string | boolean>> | undefined,
  kind: 'header' | 'cookie' | 'query',
  { path, problems }: MatchContext,
  spell: (name: string) => string = (name) => name,
): readonly ResolvedCondition[] {
  const conditions = new Map<string, string | boolean>()
  for (const [name, expected] of Object.entries(given ?? {})) {
    const at = [...path, kind, name]
    const key = spell(name)
    if (kind !== 'query' && !isToken(name)) {
      problems.push({
        path: at,
        message: `${quote(name)} is not the name of a ${kind}`,
        hint: 'use letters, digits and hyphens',
      })
    } else if (conditions.has(key)) {
      problems.push({ path: at, message: `${quote(name)} is given twice`, hint: 'keep one of them; names ignore case' })
    }
    conditions.set(key, expected)
  }
  return [...conditions].toSorted(([a], [b]) => (a < b ? -1 : 1))
}
