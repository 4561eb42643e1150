import { formatHost } from '../../core/util/ip.ts'
import { kindNames, kinds, type ResolvedAction } from '../kinds/registry.ts'
import type { KindContext } from '../kinds/kind.ts'
import { quote } from '../diagnostic.ts'
import { matchOfKey, resolveMatch } from './match.ts'
import type { ResolvedMatch, ResolvedRoute, RouteOptions } from '../route-types.ts'
import type { CheckedOptions } from '../types.ts'
import { resolveProxy } from './proxy.ts'
import type { Checked } from '../plain-object.ts'

/** Every route of the configuration: those of `proxy`, then those of `routes`. */
export function resolveRoutes(
  { proxy, routes }: Required<Pick<CheckedOptions, 'proxy' | 'routes'>>,
  context: KindContext,
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
  context: KindContext,
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

function resolveAction(route: Checked<RouteOptions>, path: readonly string[], context: KindContext): ResolvedAction {
  const { problems } = context
  const isGiven = (key: string): boolean => route[key as keyof RouteOptions] !== undefined
  const given = kindNames.filter(isGiven)
  const [name = 'reply'] = given
  if (given.length !== 1) {
    const message = given.length === 0 ? 'the route has no action' : `the route has both ${given.join(' and ')}`
    const all = `${kindNames.slice(0, -1).join(', ')} and ${kindNames.at(-1)}`
    problems.push({ path, message, hint: `give it exactly one of ${all}` })
  }
  for (const other of kindNames) {
    for (const [key, hint = ''] of Object.entries(kinds[other].otherwise ?? {})) {
      if (isGiven(key) && !given.includes(other))
        problems.push({ path: [...path, key], message: `only a ${other} has it`, hint })
    }
  }
  return kinds[name].resolve(route, path, context)
}
