import { formatHost } from '../../core/util/ip.ts'
import { quote, type Problem } from '../diagnostic.ts'
import { addField, flatten, type Fields } from '../values/headers.ts'
import { matchOfKey, resolveMatch } from './match.ts'
import { resolveProxy, type ProxyContext } from './proxy.ts'
import type { ResolvedAction, ResolvedMatch, ResolvedRoute, RouteOptions } from '../route-types.ts'
import type { CheckedOptions } from '../types.ts'
import type { Checked } from '../value-types.ts'

/** What checking routes needs. */
export interface RouteContext extends ProxyContext {
  /** Slash at both ends. */
  readonly base: string
}

/** Every route of the configuration: those of `proxy`, then those of `routes`. */
export function resolveRoutes(
  { proxy, routes }: Required<Pick<CheckedOptions, 'proxy' | 'routes'>>,
  context: RouteContext,
): readonly ResolvedRoute[] {
  const { base, problems } = context
  const short = Object.entries(proxy).map(([key, value]): ResolvedRoute => {
    const path = ['proxy', key]
    const slip = slipIn(key, value)
    if (slip !== undefined)
      problems.push({
        path,
        message: `${key.includes('@') ? 'the match' : quote(key)} is neither a path nor a host`,
        hint: slip,
      })
    return {
      name: key,
      match: resolveMatch(slip === undefined ? matchOfKey(key) : {}, { base, path, problems }),
      action: { kind: 'proxy', proxy: resolveProxy(value, path, context) },
    }
  })
  // Validation leaves undefined where a route was invalid.
  const long = (routes as readonly (Checked<RouteOptions> | undefined)[]).flatMap((route, i) =>
    route === undefined ? [] : resolveRoute(route, ['routes', String(i)], `routes[${i}]`, context),
  )
  const all = [...short, ...long]
  const names = new Set<string>()
  for (const { name } of all) {
    if (names.has(name))
      problems.push({
        path: ['routes'],
        message: `two routes have the name ${quote(name)}`,
        hint: 'rename one of them',
      })
    names.add(name)
  }
  return all
}

/** The hint for a key of `proxy` that is neither a path nor a host; undefined for a valid key. */
function slipIn(key: string, value: unknown): string | undefined {
  const [, scheme, rest = ''] = /^([a-z0-9]+:\/\/)(?:[^/@]*@)?(.*)$/i.exec(key) ?? []
  if (scheme !== undefined) {
    const isSwapped = typeof value === 'string' && value.startsWith('/')
    return `did you mean ${quote(isSwapped ? `${value}=${scheme}${rest}` : rest)}?`
  }
  if (key === '') return 'use / for everything'
  // A host of one label, as containers have, can be matched in `routes`.
  return /^[a-z0-9-]+$/i.test(key) && key !== 'localhost'
    ? `did you mean ${quote(`/${key}`)}, or ${quote(`${key}.localhost`)}?`
    : undefined
}

/** One entry of `routes`. */
function resolveRoute(
  route: Checked<RouteOptions>,
  path: readonly string[],
  name: string | undefined,
  context: RouteContext,
): ResolvedRoute {
  const match = resolveMatch(route.match, { ...context, path: [...path, 'match'] })
  if (route.name === '') {
    context.problems.push({ path: [...path, 'name'], message: 'the name is empty', hint: 'name it, or leave it out' })
  }
  return {
    name: route.name ?? name ?? routeName(match),
    match,
    action: resolveAction(route, path, context),
  }
}

/** A match, written like a key of `proxy`. */
export function routeName({ host, path, methods }: ResolvedMatch): string {
  const named = host === undefined ? '' : host.startsWith('.') ? `*${host}` : formatHost(host)
  const where = named === '' ? path : path === '/' ? named : named + path
  return methods.length === 0 ? where : `${methods.join(',')} ${where}`
}

function resolveAction(
  { proxy, redirect, reply, status }: Checked<RouteOptions>,
  path: readonly string[],
  context: RouteContext,
): ResolvedAction {
  const { base, problems } = context
  const given = Object.entries({ proxy, redirect, reply }).filter(([, value]) => value !== undefined)
  if (given.length !== 1) {
    const message =
      given.length === 0 ? 'the route has no action' : `the route has both ${given.map(([key]) => key).join(' and ')}`
    problems.push({ path, message, hint: 'give it exactly one of proxy, redirect and reply' })
  }
  if (status !== undefined && redirect === undefined) {
    problems.push({ path: [...path, 'status'], message: 'only a redirect has it', hint: 'write reply: { status }' })
  }
  if (proxy !== undefined) return { kind: 'proxy', proxy: resolveProxy(proxy, [...path, 'proxy'], context) }
  if (redirect !== undefined) {
    return {
      kind: 'redirect',
      to: resolveRedirect(redirect, base, [...path, 'redirect'], problems),
      status: status ?? 307,
    }
  }
  const fields: Fields = new Map()
  for (const [name, value] of Object.entries(reply?.headers ?? {})) {
    addField(fields, name, value, [...path, 'reply', 'headers'], problems)
  }
  return { kind: 'reply', status: reply?.status ?? 200, headers: flatten(fields), body: reply?.body ?? '' }
}

/** A path below the base, or a URL; not `//host`, which looks like a path and is a URL. */
function resolveRedirect(text: string, base: string, path: readonly string[], problems: Problem[]): string {
  const isPath = /^\/(?![/\\])/.test(text)
  const isUrl = /^https?:\/\/[^/\\]/i.test(text)
  const url = URL.canParse(text, 'http://localhost') ? new URL(text, 'http://localhost') : undefined
  if ((!isPath && !isUrl) || url === undefined || /[\\\x00-\x20\x7f]/.test(text) || url.username !== '') {
    const hint = 'use a path such as /new, or a URL such as https://example.test/'
    problems.push({ path, message: `${quote(text)} is neither a path nor a URL`, hint })
    return '/'
  }
  return isUrl ? url.href : base + (url.pathname + url.search + url.hash).slice(1)
}
